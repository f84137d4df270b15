/** Options of rooms, each with its default and each value. What new rooms start with is below, by field of the form. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { childElements, xml } from "../../../core/index.js";
import { FakeClock } from "../../../core/testing/fake-clock.js";
import type { TestService } from "../../../core/testing/service.js";
import type { Muc } from "../../../modules/mod_muc/index.js";
import {
  administrate,
  configurationForm,
  createRoom,
  discover,
  enter,
  errorOf,
  errorText,
  request,
  ROOM,
  startRooms,
} from "../../support/rooms.js";

/** Who the permissions tell apart: an administrator, a user of the rooms' own server, one of another host. */
const PEOPLE = ["admin@example/x", "ada@example/x", "ada@elsewhere.example/x"] as const;

function mucOf(service: TestService): Muc {
  return service.service.modules.exportsOf("rooms.example", "muc") as Muc;
}

const NOT_ALLOWED = "cancel/not-allowed";
const CREATION: readonly (readonly [option: string, ...refused: (string | undefined)[]])[] = [
  ["", undefined, undefined, undefined],
  ["restrict_room_creation = false", undefined, undefined, undefined],
  ['restrict_room_creation = "local"', undefined, undefined, NOT_ALLOWED],
  ["restrict_room_creation = true", undefined, NOT_ALLOWED, NOT_ALLOWED],
];
for (const [option, ...expected] of CREATION) {
  test(`who may create rooms: ${option || "by default"}`, async () => {
    await using service = await startRooms(option);
    const answers: (string | undefined)[] = [];
    for (const [index, jid] of PEOPLE.entries()) {
      const stanzas = await enter(service.client(jid), "Nick", { room: `room-${index}@rooms.example` });
      answers.push(errorOf(stanzas.at(-1)));
    }
    assert.deepEqual(answers, expected);
  });
}

const ALLOWED: readonly (readonly [option: string, field: string, ...isShown: boolean[]])[] = [
  ["", "persistentroom", true, true, false],
  ["", "publicroom", true, true, false],
  ["muc_room_allow_persistent = true", "persistentroom", true, true, false],
  ["muc_room_allow_persistent = false", "persistentroom", true, false, false],
  ["muc_room_allow_persistent = false", "publicroom", true, true, false],
  ["muc_room_allow_public = true", "publicroom", true, true, false],
  ["muc_room_allow_public = false", "publicroom", true, false, false],
  ["muc_room_allow_public = false", "persistentroom", true, true, false],
];
for (const [option, field, ...expected] of ALLOWED) {
  test(`who may set ${field}: ${option || "by default"}`, async () => {
    await using service = await startRooms(option);
    const shown: boolean[] = [];
    for (const jid of PEOPLE) {
      const client = service.client(jid);
      await createRoom(client, "Owner");
      shown.push((await configurationForm(client)).has(`muc#roomconfig_${field}`));
      await request(client, "set", xml("query", { xmlns: "http://jabber.org/protocol/muc#owner" }, xml("destroy")));
    }
    assert.deepEqual(shown, expected);
  });
}

for (const [option, affiliation, role, refused] of [
  ["", "none", "participant", undefined],
  ["component_admins_as_room_owners = false", "none", "participant", undefined],
  ["component_admins_as_room_owners = true", "owner", "moderator", "modify/not-acceptable"],
] as const) {
  test(`administrators in others' rooms: ${option || "by default"}`, async () => {
    await using service = await startRooms(option);
    const [ada, admin] = [service.client("ada@example/x"), service.client("admin@example/x")];
    await createRoom(ada, "Ada");
    const own = String((await enter(admin, "Admin")).find((stanza) => stanza.attrs["from"] === `${ROOM}/Admin`));
    assert.match(own, new RegExp(`affiliation="${affiliation}"`));
    assert.match(own, new RegExp(`role="${role}"`));
    const [answer] = await administrate(ada, { jid: "admin@example", affiliation: "outcast" });
    assert.equal(errorOf(answer), refused);
  });
}

