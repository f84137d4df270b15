import assert from "node:assert/strict";
import { test } from "node:test";
import { getChild, xml } from "../../../core/index.js";
import type { FakeClient } from "../../../core/testing/fake-client.js";
import type { TestService } from "../../../core/testing/service.js";
import type { Muc, Room } from "../../../modules/mod_muc/index.js";
import {
  administrate,
  codesOf,
  configurationForm,
  configure,
  createRoom,
  enter,
  errorOf,
  errorText,
  received,
  request,
  ROOM,
  startRooms,
  submission,
} from "../../support/rooms.js";

const FIELD = "{urn:chorus-muc}roomconfig_confusable_nicks";
const CONFLICT = "cancel/conflict";
const LOOKS_LIKE = /looks like that of somebody else/;
/** With a Cyrillic letter. */
const [ADA, BEN] = ["\u0410da", "B\u0435n"];

interface World extends AsyncDisposable {
  readonly service: TestService;
  readonly room: Room;
  readonly ada: FakeClient;
  readonly eve: FakeClient;
}

/** A room of Ada's, who is in it; Ben is a member with a reserved nick, and is not. */
async function world(options = ""): Promise<World> {
  const service = await startRooms(`modules_enabled = { "muc_confusable_nicks" }; ${options}`);
  const [ada, eve] = [service.client("ada@example/x"), service.client("eve@example/x")];
  await createRoom(ada, "Ada");
  const room = (service.service.modules.exportsOf("rooms.example", "muc") as Muc).getLiveRoomFromJid(ROOM) as Room;
  room.setAffiliation(true, "ben@example", "member", undefined, { reserved_nickname: "Ben" });
  await received(ada);
  return { service, room, ada, eve, [Symbol.asyncDispose]: () => service[Symbol.asyncDispose]() };
}

async function entering(client: FakeClient, nick: string): Promise<string | undefined> {
  return errorOf((await enter(client, nick)).at(-1));
}

async function changing(client: FakeClient, nick: string): Promise<string | undefined> {
  client.send(xml("presence", { to: `${ROOM}/${nick}` }));
  return errorOf((await received(client)).at(-1));
}

async function registering(client: FakeClient, nick: string): ReturnType<typeof request> {
  const form = submission("http://jabber.org/protocol/muc#register", { "muc#register_roomnick": nick });
  return request(client, "set", xml("query", { xmlns: "jabber:iq:register" }, form));
}

test("who looks like a moderator who is there, or like a reserved nick, does not get in, nor gets there by a change", async () => {
  await using on = await world();
  for (const nick of [ADA, "ada", "Ada ", BEN, "BEN", "Ben\u2800"]) {
    const refused = (await enter(on.eve, nick)).at(-1);
    assert.equal(errorOf(refused), CONFLICT, JSON.stringify(nick));
    assert.match(errorText(refused) ?? "", LOOKS_LIKE);
  }
  assert.equal(await entering(on.eve, "Eve"), undefined);
  assert.equal(await changing(on.eve, ADA), CONFLICT);
  assert.equal(await changing(on.eve, "Evelyn"), undefined);
});

test("nicks of others are no matter: of participants, of moderators who have gone", async () => {
  await using on = await world();
  assert.equal(await entering(on.eve, "Eve"), undefined);
  assert.equal(await entering(on.service.client("mallory@example/x"), "\u0415ve"), undefined);
  on.ada.send(xml("presence", { to: `${ROOM}/Ada`, type: "unavailable" }));
  await received(on.ada);
  assert.equal(await changing(on.eve, ADA), undefined);
});

test("a moderator's new nick counts, the old one does not", async () => {
  await using on = await world();
  assert.equal(await changing(on.ada, "Grace"), undefined);
  assert.equal(await entering(on.eve, "Gr\u0430ce"), CONFLICT);
  assert.equal(await entering(on.eve, ADA), undefined);
});

test("one's own nicks are one's own: other sessions, a reserved one, and those of owners and admins", async () => {
  await using on = await world();
  assert.equal(await entering(on.service.client("ada@example/y"), "ada"), undefined);
  const ben = on.service.client("ben@example/x");
  assert.equal(await entering(ben, BEN), undefined, "it looks like Ben's own");
  await administrate(on.ada, { jid: "cleo@example", affiliation: "admin" });
  assert.equal(await entering(on.service.client("cleo@example/x"), "\u0412en"), undefined, "admins are trusted");
});

test("a nick that looks like another is not reserved either, by whatever way", async () => {
  await using on = await world();
  await administrate(on.ada, { jid: "eve@example", affiliation: "member" });
  for (const nick of [BEN, ADA]) {
    const [refused] = await registering(on.eve, nick);
    assert.equal(errorOf(refused), CONFLICT);
    assert.match(errorText(refused) ?? "", LOOKS_LIKE);
  }
  const [, type, condition] = on.room.setAffiliation(true, "eve@example", "member", undefined, {
    reserved_nickname: BEN,
  });
  assert.deepEqual([type, condition], ["cancel", "conflict"]);
  const [accepted] = await registering(on.eve, "Eve");
  assert.equal(accepted.attrs["type"], "result");
});

