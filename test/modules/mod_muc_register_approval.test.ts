/** Registrations that admins approve: what happens to a request meanwhile. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { getChild, xml, type Element, type Storage } from "../../core/index.js";
import { openStorage } from "../../core/storage/open.js";
import type { FakeClient } from "../../core/testing/fake-client.js";
import type { TestService } from "../../core/testing/service.js";
import { FaultyDisk } from "../../core/testing/storage-faults.js";
import type { Muc } from "../../modules/mod_muc/muc-api.js";
import {
  administrate,
  configurationForm,
  createRoom,
  enter,
  errorOf,
  errorText,
  hook,
  received,
  request,
  ROOM,
  startRooms,
  submission,
  type Fields,
} from "../support/rooms.js";

const WITH_APPROVAL = 'modules_enabled = { "muc_register_approval" }; muc_room_default_registration_approval = true';
const NS_REGISTER = "jabber:iq:register";
const FORM_TYPE = "http://jabber.org/protocol/muc#register";
const NICK = "muc#register_roomnick";

interface People {
  readonly service: TestService;
  readonly ada: FakeClient;
  readonly ben: FakeClient;
  readonly cleo: FakeClient;
}

/** A room of Ada's, who is in it. */
async function clubhouse(component = "", fields: Fields = {}, options: { storage?: Storage } = {}): Promise<People> {
  const service = await startRooms(`${WITH_APPROVAL}; ${component}`, options);
  const [ada, ben, cleo] = [
    service.client("ada@example"),
    service.client("ben@example"),
    service.client("cleo@example"),
  ];
  await createRoom(ada, "Ada", fields);
  return { service, ada, ben, cleo };
}

function ask(client: FakeClient, nick: string, more: Fields = {}): Promise<Element> {
  const query = xml("query", { xmlns: NS_REGISTER }, submission(FORM_TYPE, { [NICK]: nick, ...more }));
  return request(client, "set", query).then(([answer]) => answer);
}

async function registeredNick(client: FakeClient): Promise<string | undefined> {
  const [answer] = await request(client, "get", xml("query", { xmlns: NS_REGISTER }));
  return getChild(answer, "query", NS_REGISTER)?.getChildText("username") ?? undefined;
}

/** The forms among stanzas: who asks for which nick. */
function requestsIn(stanzas: readonly Element[]): string[] {
  return stanzas.flatMap((stanza) => {
    const x = stanza.name === "message" && getChild(stanza, "x", "jabber:x:data");
    if (!x) return [];
    const value = (name: string): string =>
      x
        .getChildren("field")
        .find(({ attrs }) => attrs["var"] === name)
        ?.getChildText("value") ?? "";
    return [`${value("muc#jid")} ${value(NICK)}`];
  });
}

/** Answers a request, and takes in what comes of it. */
function decide(client: FakeClient, jid: string, nick: string, allow: "0" | "1"): Promise<Element[]> {
  const form = submission(FORM_TYPE, { "muc#jid": jid, [NICK]: nick, "muc#register_allow": allow });
  client.send(xml("message", { to: ROOM }, form));
  return received(client);
}

/** The error that an answer to a request is answered with. */
async function refusal(client: FakeClient, jid: string, nick: string): Promise<string | undefined> {
  const form = submission(FORM_TYPE, { "muc#jid": jid, [NICK]: nick, "muc#register_allow": "1" });
  client.send(xml("message", { to: ROOM }, form));
  for (;;) {
    const error = errorOf(await client.receive());
    if (error !== undefined) return error;
  }
}

function texts(stanzas: readonly Element[]): string[] {
  return stanzas.flatMap((stanza) => stanza.getChildText("body") ?? []);
}

test("muc_room_default_registration_approval, and the owner's choice", async () => {
  for (const [option, shown] of [
    ["", "0"],
    ["muc_room_default_registration_approval = true", "1"],
  ] as const) {
    await using service = await startRooms(`modules_enabled = { "muc_register_approval" }; ${option}`);
    const ada = service.client("ada@example");
    await createRoom(ada, "Ada");
    const field = (await configurationForm(ada)).get("{urn:chorus-muc}roomconfig_registration_approval");
    assert.equal(field?.getChildText("value"), shown);
  }
});