for (const [option, count] of [
  ["", 5],
  ["muc_max_rooms = 2", 2],
  ["muc_max_rooms = 0", 0],
] as const) {
  test(`rooms with somebody in them: ${option || "by default, any number"}`, async () => {
    await using service = await startRooms(option);
    const ada = service.client("ada@example/x");
    let made = 0;
    for (let index = 0; index < 5; index++) {
      const refused = errorOf((await enter(ada, "Ada", { room: `room-${index}@rooms.example` })).at(-1));
      if (refused === undefined) made++;
      else assert.equal(refused, "wait/resource-constraint");
    }
    assert.equal(made, count);
  });
}

test("muc_max_rooms: an empty persistent room makes way, and comes back when there is space", async () => {
  await using service = await startRooms("muc_max_rooms = 1");
  const ada = service.client("ada@example/x");
  await createRoom(ada, "Ada", { "muc#roomconfig_persistentroom": "1", "muc#roomconfig_roomdesc": "Boxes" });
  const leave = (room: string): void => {
    ada.send(xml("presence", { to: `${room}/Ada`, type: "unavailable" }));
  };
  leave(ROOM);
  await service.storage.idle();
  const other = "other@rooms.example";
  assert.equal(errorOf((await enter(ada, "Ada", { room: other })).at(-1)), undefined);
  assert.equal(mucOf(service).getLiveRoomFromJid(ROOM), undefined);
  await assert.rejects(async () => mucOf(service).getRoomFromJid(ROOM), { condition: "resource-constraint" });
  leave(other);
  const room = await mucOf(service).getRoomFromJid(ROOM);
  assert.equal(room?._data["description"], "Boxes");
  assert.equal(room.getAffiliation("ada@example"), "owner");
});

for (const [option, kept] of [
  ["", 100],
  ["muc_room_cache_size = 1", 1],
  ["muc_room_cache_size = 3", 3],
] as const) {
  test(`empty rooms in memory: ${option || "by default 100"}; the others are as they were`, async () => {
    await using service = await startRooms(option);
    const muc = mucOf(service);
    const frozen = new Map<string, unknown>();
    for (let index = 0; index < kept + 5; index++) {
      const jid = `room-${index}@rooms.example`;
      const [room] = await muc.createRoom(jid, {
        persistent: index % 2 === 0,
        name: `Room ${index}`,
        unknown: [index],
      });
      await room?.run(() => {
        room.setAffiliation(true, "ben@example", "member", undefined, { reserved_nickname: `Ben ${index}` });
        room.setAffiliation(true, "far.example", "outcast");
      });
      frozen.set(jid, room && JSON.parse(JSON.stringify(room.freeze())));
      await service.storage.idle();
    }
    assert.deepEqual(
      muc.liveRooms().map(({ jid }) => jid),
      [...frozen.keys()].slice(-kept),
      "those used last",
    );
    for (const [jid, before] of frozen) {
      const room = await muc.getRoomFromJid(jid);
      assert.deepEqual(room && JSON.parse(JSON.stringify(room.freeze())), before);
      assert.equal(room?.getRegisteredJid(String(room.getRegisteredNick("ben@example"))), "ben@example");
    }
  });
}

const DAY = 24 * 60 * 60;
for (const [option, standsForDays] of [
  ["", 31],
  ["muc_tombstones = true", 31],
  ["muc_tombstones = false", 0],
  ['muc_tombstone_expiry = "2 days"', 2],
  ["muc_tombstone_expiry = 86400", 1],
  ['muc_tombstone_expiry = "never"', Infinity],
] as const) {
  test(`the address of a destroyed room: ${option || "by default taken for 31 days"}`, async () => {
    const clock = new FakeClock();
    await using service = await startRooms(option, { clock });
    const ada = service.client("ada@example/x");
    await createRoom(ada, "Ada", { "muc#roomconfig_persistentroom": "1" });
    await request(ada, "set", xml("query", { xmlns: "http://jabber.org/protocol/muc#owner" }, xml("destroy")));
    await service.storage.idle();
    const isGone = async (name: string): Promise<boolean> =>
      errorOf((await enter(service.client(`${name}@example/x`), "Ben")).at(-1)) === "cancel/gone";
    if (standsForDays > 0) {
      const seconds = Math.min(standsForDays, 10_000) * DAY;
      clock.advanceSeconds(seconds - 60);
      assert.equal(await isGone("ben"), true, "before");
      clock.advanceSeconds(120);
    }
    assert.equal(await isGone("cleo"), standsForDays === Infinity, "after");
  });
}

