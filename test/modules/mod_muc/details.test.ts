/** XEP-0045 §14.4: who is told what of a room that is not for everybody. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { xml } from "../../../core/index.js";
import type { FakeClient } from "../../../core/testing/fake-client.js";
import type { TestService } from "../../../core/testing/service.js";
import type { Muc } from "../../../modules/mod_muc/index.js";
import {
  administrate,
  configure,
  createRoom,
  discover,
  enter,
  errorOf,
  errorText,
  hook,
  NS_MUC,
  request,
  ROOM,
  startRooms,
  type Fields,
} from "../../support/rooms.js";

const DETAILS = ["occupants", "description", "subject", "avatarhash"].map((name) => `muc#roominfo_${name}`);
const OPEN: Fields = {
  "muc#roomconfig_publicroom": "1",
  "muc#roomconfig_persistentroom": "1",
  "muc#roomconfig_roomdesc": "Old things",
};
const PICTURE = xml("PHOTO", {}, xml("TYPE", {}, "image/png"), xml("BINVAL", {}, "AAAA"));

/** What the room tells one of those people. */
async function told(client: FakeClient): Promise<{ details: string[]; hasCard: boolean }> {
  const { form } = await discover(client);
  const [card] = await request(client, "get", xml("vCard", "vcard-temp"));
  return { details: DETAILS.filter((name) => form.has(name)), hasCard: card.attrs["type"] === "result" };
}

type People = (jid: string) => FakeClient;

/** Clients of a service, each made once. */
function peopleOf(service: TestService): People {
  const clients = new Map<string, FakeClient>();
  return (jid) => {
    const client = clients.get(jid) ?? service.client(jid);
    clients.set(jid, client);
    return client;
  };
}

/** A room with an owner and a guest inside, a member outside, and somebody who is banned. @returns its owner */
async function withRoom(people: People, fields: Fields): Promise<FakeClient> {
  const ada = people("ada@example/study");
  await createRoom(ada, "Ada", { ...OPEN });
  await request(ada, "set", xml("vCard", "vcard-temp", PICTURE));
  await enter(people("guest@example/inside"), "Guest");
  await administrate(ada, { affiliation: "member", jid: "member@example" });
  await administrate(ada, { affiliation: "outcast", jid: "outcast@example" });
  if (fields["muc#roomconfig_membersonly"] === "1") {
    await administrate(ada, { affiliation: "member", jid: "guest@example" });
  }
  await configure(ada, { ...OPEN, ...fields });
  return ada;
}

const KINDS: readonly (readonly [kind: string, fields: Fields, isForAll: boolean])[] = [
  ["open", {}, true],
  ["hidden", { "muc#roomconfig_publicroom": "0" }, false],
  ["members-only", { "muc#roomconfig_membersonly": "1" }, false],
  ["with a password", { "muc#roomconfig_roomsecret": "cabinet" }, false],
];

const PEOPLE: readonly (readonly [jid: string, belongs: boolean])[] = [
  ["ada@example/study", true],
  ["ada@example/another", true],
  ["guest@example/inside", true],
  ["guest@example/another", true],
  ["member@example/x", true],
  ["admin@example/x", true],
  ["outcast@example/x", false],
  ["stranger@example/x", false],
  ["stranger@elsewhere.example/x", false],
];

for (const [kind, fields, isForAll] of KINDS) {
  test(`details of a room that is ${kind}`, async () => {
    await using service = await startRooms();
    const people = peopleOf(service);
    await withRoom(people, fields);
    for (const [jid, belongs] of PEOPLE) {
      const isTold = isForAll || belongs;
      const expected = { details: isTold ? DETAILS : [], hasCard: isTold };
      assert.deepEqual(await told(people(jid)), expected, jid);
    }
  });
}

test("who leaves a hidden room is a stranger again; who loses membership, too", async () => {
  await using service = await startRooms();
  const people = peopleOf(service);
  const ada = await withRoom(people, { "muc#roomconfig_publicroom": "0" });
  const guest = people("guest@example/inside");
  const member = people("member@example/x");
  assert.deepEqual((await told(guest)).details, DETAILS);
  guest.send(xml("presence", { to: `${ROOM}/Guest`, type: "unavailable" }));
  assert.deepEqual((await told(guest)).details, []);
  assert.deepEqual((await told(member)).details, DETAILS);
  await administrate(ada, { affiliation: "none", jid: "member@example" });
  assert.deepEqual((await told(member)).details, []);
});

for (const [kind, fields, isForAll] of KINDS) {
  test(`the tombstone of a room that was ${kind}`, async () => {
    await using service = await startRooms();
    const people = peopleOf(service);
    const ada = await withRoom(people, fields);
    const destroy = xml("destroy", { jid: "cellar@rooms.example" }, xml("reason", {}, "moved"));
    await request(ada, "set", xml("query", `${NS_MUC}#owner`, destroy));
    for (const [jid, isTold] of [
      ["member@example/x", true],
      ["admin@example/x", true],
      ["stranger@example/x", isForAll],
      ["outcast@example/x", isForAll],
    ] as const) {
      const [answer] = await request(people(jid), "get", xml("query", "http://jabber.org/protocol/disco#info"));
      assert.equal(errorOf(answer), "cancel/gone", jid);
      assert.equal(errorText(answer), isTold ? "moved" : undefined, jid);
      assert.equal(String(answer).includes("cellar@rooms.example"), isTold, jid);
    }
  });
}

test("a module of somebody else's asks by showsDetails, and may decide by muc-may-see-details", async () => {
  await using service = await startRooms();
  const ada = service.client("ada@example");
  await createRoom(ada, "Ada", OPEN);
  const seen: boolean[] = [];
  hook(service, "muc-disco#info", ({ showsDetails }) => {
    seen.push(showsDetails);
  });
  const stranger = service.client("stranger@example");
  await discover(stranger);
  hook(service, "muc-may-see-details", ({ jid }) => (jid === undefined ? undefined : false));
  await discover(stranger);
  await discover(ada);
  assert.deepEqual(seen, [true, false, true]);
  const muc = service.service.modules.exportsOf("rooms.example", "muc") as Muc;
  const room = muc.getLiveRoomFromJid(ROOM);
  assert.equal(room?.showsDetailsTo(), true);
  assert.equal(room?.showsDetailsTo("stranger@example"), false);
});
