import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "../../core/testing/fake-clock.js";
import type { TestService } from "../../core/testing/service.js";
import { openStorage } from "../../core/storage/open.js";
import type { Muc, Room } from "../../modules/mod_muc/index.js";
import { configure, createRoom, discover, enter, errorOf, ROOM, startRooms } from "../support/rooms.js";

const ENTRY = `{
  jid_node = "Attic",
  affiliations = { owner = { "Ada@example" }, admin = "ben@example", outcast = { "dora@example" } },
  config = {
    name = "The attic", description = "Mostly boxes", lang = "eo", password = "tumbler",
    allow_member_invites = true, change_subject = true, members_only = true, moderated = true, persistent = true,
    public = true, public_jids = true, history_length = 7, presence_broadcast = { "moderator" },
  },
}`;

function component(entries: string, option = "default_mucs"): string {
  return `modules_enabled = { "muc_defaults" }; ${option} = { ${entries} }`;
}

async function roomOf(service: TestService, jid = ROOM): Promise<Room | undefined> {
  return (service.service.modules.exportsOf("rooms.example", "muc") as Muc).getRoomFromJid(jid);
}

for (const option of ["default_mucs", "muc_defaults"]) {
  test(`${option}: rooms are there from the start, with affiliations and settings`, async () => {
    await using service = await startRooms(component(ENTRY, option));
    const room = await roomOf(service);
    assert.deepEqual(room?._affiliations, {
      "ada@example": "owner",
      "ben@example": "admin",
      "dora@example": "outcast",
    });
    const { features, form } = await discover(service.client("ada@example/x"));
    for (const feature of ["public", "persistent", "membersonly", "moderated", "passwordprotected", "nonanonymous"]) {
      assert.ok(features.has(`muc_${feature}`), feature);
    }
    assert.deepEqual(
      ["muc#roomconfig_roomname", "muc#roominfo_description", "muc#roominfo_lang", "muc#roomconfig_changesubject"].map(
        (name) => form.get(name),
      ),
      ["The attic", "Mostly boxes", "eo", "1"],
    );
    assert.equal(room._data["history_length"], 7);
    assert.deepEqual(room._data["presence_broadcast"], { moderator: true });
    assert.equal(room._data["locked"], undefined, "anybody may enter at once");
  });
}

test("what is not said comes from the defaults of new rooms", async () => {
  await using service = await startRooms(`${component('{ jid_node = "attic" }')}; muc_room_default_public = true`);
  const cleo = service.client("cleo@example/x");
  assert.ok((await discover(cleo)).features.has("muc_public"));
  assert.equal(errorOf((await enter(cleo, "Cleo")).at(-1)), undefined);
});

test("after a restart the list holds again, and the rest is as it was left", async () => {
  const storage = await openStorage({ driver: "memory" }, () => 0);
  const config = component(
    '{ jid_node = "attic", affiliations = { owner = { "ada@example" } }, config = { persistent = true, name = "The attic" } }',
  );
  {
    await using service = await startRooms(config, { storage });
    const ada = service.client("ada@example/x");
    await configure(ada, { "muc#roomconfig_roomname": "My attic", "muc#roomconfig_roomdesc": "Boxes" });
    assert.equal((await discover(ada)).form.get("muc#roomconfig_roomname"), "My attic");
  }
  await using service = await startRooms(config, { storage });
  const { form } = await discover(service.client("ada@example/x"));
  assert.deepEqual([form.get("muc#roomconfig_roomname"), form.get("muc#roominfo_description")], ["The attic", "Boxes"]);
});

test("a room whose owners destroyed it stays so while its tombstone stands", async () => {
  const storage = await openStorage({ driver: "memory" }, () => 0);
  const config = component('{ jid_node = "attic", config = { persistent = true } }');
  {
    await using service = await startRooms(config, { storage });
    await (await roomOf(service))?.run(() => undefined);
    (await roomOf(service))?.destroy();
    await service.storage.idle();
  }
  {
    await using service = await startRooms(config, { storage });
    assert.equal(await roomOf(service), undefined);
    assert.ok(service.logLines.some(({ level, message }) => level === "warn" && message.includes("tombstone")));
  }
  await storage.close();
});

const MISTAKES: readonly (readonly [entry: string, problem: RegExp])[] = [
  ["{ }", /entry 1: jid_node: expected/],
  ['{ jid_node = "two words" }', /entry 1: jid_node: expected .* got "two words"/],
  ['"attic"', /entry 1: jid_node: expected/],
  [
    '{ jid_node = "attic", affiliations = { visitors = { "eve@example" } } }',
    /attic: affiliations: visitors: expected/,
  ],
  ['{ jid_node = "attic", affiliations = { owner = { "@" } } }', /attic: affiliations: owner: expected an address/],
  ['{ jid_node = "attic", affiliations = "ada@example" }', /attic: affiliations: expected a table/],
  ['{ jid_node = "attic", config = { colour = "red" } }', /attic: config: colour: expected one of/],
  ['{ jid_node = "attic", config = { moderated = "perhaps" } }', /attic: config: moderated: expected true or false/],
  ['{ jid_node = "attic", config = { history_length = -1 } }', /history_length: expected a number of messages, got -1/],
  ['{ jid_node = "attic", config = { presence_broadcast = { "spectator" } } }', /presence_broadcast: expected roles/],
  ['{ jid_node = "attic", config = { password = 12 } }', /password: expected a string, got number/],
  ['{ jid_node = "attic", config = { logging = true } }', /config: logging: its module is not loaded/],
];
for (const [entry, problem] of MISTAKES) {
  test(`a mistake is told, and the rest is made: ${entry}`, async () => {
    await using service = await startRooms(component(`${entry}, { jid_node = "cellar" }`), {
      clock: new FakeClock(),
      tolerant: true,
    });
    assert.ok(
      service.logLines.some(({ level, message }) => level === "error" && problem.test(message)),
      service.logLines.map(({ message }) => message).join("\n"),
    );
    assert.ok(await roomOf(service, "cellar@rooms.example"));
    assert.equal((await roomOf(service)) !== undefined, entry.includes('jid_node = "attic"'));
  });
}

test("somebody else's room of that name is set up, too", async () => {
  const storage = await openStorage({ driver: "memory" }, () => 0);
  {
    await using service = await startRooms("", { storage });
    await createRoom(service.client("eve@example/x"), "Eve", { "muc#roomconfig_persistentroom": "1" });
  }
  await using service = await startRooms(component(ENTRY), { storage });
  const room = await roomOf(service);
  assert.equal(room?.getName(), "The attic");
  assert.equal(room.getAffiliation("ada@example"), "owner");
});