test("who has reserved a nick may use it, whoever comes later", async () => {
  await using on = await world('muc_room_default_confusable_nicks = "allow"');
  on.room.setAffiliation(true, "eve@example", "member", undefined, { reserved_nickname: BEN });
  on.room.setConfusableNicks("refuse");
  assert.equal(await entering(on.eve, BEN), undefined);
  assert.equal(await entering(on.service.client("ben@example/x"), "Ben"), undefined);
});

test("what is reserved is known from each change on, and no longer", async () => {
  await using on = await world();
  assert.equal(await entering(on.eve, BEN), CONFLICT);
  on.room.setAffiliationData("ben@example", "reserved_nickname", "Benedict");
  assert.equal(await entering(on.service.client("mallory@example/x"), BEN), undefined);
  assert.equal(await entering(on.eve, "B\u0435nedict"), CONFLICT);
  await assert.rejects(
    async () =>
      on.room.run(() => {
        on.room.setAffiliation(true, "ben@example", "none");
        throw new Error("taken back");
      }),
    /./,
  );
  assert.equal(await entering(on.eve, "B\u0435nedict"), CONFLICT, "the change was taken back");
  on.room.setAffiliation(true, "ben@example", "none");
  assert.equal(await entering(on.eve, "B\u0435nedict"), undefined);
});

test("however many people come, the affiliations are not read again for them", async () => {
  await using on = await world();
  let reads = 0;
  const read = on.room.eachAffiliation.bind(on.room);
  Object.defineProperty(on.room, "eachAffiliation", {
    value: (...args: Parameters<Room["eachAffiliation"]>) => {
      reads++;
      return read(...args);
    },
  });
  // mod_muc_register has its own index, of nicks that are the very same.
  on.room.getRegisteredJid("Ben");
  reads = 0;
  for (let count = 0; count < 5; count++) {
    await enter(on.service.client(`guest-${count}@example/x`), `Guest ${count}`);
  }
  assert.equal(reads, 0);
});

test("a nick of which nothing can be seen is refused, whatever the owner allows", async () => {
  await using on = await world('muc_room_default_confusable_nicks = "allow"');
  for (const nick of ["\u2800", "\u200D", "\u{1D159}\u2800"]) {
    const error = await entering(on.eve, nick);
    assert.ok(error === "modify/not-allowed" || error === "modify/jid-malformed", `${JSON.stringify(nick)}: ${error}`);
  }
});

test("who may not enter learns nothing of who is known here", async () => {
  await using on = await world();
  await configure(on.ada, { "muc#roomconfig_roomsecret": "tumbler" });
  assert.equal(await entering(on.eve, BEN), "auth/not-authorized");
  await administrate(on.ada, { jid: "eve@example", affiliation: "outcast" });
  assert.equal(await entering(on.eve, BEN), "auth/forbidden");
});

test("owners choose for their room; others have the default", async () => {
  for (const [options, value] of [
    ["", "refuse"],
    ['muc_room_default_confusable_nicks = "warn"', "warn"],
    ['muc_room_default_confusable_nicks = "allow"', "allow"],
  ] as const) {
    await using on = await world(options);
    assert.equal((await configurationForm(on.ada)).get(FIELD)?.getChildText("value"), value);
    const other = value === "allow" ? "refuse" : "allow";
    const [, notice] = await configure(on.ada, { [FIELD]: other });
    assert.deepEqual(codesOf(notice), ["104"]);
    assert.equal(await entering(on.eve, BEN), other === "refuse" ? CONFLICT : undefined);
    const [invalid] = await configure(on.ada, { [FIELD]: "perhaps" });
    assert.equal(errorOf(invalid), "modify/not-acceptable");
  }
});

test("warn: let in, and moderators are told, nobody else", async () => {
  await using on = await world('muc_room_default_confusable_nicks = "warn"');
  const mallory = on.service.client("mallory@example/x");
  await enter(mallory, "Mallory");
  await received(on.ada);
  const bodies = async (client: FakeClient): Promise<string[]> =>
    (await received(client)).flatMap((stanza) => getChild(stanza, "body")?.text() ?? []);
  assert.equal(await entering(on.eve, BEN), undefined);
  assert.equal(await changing(on.eve, ADA), undefined);
  const [first = "", second = ""] = await bodies(on.ada);
  assert.match(first, /“Bеn” of eve@example looks like “Ben”/u);
  assert.match(second, /“Аda” of eve@example looks like “Ada”/u);
  assert.deepEqual(await bodies(mallory), []);
  await administrate(on.ada, { jid: "eve@example", affiliation: "member" });
  await received(on.ada);
  const [answer] = await registering(on.eve, "b\u0435n");
  assert.equal(answer.attrs["type"], "result");
  assert.equal((await bodies(on.ada)).length, 1);
});
