import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { test } from "node:test";
import { childElements, cloneElement, xml, type Element } from "../../core/index.js";
import { openStorage } from "../../core/storage/open.js";
import { createRoom, discover, enter, received, ROOM, startRooms } from "../support/rooms.js";

const NS_OCCUPANT_ID = "urn:xmpp:occupant-id:0";

function ids(stanza: Element | undefined): string[] {
  return childElements(stanza ?? xml("none")).flatMap(({ name, attrs }) =>
    name === "occupant-id" && attrs["xmlns"] === NS_OCCUPANT_ID ? [String(attrs["id"])] : [],
  );
}

function from(stanzas: readonly Element[], nick: string): Element | undefined {
  return stanzas.find(({ attrs }) => attrs["from"] === `${ROOM}/${nick}`);
}

test("XEP-0421: presence, messages and private messages carry one id, whatever the nick and the client says", async () => {
  await using service = await startRooms();
  const [ada, ben] = [service.client("ada@example"), service.client("ben@example")];
  await createRoom(ada, "Ada");
  assert.ok((await discover(ada)).features.has(NS_OCCUPANT_ID));
  const forged = xml("occupant-id", { xmlns: NS_OCCUPANT_ID, id: "forged" });
  const own = from(await enter(ben, "Ben"), "Ben");
  const [id] = ids(own);
  assert.ok(id);
  await received(ada);
  ben.send(xml("presence", { to: `${ROOM}/Ben` }, forged));
  ben.send(xml("message", { to: ROOM, type: "groupchat" }, xml("body", {}, "hi"), cloneElement(forged)));
  ben.send(xml("message", { to: `${ROOM}/Ada`, type: "chat" }, xml("body", {}, "psst"), cloneElement(forged)));
  ben.send(xml("presence", { to: `${ROOM}/Benedict` }));
  ben.send(xml("presence", { to: ROOM, type: "unavailable" }));
  await received(ben);
  const seen = await received(ada);
  assert.equal(seen.length, 6);
  for (const stanza of seen) assert.deepEqual(ids(stanza), [id], String(stanza));
  assert.notEqual(ids(from(await enter(ben, "Ben"), "Ada"))[0], id, "another's is another");
});

test("the id is made of bare JID and the room's salt, as Prosody makes it, and outlives a restart", async () => {
  const storage = await openStorage({ driver: "memory" }, Date.now);
  const before = await startRooms("", { storage });
  const ada = before.client("ada@example");
  await createRoom(ada, "Ada", { "muc#roomconfig_persistentroom": "1" });
  const [id] = ids(from(await enter(ada, "Ada"), "Ada"));
  await before.stop();
  await using after = await startRooms("", { storage });
  const again = after.client("ada@example");
  assert.deepEqual(ids(from(await enter(again, "Ada"), "Ada")), [id]);
  const room = await storage.openStore<{ _data: { occupant_id_salt: string } }>("rooms.example", "config").get("attic");
  const salt = room?._data.occupant_id_salt;
  assert.equal(createHmac("sha256", "ada@example").update(String(salt)).digest("base64"), id);
});

test("muc_occupant_id = false", async () => {
  await using service = await startRooms("muc_occupant_id = false");
  const ada = service.client("ada@example");
  await createRoom(ada, "Ada");
  assert.equal((await discover(ada)).features.has(NS_OCCUPANT_ID), false);
  assert.deepEqual(ids(from(await enter(ada, "Ada"), "Ada")), []);
});
