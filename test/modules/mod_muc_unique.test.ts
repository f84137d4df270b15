import assert from "node:assert/strict";
import { test } from "node:test";
import { xml } from "../../core/index.js";
import { request, startRooms } from "../support/rooms.js";

test("XEP-0307: a name for a room that nobody has, another each time", async () => {
  await using service = await startRooms();
  const ada = service.client("ada@example");
  const names = new Set<string>();
  for (let i = 0; i < 3; i++) {
    const payload = xml("unique", { xmlns: "http://jabber.org/protocol/muc#unique" });
    const [answer] = await request(ada, "get", payload, "rooms.example");
    const name = answer.getChild("unique", "http://jabber.org/protocol/muc#unique")?.text() ?? "";
    assert.match(name, /^[a-z0-9]{24}$/);
    names.add(name);
  }
  assert.equal(names.size, 3);
});