test("a request survives a restart of the service, and is put to the admins again", async () => {
  const storage = await openStorage({ driver: "memory" }, Date.now);
  const { service, ada, ben } = await clubhouse("", { "muc#roomconfig_persistentroom": "1" }, { storage });
  await ask(ben, "Ben");
  assert.deepEqual(requestsIn(await received(ada)), ["ben@example Ben"]);
  await service.stop();
  await using again = await startRooms(WITH_APPROVAL, { storage });
  const [adaAgain, benAgain] = [again.client("ada@example"), again.client("ben@example")];
  assert.deepEqual(requestsIn(await enter(adaAgain, "Ada")), ["ben@example Ben"]);
  await decide(adaAgain, "ben@example", "Ben", "1");
  assert.equal(await registeredNick(benAgain), "Ben");
});

test("a request that cannot be written was not made", async () => {
  const disk = new FaultyDisk();
  const storage = await disk.open();
  const { service, ada, ben } = await clubhouse("", { "muc#roomconfig_persistentroom": "1" }, { storage });
  await using _ = service;
  disk.failSyncedCommits();
  assert.equal(errorOf(await ask(ben, "Ben")), "cancel/internal-server-error");
  disk.repair();
  assert.deepEqual(requestsIn(await received(ada)), []);
  assert.equal(await refusal(ada, "ben@example", "Ben"), "cancel/item-not-found");
});

test("a grant that cannot be written leaves the request as it was", async () => {
  const disk = new FaultyDisk();
  const storage = await disk.open();
  const { service, ada, ben } = await clubhouse("", { "muc#roomconfig_persistentroom": "1" }, { storage });
  await using _ = service;
  await ask(ben, "Ben");
  await received(ada);
  disk.failSyncedCommits();
  assert.equal(await refusal(ada, "ben@example", "Ben"), "cancel/internal-server-error");
  disk.repair();
  assert.equal(await registeredNick(ben), undefined);
  await decide(ada, "ben@example", "Ben", "1");
  assert.equal(await registeredNick(ben), "Ben");
});

test("who is banned, or made a member otherwise, has no request any longer", async () => {
  const { service, ada, ben, cleo } = await clubhouse();
  await using _ = service;
  await ask(ben, "Ben");
  await ask(cleo, "Cleo");
  await administrate(ada, { affiliation: "outcast", jid: "ben@example" });
  await administrate(ada, { affiliation: "member", jid: "cleo@example" });
  assert.equal(await refusal(ada, "ben@example", "Ben"), "cancel/item-not-found");
  assert.equal(await refusal(ada, "cleo@example", "Cleo"), "cancel/item-not-found");
  assert.equal(errorOf(await ask(ben, "Ben")), "auth/forbidden");
  await ask(cleo, "Cleo");
  assert.equal(await registeredNick(cleo), "Cleo", "a member reserves a nick without asking");
});

test("a nick that is taken by now: the admin and the user are told, and nobody becomes a member", async () => {
  const { service, ada, ben, cleo } = await clubhouse();
  await using _ = service;
  for (const client of [ben, cleo]) client.send(xml("presence"));
  await ask(ben, "Ace");
  await ask(cleo, "Ace");
  assert.deepEqual(requestsIn(await received(ada)), ["ben@example Ace", "cleo@example Ace"]);
  await decide(ada, "ben@example", "Ace", "1");
  assert.match(texts(await received(ben)).join(), /approved.*Ace/);
  assert.equal(await refusal(ada, "cleo@example", "Ace"), "cancel/conflict");
  assert.match(texts(await received(cleo)).join(), /Ace is taken/);
  assert.equal(await registeredNick(cleo), undefined);
  assert.equal(errorOf(await ask(cleo, "Ace")), "cancel/conflict");
  assert.equal((await ask(cleo, "Clio")).attrs["type"], "result");
});

test("a refusal by another module is the answer to the admin, and the request stays", async () => {
  const { service, ada, ben } = await clubhouse();
  await using _ = service;
  await ask(ben, "Ben");
  let isBusy = true;
  hook(service, "muc-pre-set-affiliation", async (event) => {
    await Promise.resolve();
    if (isBusy) event.allowed = false;
    return undefined;
  });
  assert.equal(await refusal(ada, "ben@example", "Ben"), "cancel/not-allowed");
  isBusy = false;
  await decide(ada, "ben@example", "Ben", "1");
  assert.equal(await registeredNick(ben), "Ben");
});

test("who becomes an admin in the room is asked; who is one need not be in it to answer", async () => {
  const { service, ada, ben, cleo } = await clubhouse();
  await using _ = service;
  await ask(ben, "Ben");
  await enter(cleo, "Cleo");
  await received(ada);
  await administrate(ada, { affiliation: "admin", jid: "cleo@example" });
  assert.deepEqual(requestsIn(await received(cleo)), ["ben@example Ben"]);
  assert.deepEqual(requestsIn(await received(ada)), [], "only they");
  cleo.send(xml("presence", { to: ROOM, type: "unavailable" }));
  await decide(cleo, "ben@example", "Ben", "1");
  assert.equal(await registeredNick(ben), "Ben");
});

