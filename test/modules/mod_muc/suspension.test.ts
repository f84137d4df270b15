/** A handler that takes its time delays whom it decides about, and nobody else. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { StanzaError } from "../../../core/xmpp/stanza-error.js";
import type { TestService } from "../../../core/testing/service.js";
import { FakeClock } from "../../../core/testing/fake-clock.js";
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
  mucOf,
  person,
  saying,
  SERVICE,
  settled,
  startRooms,
} from "../../support/room-engine.js";

/** Joins wait until somebody decides about them, by nick. */
function holdJoins(service: TestService): Map<string, (verdict?: StanzaError) => void> {
  const waiting = new Map<string, (verdict?: StanzaError) => void>();
  hook(service, "muc-occupant-pre-join", ({ occupant, isNewRoom }) => {
    const nick = occupant.nick.split("/")[1] ?? "";
    if (isNewRoom && nick !== "Slow") return undefined;
    return new Promise<StanzaError | undefined>((resolve) => waiting.set(nick, resolve));
  });
  return waiting;
}

test("with a join that is never decided, everybody else talks on", async () => {
  const clock = new FakeClock();
  await using service = await startRooms({ clock });
  const ada = person(service, "ada");
  const ben = person(service, "ben");
  create(ada, "r", "Ada");
  const waiting = holdJoins(service);
  ben.send(joining("r", "Ben"));
  ben.send(saying("r", "am I in?"));
  ada.send(saying("r", "hello"));
  assert.deepEqual(briefly(ada), ["message groupchat Ada hello"]);
  assert.deepEqual(briefly(ben), [], "his message waits behind his join");

  const cy = person(service, "cy");
  cy.send(joining("r", "Cy"));
  waiting.get("Cy")?.();
  await settled(service);
  assert.deepEqual(briefly(cy), [
    "presence Ada",
    "presence Cy 110",
    "message groupchat Ada hello",
    "message groupchat",
  ]);
  assert.deepEqual(briefly(ada), ["presence Cy"]);

  clock.advanceSeconds(5);
  await settled(service);
  assert.deepEqual(briefly(ben), ["presence resource-constraint Ben", "message not-acceptable"]);
  assert.deepEqual(briefly(ada), []);
});

test("stanzas of one sender keep their order behind a parked one", async () => {
  await using service = await startRooms();
  const ada = person(service, "ada");
  const ben = person(service, "ben");
  create(ada, "r", "Ada");
  const waiting = holdJoins(service);
  ben.send(joining("r", "Ben"));
  for (const body of ["1", "2", "3"]) ben.send(saying("r", body));
  ben.send(`<presence type="unavailable" to="r@${SERVICE}/Ben"/>`);
  waiting.get("Ben")?.();
  await settled(service);
  const said = ["1", "2", "3"].map((body) => `message groupchat Ben ${body}`);
  assert.deepEqual(briefly(ada), ["presence Ben", ...said, "presence unavailable Ben"]);
  assert.equal(liveRoomOf(service, "r").steps.isIdle, true);
});

/** What changes while Ben waits to be let in, and what he is told then. */
const MEANWHILE: Readonly<Record<string, readonly [stanza: string, answer: string]>> = {
  banned: [administering("r", `<item affiliation="outcast" jid="ben@users.example"/>`), "presence forbidden Ben"],
  "members only": [configuring("r", { membersonly: "1" }), "presence registration-required Ben"],
  "a password": [configuring("r", { roomsecret: "sesame" }), "presence not-authorized Ben"],
  destroyed: [
    `<iq type="set" id="d" to="r@${SERVICE}"><query xmlns="http://jabber.org/protocol/muc#owner"><destroy/></query></iq>`,
    "presence item-not-found Ben",
  ],
};

for (const [what, [stanza, answer]] of Object.entries(MEANWHILE)) {
  test(`the room is asked again when a join resumes: ${what}`, async () => {
    await using service = await startRooms();
    const ada = person(service, "ada");
    const ben = person(service, "ben");
    create(ada, "r", "Ada");
    const waiting = holdJoins(service);
    ben.send(joining("r", "Ben"));
    ada.send(stanza);
    ada.inbox.takeAll();
    waiting.get("Ben")?.();
    await settled(service);
    assert.deepEqual(briefly(ben), [answer]);
    assert.deepEqual(briefly(ada), []);
  });
}