for (const [option, refused] of [
  ["", "cancel/item-not-found"],
  ["muc_room_locking = true", "cancel/item-not-found"],
  ["muc_room_locking = false", undefined],
] as const) {
  test(`a room that is not configured: ${option || "by default"}`, async () => {
    await using service = await startRooms(option);
    await enter(service.client("ada@example/x"), "Ada");
    assert.equal(errorOf((await enter(service.client("ben@example/x"), "Ben")).at(-1)), refused);
  });
}

/** By option: field of the form, what is there by default, and pairs of a value and what it makes of the field. */
type Default = readonly [field: string, byDefault: string, ...values: (readonly [value: string, shown: string])[]];
const [ON, OFF] = [["true", "1"] as const, ["false", ""] as const];
const ROLES = "visitor participant moderator";
const DEFAULTS: Readonly<Record<string, Default>> = {
  public: ["muc#roomconfig_publicroom", "0", ["true", "1"], ["false", "0"]],
  persistent: ["muc#roomconfig_persistentroom", "", ON, OFF],
  members_only: ["muc#roomconfig_membersonly", "", ON, OFF],
  allow_member_invites: ["{http://prosody.im/protocol/muc}roomconfig_allowmemberinvites", "", ON, OFF],
  moderated: ["muc#roomconfig_moderatedroom", "", ON, OFF],
  public_jids: ["muc#roomconfig_whois", "moderators", ["true", "anyone"], ["false", "moderators"]],
  change_subject: ["muc#roomconfig_changesubject", "", ON, OFF],
  history_length: ["muc#roomconfig_historylength", "20", ["0", "0"], ["7", "7"], ["20", "20"], ["1000", "1000"]],
  language: ["muc#roomconfig_lang", "", ['"eo"', "eo"], ['""', ""]],
  presence_broadcast: [
    "muc#roomconfig_presencebroadcast",
    ROLES,
    ['{ "moderator" }', "moderator"],
    ['{ "participant", "moderator" }', "participant moderator"],
    ["{ visitor = true, participant = true, moderator = true }", ROLES],
    ["{ moderator = true, visitor = false }", "moderator"],
    ['"participant"', "participant"],
    ['{ "none" }', "none"],
  ],
  allow_pm: [
    "muc#roomconfig_allowpm",
    "visitor",
    ['"visitor"', "visitor"],
    ['"participant"', "participant"],
    ['"moderator"', "moderator"],
  ],
  always_allow_moderator_pms: ["{xmpp:prosody.im}muc#allow_modpm", "0", ["true", "1"], ["false", "0"]],
};
for (const [name, [field, byDefault, ...values]] of Object.entries(DEFAULTS)) {
  for (const [value, shown] of [[undefined, byDefault] as const, ...values]) {
    const option = value === undefined ? "" : `muc_room_default_${name} = ${value}`;
    test(`a new room's ${field}: ${option || "by default"}`, async () => {
      await using service = await startRooms(option);
      const ada = service.client("ada@example/x");
      await createRoom(ada, "Ada");
      const element = (await configurationForm(ada)).get(field);
      assert.ok(element, "the form has it");
      const texts = childElements(element).flatMap((child) => (child.name === "value" ? child.text() : []));
      assert.equal(texts.join(" "), shown);
      // XEP-0045 §10.1.2: rooms that a module makes start so as well.
      const [made] = await mucOf(service).createRoom("made@rooms.example");
      const form = mucOf(service).getLiveRoomFromJid(ROOM)?.getFormLayout("ada@example/x");
      assert.deepEqual(made?.getFormLayout("ada@example/x"), form);
    });
  }
}

