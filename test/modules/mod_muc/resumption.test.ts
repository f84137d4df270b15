/** What goes on after an asynchronous handler goes on in a room that may have changed meanwhile. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { FaultyDisk } from "../../../core/testing/storage-faults.js";
import {
  administering,
  briefly,
  configuring,
  create,
  hook,
  join,
  joining,
  liveRoomOf,
  person,
  roomOf,
  saying,
  SERVICE,
  settled,
  startRooms,
} from "../../support/room-engine.js";

const OWNER = "http://jabber.org/protocol/muc#owner";

/** A verdict that comes when the test lets it come. */
function gate(): { readonly opened: Promise<undefined>; open(): void } {
  let open!: () => void;
  const opened = new Promise<undefined>((resolve) => {
    open = () => {
      resolve(undefined);
    };
  });
  return { opened, open };
}

test("what a sender sent while the room was writing waits behind the one of it that is parked then", async () => {
  const disk = new FaultyDisk();
  const storage = await disk.open();
  await using service = await startRooms({ storage });
  const ada = person(service, "ada");
  const ben = person(service, "ben");
  create(ada, "r", "Ada", { persistentroom: "1" });
  await settled(service);
  join(ben, "r", "Ben");
  ada.inbox.takeAll();
  const { opened, open } = gate();
  hook(service, "muc-occupant-groupchat", ({ stanza }) => (stanza.attrs["id"] === "slow" ? opened : undefined), 60);

  using held = disk.holdSyncedCommits();
  ada.send(configuring("r", { roomname: "Attic" }));
  await held.arrived();
  for (const body of ["slow", "second", "third"]) ben.send(saying("r", body));
  ada.send(saying("r", "hello"));
  held.release();
  await settled(service);
  ben.send(saying("r", "fourth"));
  assert.deepEqual(briefly(ben), ["message groupchat 104", "message groupchat Ada hello"]);
  open();
  await settled(service);
  const all = ["slow", "second", "third", "fourth"].map((body) => `message groupchat Ben ${body}`);
  assert.deepEqual(briefly(ben), all);
  assert.ok(liveRoomOf(service, "r").steps.isIdle);
});

test("a join that resumes enters with the role that is due then", async () => {
  await using service = await startRooms();
  const ada = person(service, "ada");
  create(ada, "r", "Ada");
  const { opened, open } = gate();
  hook(service, "muc-occupant-pre-join", ({ isNewRoom }) => (isNewRoom ? undefined : opened));
  const ben = person(service, "ben");
  const cy = person(service, "cy");
  ben.send(joining("r", "Ben"));
  cy.send(joining("r", "Cy"));
  ada.send(administering("r", `<item affiliation="admin" jid="ben@users.example"/>`));
  ada.send(configuring("r", { moderatedroom: "1" }));
  open();
  await settled(service);
  assert.equal(roomOf(service, "r").getRole(`r@${SERVICE}/Ben`), "moderator");
  assert.equal(roomOf(service, "r").getRole(`r@${SERVICE}/Cy`), "visitor");
});

test("presence that resumes does not bring back a role that was taken meanwhile", async () => {
  await using service = await startRooms();
  const ada = person(service, "ada");
  const ben = person(service, "ben");
  create(ada, "r", "Ada");
  join(ben, "r", "Ben");
  const { opened, open } = gate();
  hook(service, "muc-occupant-pre-change", () => opened);
  ben.send(`<presence to="r@${SERVICE}/Ben"><show>away</show></presence>`);
  ada.send(administering("r", `<item nick="Ben" role="visitor"/>`));
  open();
  await settled(service);
  assert.equal(roomOf(service, "r").getRole(`r@${SERVICE}/Ben`), "visitor");
});

test("a change of affiliation that resumes and cannot be written is refused, and has not happened", async () => {
  const disk = new FaultyDisk();
  const storage = await disk.open();
  await using service = await startRooms({ storage });
  const ada = person(service, "ada");
  const ben = person(service, "ben");
  create(ada, "r", "Ada", { persistentroom: "1" });
  await settled(service);
  join(ben, "r", "Ben");
  ada.inbox.takeAll();
  hook(service, "muc-pre-set-affiliation", () => Promise.resolve(undefined));
  disk.failSyncedCommits();
  ada.send(administering("r", `<item affiliation="outcast" jid="ben@users.example"/>`));
  await settled(service);
  await settled(service);
  assert.deepEqual(briefly(ada), ["iq internal-server-error"]);
  assert.deepEqual(briefly(ben), []);
  assert.equal(roomOf(service, "r").getRole(`r@${SERVICE}/Ben`), "participant");
  assert.equal(roomOf(service, "r").getAffiliation("ben@users.example"), "none");
});