test("a nick that was taken while a join waited is a conflict", async () => {
  await using service = await startRooms();
  const ada = person(service, "ada");
  const ben = person(service, "ben");
  create(ada, "r", "Ada");
  const waiting = holdJoins(service);
  ben.send(joining("r", "Ben"));
  const first = waiting.get("Ben");
  const cy = person(service, "cy");
  cy.send(joining("r", "Ben"));
  waiting.get("Ben")?.();
  await settled(service);
  first?.();
  await settled(service);
  assert.deepEqual(briefly(ben), ["presence conflict Ben"]);
  assert.equal(briefly(cy)[1], "presence Ben 110");
});

test("a refusal after a while is sent once, and a room that was being created is not there", async () => {
  await using service = await startRooms();
  const ada = person(service, "ada");
  const ben = person(service, "ben");
  const waiting = holdJoins(service);
  ada.send(joining("new", "Slow"));
  ben.send(joining("new", "Ben"));
  assert.deepEqual([briefly(ada), briefly(ben)], [[], []], "nobody knows yet whether there is a room");
  waiting.get("Slow")?.(new StanzaError({ type: "cancel", condition: "not-allowed" }));
  await settled(service);
  assert.deepEqual(briefly(ada), ["presence not-allowed Slow"]);
  assert.deepEqual(briefly(ben), ["presence Ben 201 110", "message groupchat"], "the next one creates it");
  assert.equal(mucOf(service).liveRooms().length, 1);
});

test("64 stanzas of a room may wait; the next one is refused", async () => {
  await using service = await startRooms();
  const ada = person(service, "ada");
  create(ada, "r", "Ada");
  const waiting = holdJoins(service);
  const others = Array.from({ length: 65 }, (_, i) => person(service, `p${i}`));
  for (const [i, other] of others.entries()) other.send(joining("r", `P${i}`));
  assert.deepEqual(others.map((other) => briefly(other)[0]).filter(Boolean), ["presence resource-constraint P64"]);
  for (const decide of waiting.values()) decide();
  await settled(service);
  assert.equal(liveRoomOf(service, "r").occupantCount, 65);
  assert.equal(briefly(ada).length, 64);
});

test("a message whose sender was removed while it waited is not sent", async () => {
  await using service = await startRooms();
  const ada = person(service, "ada");
  const ben = person(service, "ben");
  create(ada, "r", "Ada");
  join(ben, "r", "Ben");
  ada.inbox.takeAll();
  let decide: (() => void) | undefined;
  hook(service, "muc-occupant-groupchat", ({ from }) => {
    if (!from.startsWith("ben")) return undefined;
    return new Promise<undefined>((resolve) => {
      decide = () => {
        resolve(undefined);
      };
    });
  });
  ben.send(saying("r", "late"));
  ada.send(administering("r", `<item role="none" nick="Ben"/>`));
  assert.deepEqual(briefly(ada), ["presence unavailable Ben 307", "iq result"]);
  decide?.();
  await settled(service);
  assert.deepEqual(briefly(ada), []);
  assert.deepEqual(briefly(ben), ["presence unavailable Ben 307 110", "message not-acceptable"]);
});

test("an asynchronous refusal of a kick and of an affiliation changes nothing", async () => {
  await using service = await startRooms();
  const ada = person(service, "ada");
  const ben = person(service, "ben");
  create(ada, "r", "Ada");
  join(ben, "r", "Ben");
  ada.inbox.takeAll();
  const refusal = new StanzaError({ type: "auth", condition: "policy-violation" });
  hook(service, "muc-pre-set-role", () => Promise.resolve(refusal));
  hook(service, "muc-pre-set-affiliation", () => Promise.resolve(refusal));
  ada.send(administering("r", `<item role="none" nick="Ben"/>`, "a"));
  ada.send(administering("r", `<item affiliation="outcast" jid="ben@users.example"/>`, "b"));
  await settled(service);
  assert.deepEqual(briefly(ada), ["iq policy-violation", "iq policy-violation"]);
  assert.deepEqual(briefly(ben), []);
  assert.equal(liveRoomOf(service, "r").getAffiliation("ben@users.example"), "none");
});

