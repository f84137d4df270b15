import assert from "node:assert/strict";
import { test } from "node:test";
import { getChild, xml, type Element } from "../../core/index.js";
import type { FakeClient } from "../../core/testing/fake-client.js";
import { createRoom, errorOf, received, request, ROOM, startRooms, submission, type Fields } from "../support/rooms.js";

const NS_COMMANDS = "http://jabber.org/protocol/commands";
const DESTROY = "http://prosody.im/protocol/muc#destroy";
const SET_AFFILIATION = "http://prosody.im/protocol/muc#set-affiliation";

async function command(client: FakeClient, node: string, fields?: Fields): Promise<Element> {
  const payload = xml("command", { xmlns: NS_COMMANDS, node });
  if (fields) payload.append(submission(node, fields));
  const [answer] = await request(client, "set", payload, "rooms.example");
  return answer;
}

function note(answer: Element): string | undefined {
  const element = getChild(answer, "command", NS_COMMANDS);
  return element && getChild(element, "note", NS_COMMANDS)?.text();
}

test("a service admin destroys rooms, and is told which", async () => {
  await using service = await startRooms();
  const [ada, admin] = [service.client("ada@example"), service.client("admin@example")];
  await createRoom(ada, "Ada", { "muc#roomconfig_persistentroom": "1" });
  assert.match(String(await command(admin, DESTROY)), /<option><value>attic@rooms\.example<\/value><\/option>/);
  const answer = await command(admin, DESTROY, { rooms: [ROOM, "cellar@rooms.example", "no room"] });
  assert.equal(note(answer), `The following rooms were destroyed:\n${ROOM}`);
  assert.match(String(answer), /not destroyed:\ncellar@rooms\.example\nno room/);
  const [gone] = await received(ada);
  assert.equal(gone?.attrs["type"], "unavailable");
  assert.match(String(gone), /<destroy\/>/);
  assert.equal(
    errorOf((await request(ada, "get", xml("query", "http://jabber.org/protocol/disco#info")))[0]),
    "cancel/gone",
  );
});

test("a service admin changes affiliations in any room", async () => {
  await using service = await startRooms();
  const [ada, ben, admin] = [
    service.client("ada@example"),
    service.client("ben@example"),
    service.client("admin@example"),
  ];
  await createRoom(ada, "Ada");
  assert.match(String(await command(admin, SET_AFFILIATION)), /status="executing"/);
  const answer = await command(admin, SET_AFFILIATION, {
    room: ROOM,
    jid: "ben@example",
    affiliation: "owner",
    reason: "takes over",
  });
  assert.equal(note(answer), `ben@example is now owner of ${ROOM}`);
  const owner = xml("query", "http://jabber.org/protocol/muc#owner");
  assert.equal((await request(ben, "get", owner))[0].attrs["type"], "result");
  assert.match((await received(ada)).join(""), /takes over/);
  for (const [wrong, fault] of [
    [{ room: "cellar@rooms.example" }, "room: there is no cellar@rooms.example"],
    [{ jid: "ben@example/full" }, "jid: not a bare JID: ben@example/full"],
    [{ affiliation: "king" }, "affiliation: Not one of the options: king"],
    [{ jid: [] }, "jid: Required value missing"],
  ] as const) {
    const fields = { room: ROOM, jid: "ben@example", affiliation: "none", ...wrong };
    assert.equal(note(await command(admin, SET_AFFILIATION, fields)), fault);
  }
});

test("the commands are for admins of the service only", async () => {
  await using service = await startRooms();
  const ada = service.client("ada@example");
  await createRoom(ada, "Ada");
  assert.equal(errorOf(await command(ada, DESTROY, { rooms: ROOM })), "auth/forbidden");
  assert.equal(errorOf(await command(ada, SET_AFFILIATION)), "auth/forbidden");
  assert.deepEqual(await received(ada), []);
});