test("of several changes in one request, the last of which is refused after a while, none is made", async () => {
  await using service = await startRooms();
  const ada = person(service, "ada");
  const ben = person(service, "ben");
  create(ada, "r", "Ada");
  join(ben, "r", "Ben");
  ada.inbox.takeAll();
  hook(service, "muc-pre-set-affiliation", () => Promise.resolve(undefined));
  const items = [`<item affiliation="member" jid="ben@users.example"/>`, `<item nick="Nobody" role="none"/>`];
  ada.send(administering("r", items.join("")));
  await settled(service);
  assert.deepEqual(briefly(ada), ["iq item-not-found"]);
  assert.deepEqual(briefly(ben), []);
  assert.equal(roomOf(service, "r").getAffiliation("ben@users.example"), "none");
});

test("two owners who step down with one request are not let go by a slow handler", async () => {
  await using service = await startRooms();
  const ada = person(service, "ada");
  create(ada, "r", "Ada");
  ada.send(administering("r", `<item affiliation="owner" jid="ben@users.example"/>`));
  ada.inbox.takeAll();
  hook(service, "muc-pre-set-affiliation", () => Promise.resolve(undefined));
  const items = ["ben", "ada"].map((name) => `<item affiliation="none" jid="${name}@users.example"/>`);
  ada.send(administering("r", items.join("")));
  await settled(service);
  assert.deepEqual(briefly(ada), ["iq conflict"]);
  assert.deepEqual(
    roomOf(service, "r")
      .eachAffiliation("owner")
      .map(([jid]) => jid),
    ["ada@users.example", "ben@users.example"],
  );
});

test("what was parked when its room was destroyed is refused", async () => {
  await using service = await startRooms();
  const ada = person(service, "ada");
  const ben = person(service, "ben");
  create(ada, "r", "Ada");
  join(ben, "r", "Ben");
  const { opened, open } = gate();
  hook(service, "muc-pre-set-affiliation", ({ affiliation }) => (affiliation === "member" ? opened : undefined));
  hook(service, "muc-occupant-groupchat", () => opened);
  ada.send(administering("r", `<item affiliation="member" jid="ben@users.example"/>`));
  ben.send(saying("r", "too late"));
  const other = person(service, "ada", "other");
  other.send(`<iq type="set" id="d" to="r@${SERVICE}"><query xmlns="${OWNER}"><destroy/></query></iq>`);
  assert.deepEqual(briefly(other), ["iq result"]);
  for (const client of [ada, ben]) client.inbox.takeAll();
  open();
  await settled(service);
  assert.deepEqual(briefly(ada), ["iq item-not-found"]);
  assert.deepEqual(briefly(ben), ["message item-not-found"]);
});

test("a room that is destroyed after a handler took its time is destroyed once, and both are told", async () => {
  await using service = await startRooms();
  const ada = person(service, "ada");
  create(ada, "r", "Ada");
  hook(service, "muc-pre-room-destroy", () => Promise.resolve(undefined));
  ada.send(`<iq type="set" id="d" to="r@${SERVICE}"><query xmlns="${OWNER}"><destroy/></query></iq>`);
  await settled(service);
  assert.deepEqual(briefly(ada), ["presence unavailable Ada 110", "iq result"]);
});

test("what handlers do after an asynchronous one is one step: a subject that cannot be written is not told", async () => {
  const disk = new FaultyDisk();
  const storage = await disk.open();
  await using service = await startRooms({ storage });
  const ada = person(service, "ada");
  const ben = person(service, "ben");
  create(ada, "r", "Ada", { persistentroom: "1" });
  await settled(service);
  join(ben, "r", "Ben");
  ada.inbox.takeAll();
  // Before the subject is set (20).
  hook(service, "muc-occupant-groupchat", () => Promise.resolve(undefined), 30);
  disk.failSyncedCommits();
  ada.send(`<message type="groupchat" to="r@${SERVICE}"><subject>Beams</subject></message>`);
  await settled(service);
  await settled(service);
  assert.deepEqual(briefly(ben), []);
  assert.deepEqual(briefly(ada), ["message internal-server-error"]);
  assert.equal(roomOf(service, "r").getSubject()[1], undefined);
});