test("a handler that throws refuses with internal-server-error, and the room lives on", async () => {
  await using service = await startRooms();
  const ada = person(service, "ada");
  create(ada, "r", "Ada");
  let isBroken = true;
  hook(service, "muc-occupant-groupchat", () => {
    if (isBroken) throw new StanzaError({ type: "cancel", condition: "internal-server-error" });
    return undefined;
  });
  ada.send(saying("r", "one"));
  isBroken = false;
  ada.send(saying("r", "two"));
  assert.deepEqual(briefly(ada), ["message internal-server-error", "message groupchat Ada two"]);
});

test("a role that changed while its owner waited is not given back", async () => {
  await using service = await startRooms();
  const ada = person(service, "ada");
  const ben = person(service, "ben");
  create(ada, "r", "Ada");
  join(ben, "r", "Ben");
  let decide: (() => void) | undefined;
  const wait = (): Promise<undefined> =>
    new Promise((resolve) => {
      decide = () => {
        resolve(undefined);
      };
    });
  hook(service, "muc-occupant-pre-change", wait);
  hook(service, "muc-occupant-pre-join", wait);
  ben.send(`<presence to="r@${SERVICE}/Benjamin"/>`);
  ada.send(administering("r", `<item role="visitor" nick="Ben"/>`));
  decide?.();
  await settled(service);
  assert.equal(liveRoomOf(service, "r").getRole(`r@${SERVICE}/Benjamin`), "visitor");

  const second = person(service, "ben", "phone");
  ada.send(administering("r", `<item role="participant" nick="Benjamin"/>`));
  second.send(joining("r", "Benjamin"));
  ada.send(administering("r", `<item role="visitor" nick="Benjamin"/>`));
  decide?.();
  await settled(service);
  assert.equal(liveRoomOf(service, "r").getRole(`r@${SERVICE}/Benjamin`), "visitor");
});

test("who lost an affiliation while waiting to be let in enters without it", async () => {
  await using service = await startRooms();
  const ada = person(service, "ada");
  const ben = person(service, "ben");
  create(ada, "r", "Ada");
  ada.send(administering("r", `<item affiliation="admin" jid="ben@users.example"/>`));
  const waiting = holdJoins(service);
  ben.send(joining("r", "Ben"));
  ada.send(administering("r", `<item affiliation="none" jid="ben@users.example"/>`));
  waiting.get("Ben")?.();
  await settled(service);
  assert.equal(liveRoomOf(service, "r").getRole(`r@${SERVICE}/Ben`), "participant");
});

test("a nick that was reserved while a change to it waited is a conflict", async () => {
  await using service = await startRooms();
  const ada = person(service, "ada");
  const ben = person(service, "ben");
  create(ada, "r", "Ada");
  join(ben, "r", "Ben");
  let decide: (() => void) | undefined;
  hook(
    service,
    "muc-occupant-pre-change",
    () =>
      new Promise<undefined>((resolve) => {
        decide = () => {
          resolve(undefined);
        };
      }),
  );
  ben.send(`<presence to="r@${SERVICE}/Star"/>`);
  ada.send(administering("r", `<item affiliation="member" jid="cy@users.example" nick="Star"/>`));
  ben.inbox.takeAll();
  decide?.();
  await settled(service);
  assert.deepEqual(briefly(ben), ["presence conflict Star"]);
});

test("what was done before a handler took its time is on disk before the rest is done, or the rest is not done", async () => {
  const disk = new FaultyDisk();
  await using service = await startRooms({ storage: await disk.open() });
  const [ada, ben] = [person(service, "ada"), person(service, "ben")];
  create(ada, "r", "Ada", { persistentroom: "1" });
  await settled(service);
  join(ben, "r", "Ben");
  ada.inbox.takeAll();
  hook(service, "muc-occupant-groupchat", async ({ room }) => {
    room.setName("Attic");
    await Promise.resolve();
    return undefined;
  });
  const commits = disk.holdSyncedCommits();
  ben.send(saying("r", "hello"));
  await commits.arrived();
  await setImmediate();
  disk.failSyncedCommits();
  commits.release();
  await settled(service);
  disk.repair();
  assert.deepEqual(briefly(ben), ["message internal-server-error"]);
  assert.deepEqual(briefly(ada), []);
  ben.send(saying("r", "again"));
  await settled(service);
  assert.deepEqual(briefly(ada), ["message groupchat Ben again"]);
  assert.equal(liveRoomOf(service, "r").getName(), "Attic");
});
