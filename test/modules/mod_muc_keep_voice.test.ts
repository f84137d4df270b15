/** Voice that is kept over visits: how long, and of how many. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { xml } from "../../core/index.js";
import { openStorage } from "../../core/storage/open.js";
import type { FakeClient } from "../../core/testing/fake-client.js";
import { administrate, createRoom, enter, received, ROOM, startRooms } from "../support/rooms.js";

const WITH_VOICE = 'modules_enabled = { "muc_keep_voice" }';
const MODERATED = { "muc#roomconfig_moderatedroom": "1", "muc#roomconfig_persistentroom": "1" };

/** Role that somebody enters with; they leave again. */
async function roleOf(client: FakeClient, nick: string): Promise<string | undefined> {
  const own = (await enter(client, nick)).find(({ attrs }) => attrs["from"] === `${ROOM}/${nick}`);
  client.send(xml("presence", { to: ROOM, type: "unavailable" }));
  await received(client);
  return /role="(\w+)"/.exec(String(own))?.[1];
}

async function giveVoice(ada: FakeClient, client: FakeClient, nick: string): Promise<void> {
  await enter(client, nick);
  await administrate(ada, { nick, role: "participant" });
  client.send(xml("presence", { to: ROOM, type: "unavailable" }));
  await received(client);
}

test("voice is kept over a restart, under any nick, until the affiliation changes", async () => {
  const storage = await openStorage({ driver: "memory" }, Date.now);
  const service = await startRooms(WITH_VOICE, { storage });
  const ada = service.client("ada@example");
  await createRoom(ada, "Ada", MODERATED);
  await giveVoice(ada, service.client("ben@example"), "Ben");
  await service.stop();
  await using again = await startRooms(WITH_VOICE, { storage });
  const [adaAgain, ben] = [again.client("ada@example"), again.client("ben@example")];
  await enter(adaAgain, "Ada");
  assert.equal(await roleOf(ben, "Benedict"), "participant");
  assert.equal(await roleOf(again.client("cleo@example"), "Ben"), "visitor", "the nick is nobody's");
  await administrate(adaAgain, { affiliation: "member", jid: "ben@example" });
  await administrate(adaAgain, { affiliation: "none", jid: "ben@example" });
  assert.equal(await roleOf(ben, "Ben"), "visitor");
});

test("muc_kept_voices: of more people the first are forgotten", async () => {
  await using service = await startRooms(`${WITH_VOICE}; muc_kept_voices = 1`);
  const [ada, ben, cleo] = [
    service.client("ada@example"),
    service.client("ben@example"),
    service.client("cleo@example"),
  ];
  await createRoom(ada, "Ada", MODERATED);
  await giveVoice(ada, ben, "Ben");
  await giveVoice(ada, cleo, "Cleo");
  assert.deepEqual([await roleOf(ben, "Ben"), await roleOf(cleo, "Cleo")], ["visitor", "participant"]);
});