test("a room that is made again knows nothing of requests to the one before", async () => {
  const { service, ada, ben } = await clubhouse("muc_tombstones = false", { "muc#roomconfig_persistentroom": "1" });
  await using _ = service;
  await ask(ben, "Ben");
  const destroy = xml("query", { xmlns: "http://jabber.org/protocol/muc#owner" }, xml("destroy"));
  await request(ada, "set", destroy);
  await createRoom(ada, "Ada");
  assert.equal(await refusal(ada, "ben@example", "Ben"), "cancel/item-not-found");
});

test("requests are limited in number and length", async () => {
  const { service, ben, cleo } = await clubhouse("muc_registration_requests = 1");
  await using _ = service;
  service.host("rooms.example").published.add("muc-registration-field", { name: "why", type: "text-multi" }, "test");
  const answer = await ask(ben, "Ben", { why: "x".repeat(20_000) });
  assert.equal(errorOf(answer), "modify/not-acceptable");
  assert.equal(errorText(answer), "The form is too long");
  assert.equal((await ask(ben, "Ben")).attrs["type"], "result");
  assert.equal(errorOf(await ask(cleo, "Cleo")), "wait/resource-constraint");
  assert.equal((await ask(ben, "Benny")).attrs["type"], "result", "in place of the first");
});

test("fields of other modules are shown to who decides, and what modules make of them is stored", async () => {
  const { service, ada, ben } = await clubhouse();
  await using _ = service;
  service
    .host("rooms.example")
    .published.add("muc-registration-field", { name: "why", type: "text-multi", label: "Why", required: true }, "test");
  hook(service, "muc-registration-submitted", ({ submittedData, affiliationData }) => {
    affiliationData["why"] = submittedData["why"];
    return undefined;
  });
  assert.equal(errorOf(await ask(ben, "Ben")), "modify/bad-request");
  await ask(ben, "Ben", { why: ["I sing", "and dance"] });
  const [message] = await received(ada);
  const why = getChild(message as Element, "x", "jabber:x:data")
    ?.getChildren("field")
    .find(({ attrs }) => attrs["var"] === "why");
  assert.equal(why?.attrs["label"], "Why");
  assert.deepEqual(
    why?.getChildren("value").map((value) => value.text()),
    ["I sing", "and dance"],
  );
  await decide(ada, "ben@example", "Ben", "1");
  assert.equal(await registeredNick(ben), "Ben");
  let stored: unknown;
  hook(service, "muc-occupant-pre-join", ({ room }) => {
    stored = room.getAffiliationData("ben@example", "why");
    return undefined;
  });
  await enter(ben, "Ben");
  assert.deepEqual(stored, ["I sing", "and dance"]);
});

test("with muc_affiliation_notice, too, who is let in is told once", async () => {
  const component = 'modules_enabled = { "muc_register_approval", "muc_affiliation_notice" }';
  const { service, ada, ben, cleo } = await clubhouse(component);
  await using _ = service;
  for (const client of [ben, cleo]) client.send(xml("presence"));
  await ask(ben, "Ben");
  await ask(cleo, "Cleo");
  await decide(ada, "ben@example", "Ben", "1");
  assert.deepEqual(texts(await received(ben)), [
    `Your registration with ${ROOM} was approved: you are a member, and your nickname is Ben.`,
  ]);
  await administrate(ada, { affiliation: "member", jid: "cleo@example", nick: "Clio" });
  assert.deepEqual(texts(await received(cleo)), [`You are now a member of ${ROOM}`]);
});

test("what is kept of somebody is as it was when the request was granted, not when it was made", async () => {
  const { service, ada, ben } = await clubhouse();
  await using _ = service;
  const room = (service.service.modules.exportsOf("rooms.example", "muc") as Muc).getLiveRoomFromJid(ROOM);
  assert.ok(room);
  room.setAffiliationData("ben@example", "before", "taken back");
  await ask(ben, "Ben");
  room.setAffiliationData("ben@example", "before", undefined);
  room.setAffiliationData("ben@example", "since", "given");
  await decide(ada, "ben@example", "Ben", "1");
  assert.deepEqual(room.getAffiliationData("ben@example"), { since: "given", reserved_nickname: "Ben" });
});
