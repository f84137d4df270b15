/** Commands of rooms, as a module of a third party adds them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { childElements, getChild, xml, type Element } from "../../core/index.js";
import type { FakeClient } from "../../core/testing/fake-client.js";
import type { TestService } from "../../core/testing/service.js";
import type { RoomCommand } from "../../modules/mod_muc/index.js";
import { createRoom, discover, errorOf, request, ROOM, startRooms, submission } from "../support/rooms.js";

const NS_COMMANDS = "http://jabber.org/protocol/commands";
const OTHER = "cellar@rooms.example";

/** Renames a room, in two stages. */
const rename: RoomCommand = {
  name: "Rename",
  node: "urn:example:rename",
  isFor: (room, from) => room.getAffiliation(from) === "owner",
  handler(room, { action, to }, state) {
    if (action === "cancel") return { status: "canceled" };
    if (state === undefined) {
      return { status: "executing", form: submission("urn:example:rename", {}), state: "named", actions: ["next"] };
    }
    return Promise.resolve({ status: "completed", notes: [{ type: "info", text: `${to} ${room.jid}` }] });
  },
};

async function start(): Promise<TestService> {
  const service = await startRooms('modules_enabled = { "muc_commands" }');
  service.host("rooms.example").published.add("room-adhoc-provider", rename, "test");
  return service;
}

async function run(client: FakeClient, attrs: Readonly<Record<string, string>>, room = ROOM): Promise<Element> {
  return (await request(client, "set", xml("command", { xmlns: NS_COMMANDS, node: rename.node, ...attrs }), room))[0];
}

async function items(client: FakeClient): Promise<unknown[]> {
  const xmlns = "http://jabber.org/protocol/disco#items";
  const [answer] = await request(client, "get", xml("query", { xmlns, node: NS_COMMANDS }));
  return childElements(childElements(answer)[0] ?? answer).map(({ attrs }) => attrs);
}

function sessionOf(answer: Element): string {
  return String(getChild(answer, "command", NS_COMMANDS)?.attrs["sessionid"]);
}

test("XEP-0050 §2: a room's commands are found at the room, by those who may use them", async () => {
  await using service = await start();
  const [ada, ben] = [service.client("ada@example"), service.client("ben@example")];
  await createRoom(ada, "Ada");
  assert.ok((await discover(ben)).features.has(NS_COMMANDS));
  assert.deepEqual(await items(ada), [{ jid: ROOM, node: rename.node, name: "Rename" }]);
  assert.deepEqual(await items(ben), []);
  const info = async (client: FakeClient, node: string): Promise<Element> => {
    return (await request(client, "get", xml("query", { xmlns: "http://jabber.org/protocol/disco#info", node })))[0];
  };
  assert.match(String(await info(ada, rename.node)), /category="automation" type="command-node" name="Rename"/);
  assert.match(String(await info(ben, NS_COMMANDS)), /type="command-list"/);
  assert.equal(errorOf(await info(ben, rename.node)), "auth/forbidden");
  assert.equal(errorOf(await info(ada, "urn:example:none")), "cancel/item-not-found");
  assert.equal(errorOf(await run(ben, {})), "auth/forbidden");
  assert.equal(errorOf(await run(ada, {}, OTHER)), "cancel/item-not-found");
});

test("XEP-0050 §3.4: a session belongs to the room that it was begun in", async () => {
  await using service = await start();
  const ada = service.client("ada@example");
  await createRoom(ada, "Ada");
  await createRoom(ada, "Ada", {}, { room: OTHER });
  const sessionid = sessionOf(await run(ada, {}));
  assert.equal(errorOf(await run(ada, { sessionid }, OTHER)), "modify/bad-request");
  const last = getChild(await run(ada, { sessionid }), "command", NS_COMMANDS);
  assert.equal(last?.attrs["status"], "completed");
  assert.equal(last.getChildText("note"), `${ROOM} ${ROOM}`);
});

test("commands are gone with the module that added them", async () => {
  await using service = await start();
  const ada = service.client("ada@example");
  await createRoom(ada, "Ada");
  service.host("rooms.example").published.remove("room-adhoc-provider", rename, "test");
  assert.equal((await discover(ada)).features.has(NS_COMMANDS), false);
  assert.equal(errorOf(await run(ada, {})), "cancel/item-not-found");
});