const TOO_LONG = "modify/not-acceptable";
for (const [field, option, byDefault] of [
  ["muc#roomconfig_roomname", "muc_max_room_name", 500],
  ["muc#roomconfig_roomdesc", "muc_max_room_desc", 10_000],
  ["muc#roomconfig_roomsecret", "muc_max_password", 500],
] as const) {
  for (const max of [byDefault, 3]) {
    test(`${field} has up to ${max} characters: ${max === byDefault ? "by default" : option}`, async () => {
      await using service = await startRooms(max === byDefault ? "" : `${option} = ${max}`);
      const ada = service.client("ada@example/x");
      await createRoom(ada, "Ada", { [field]: "\u{1F980}".repeat(max) });
      const query = "http://jabber.org/protocol/muc#owner";
      const value = "x".repeat(max + 1);
      const form = xml("x", { xmlns: "jabber:x:data", type: "submit" });
      for (const [name, text] of [
        ["FORM_TYPE", "http://jabber.org/protocol/muc#roomconfig"],
        ["muc#roomconfig_moderatedroom", "1"],
        [field, value],
      ] as const) {
        form.append(xml("field", { var: name }, xml("value", {}, text)));
      }
      const [answer] = await request(ada, "set", xml("query", { xmlns: query }, form));
      assert.equal(errorOf(answer), TOO_LONG);
      assert.equal(errorText(answer), `${field}: Longer than ${max} characters`);
      assert.ok((await discover(ada)).features.has("muc_unmoderated"), "nothing of the form is applied");
    });
  }
}

test("muc_max_password: nor may the creating presence bring a longer one", async () => {
  await using service = await startRooms("muc_max_password = 3");
  const ada = service.client("ada@example/x");
  assert.equal(errorOf((await enter(ada, "Ada", { password: "four" })).at(-1)), TOO_LONG);
  assert.equal(errorOf((await enter(ada, "Ada", { password: "two" })).at(-1)), undefined);
});

for (const [option, max] of [
  ["", 10_000],
  ["muc_max_subject = 3", 3],
] as const) {
  test(`a subject has up to ${max} characters: ${option || "by default"}`, async () => {
    await using service = await startRooms(option);
    const ada = service.client("ada@example/x");
    await createRoom(ada, "Ada");
    const answers: (string | undefined)[] = [];
    for (const text of ["x".repeat(max), "x".repeat(max + 1)]) {
      ada.send(xml("message", { type: "groupchat", to: ROOM }, xml("subject", {}, text)));
      answers.push(errorOf(await ada.receive()));
    }
    assert.deepEqual(answers, [undefined, TOO_LONG]);
  });
}

const IDS: readonly (readonly [option: string, id: string, refused: string | undefined])[] = [
  ["", "x".repeat(300), undefined],
  ["muc_max_room_id = 5", "fiver", undefined],
  ["muc_max_room_id = 5", "sixers", NOT_ALLOWED],
  ["muc_max_room_id = 5", "fünf!", undefined],
  ['muc_regexp_room_id = "[a-z]+"', "attic", undefined],
  ['muc_regexp_room_id = "[a-z]+"', "attic2", NOT_ALLOWED],
  ['muc_regexp_room_id = "a|b"', "ac", NOT_ALLOWED],
  ['muc_regexp_room_id = "\\\\p{L}+"', "böden", undefined],
];
for (const [option, id, refused] of IDS) {
  test(`a room ${id.slice(0, 10)}: ${option || "by default"}`, async () => {
    await using service = await startRooms(option);
    const how = { room: `${id}@rooms.example` };
    const stanza = (await enter(service.client("ada@example/x"), "Ada", how)).at(-1);
    assert.equal(errorOf(stanza), refused);
    const again = await enter(service.client("admin@example/x"), "Admin", how);
    assert.equal(
      errorOf(again.at(-1)),
      refused === undefined ? "cancel/item-not-found" : undefined,
      "administrators may",
    );
  });
}

test("muc_regexp_room_id: what is no regular expression is told, and keeps nobody out", async () => {
  await using service = await startRooms('muc_regexp_room_id = "("', { tolerant: true });
  assert.ok(service.logLines.some(({ level, message }) => level === "error" && message.includes("muc_regexp_room_id")));
  assert.equal(errorOf((await enter(service.client("ada@example/x"), "Ada")).at(-1)), undefined);
});
