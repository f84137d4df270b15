/** Moderators retract what others have said: one message, or all of somebody; it is gone for good, or nothing has changed. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { childElements, getChild, serialise, xml, type Element } from "../../../core/index.js";
import type { FakeClient } from "../../../core/testing/fake-client.js";
import { FakeClock } from "../../../core/testing/fake-clock.js";
import type { TestService } from "../../../core/testing/service.js";
import { FaultyDisk } from "../../../core/testing/storage-faults.js";
import { ask, say } from "../../support/archives.js";
import { settled } from "../../support/room-engine.js";
import {
  administrate,
  createRoom,
  discover,
  enter,
  errorOf,
  received,
  request,
  ROOM,
  startRooms,
} from "../../support/rooms.js";

const NS_MODERATE = "urn:xmpp:message-moderate:1";
const NS_MODERATE_0 = "urn:xmpp:message-moderate:0";
const NS_RETRACT = "urn:xmpp:message-retract:1";
const NS_RETRACT_0 = "urn:xmpp:message-retract:0";
const NS_FASTEN = "urn:xmpp:fasten:0";
const NS_BULK = "urn:chorus-muc:moderate:0";
const NS_OCCUPANT_ID = "urn:xmpp:occupant-id:0";
const PERSISTENT = { "muc#roomconfig_persistentroom": "1" };

type Options = Parameters<typeof startRooms>[1];

function start(options: Options = {}, lines = '"muc_mam", "muc_moderation"'): Promise<TestService> {
  return startRooms(`modules_enabled = { ${lines} }`, options);
}

function moderate(id: string | undefined, reason?: string): Element {
  const retract = xml("retract", { xmlns: NS_RETRACT });
  return xml("moderate", { xmlns: NS_MODERATE, id }, retract, ...(reason ? [xml("reason", {}, reason)] : []));
}

function applyTo(id: string | undefined, reason: string): Element {
  const retract = xml("retract", { xmlns: NS_RETRACT_0 });
  const content = xml("moderate", { xmlns: NS_MODERATE_0 }, retract, xml("reason", {}, reason));
  return xml("apply-to", { xmlns: NS_FASTEN, id }, content);
}

function retractAll(attributes: Readonly<Record<string, string>>): Element {
  return xml("retract-all", { xmlns: NS_BULK, ...attributes }, xml("reason", {}, "spam"));
}

function contentOf(stanza: Element): string | undefined {
  if (getChild(stanza, "retracted", NS_RETRACT)) return "gone";
  if (getChild(stanza, "retract", NS_RETRACT)) return "retraction";
  return stanza.getChildText("body") ?? undefined;
}

async function archived(client: FakeClient): Promise<string[]> {
  return (await ask(client, { rsm: { max: "50" } })).results.flatMap(({ stanza }) => contentOf(stanza) ?? []);
}

async function pastOf(service: TestService, name: string): Promise<string[]> {
  return (await enter(service.client(`${name}@example`), name)).flatMap((stanza) => contentOf(stanza) ?? []);
}

/** The occupant id that somebody has in the room. */
async function occupantIdIn(stanzas: readonly Element[], nick: string): Promise<string> {
  const presence = stanzas.find(({ attrs }) => attrs["from"] === `${ROOM}/${nick}`);
  return String(presence && getChild(presence, "occupant-id", NS_OCCUPANT_ID)?.attrs["id"]);
}

/** A room with a moderator and somebody who has said something. */
async function prepared(
  service: TestService,
  texts: readonly string[],
): Promise<{ ada: FakeClient; ben: FakeClient; ids: string[]; benId: string }> {
  const [ada, ben] = [service.client("ada@example"), service.client("ben@example")];
  await createRoom(ada, "Ada", PERSISTENT);
  const benId = await occupantIdIn(await enter(ben, "Ben"), "Ben");
  const ids = await say(ben, ...texts);
  await received(ada);
  return { ada, ben, ids, benId };
}

for (const [version, payload] of [
  ["0.3", (id: string) => moderate(id, "not here")],
  ["0.2", (id: string) => applyTo(id, "not here")],
] as const) {
  test(`XEP-0425 ${version}: everybody is told in the words of both versions, and a tombstone stays`, async () => {
    await using service = await start();
    const { ada, ben, ids } = await prepared(service, ["spam", "ham"]);
    const [id = ""] = ids;
    const [answer, told] = await request(ada, "set", payload(id));
    assert.deepEqual([answer.attrs["type"], answer.children.length], ["result", 0]);
    const [heard] = await received(ben);
    assert.ok(told && heard);
    for (const stanza of [told, heard]) {
      assert.deepEqual([stanza.attrs["from"], stanza.attrs["type"]], [ROOM, "groupchat"]);
      const retract = getChild(stanza, "retract", NS_RETRACT);
      assert.ok(retract && retract.attrs["id"] === id);
      const moderated = getChild(retract, "moderated", NS_MODERATE);
      assert.equal(moderated?.attrs["by"], `${ROOM}/Ada`);
      assert.ok(getChild(moderated, "occupant-id", NS_OCCUPANT_ID));
      assert.equal(getChild(retract, "reason", NS_RETRACT)?.text(), "not here");
      const fastened = getChild(stanza, "apply-to", NS_FASTEN);
      assert.ok(fastened && fastened.attrs["id"] === id);
      const before = getChild(fastened, "moderated", NS_MODERATE_0);
      assert.ok(before && before.attrs["by"] === `${ROOM}/Ada`);
      assert.ok(getChild(before, "retract", NS_RETRACT_0));
      assert.equal(getChild(before, "reason", NS_MODERATE_0)?.text(), "not here");
    }
    const { results } = await ask(ada);
    const [tombstone] = results;
    assert.ok(tombstone?.id === id);
    assert.equal(tombstone.stanza.attrs["from"], `${ROOM}/Ben`);
    const retracted = getChild(tombstone.stanza, "retracted", NS_RETRACT);
    assert.ok(retracted);
    assert.equal(retracted.attrs["id"], told.attrs["id"]);
    assert.equal(getChild(retracted, "moderated", NS_MODERATE)?.attrs["by"], `${ROOM}/Ada`);
    assert.equal(getChild(retracted, "reason", NS_RETRACT)?.text(), "not here");
    const before = getChild(tombstone.stanza, "moderated", NS_MODERATE_0);
    assert.ok(before && getChild(before, "retracted", NS_RETRACT_0)?.attrs["stamp"]);
    assert.doesNotMatch(results.map(({ stanza }) => serialise(stanza)).join(""), /spam/);
    assert.deepEqual(await pastOf(service, "cy"), ["gone", "ham", "retraction"]);
    const { features } = await discover(ben);
    for (const feature of [NS_MODERATE, NS_MODERATE_0, NS_RETRACT, `${NS_RETRACT}#tombstone`, NS_BULK]) {
      assert.ok(features.has(feature), feature);
    }
  });
}

test("moderators may, in the room and out of it; nobody else", async () => {
  await using service = await start();
  const { ada, ben, ids } = await prepared(service, ["1", "2", "3"]);
  const cy = service.client("cy@example");
  for (const client of [ben, cy]) {
    for (const payload of [moderate(ids[0]), applyTo(ids[0], ""), retractAll({ "occupant-id": "x", minutes: "5" })]) {
      assert.equal(errorOf((await request(client, "set", payload))[0]), "auth/forbidden");
    }
  }
  assert.deepEqual(await received(ada), []);
  await administrate(ada, { nick: "Ben", role: "moderator" });
  const [first] = await request(ben, "set", moderate(ids[0]));
  assert.equal(first.attrs["type"], "result", "his own, too");
  ada.send(xml("presence", { to: `${ROOM}/Ada`, type: "unavailable" }));
  await received(ada);
  await received(ben);
  const [second] = await request(ada, "set", moderate(ids[1]));
  assert.equal(second.attrs["type"], "result", "the owner would be one on entering");
  const [told] = await received(ben);
  const retract = told && getChild(told, "retract", NS_RETRACT);
  assert.ok(retract);
  assert.equal(getChild(retract, "moderated", NS_MODERATE)?.attrs["by"], undefined, "and has no nick now");
  assert.equal(getChild(retract, "reason", NS_RETRACT), undefined);
});

test("what cannot be done is told; what was done already is done", async () => {
  await using service = await start();
  const { ada, ben, ids } = await prepared(service, ["1"]);
  const [id = ""] = ids;
  const error = async (payload: Element): Promise<string | undefined> =>
    errorOf((await request(ada, "set", payload))[0]);
  assert.equal(await error(moderate("unknown")), "cancel/item-not-found");
  assert.equal(await error(moderate(undefined)), "modify/bad-request");
  assert.equal(await error(applyTo(undefined, "")), "modify/bad-request");
  assert.equal(await error(xml("moderate", { xmlns: NS_MODERATE, id })), "modify/bad-request");
  const other = xml("moderate", { xmlns: NS_MODERATE, id }, xml("edit", { xmlns: "urn:example" }));
  assert.equal(await error(other), "cancel/feature-not-implemented");
  assert.equal(await error(xml("apply-to", { xmlns: NS_FASTEN, id })), "cancel/service-unavailable");
  const wrongs: Readonly<Record<string, string>>[] = [
    {},
    { minutes: "5" },
    { "occupant-id": "x" },
    { "occupant-id": "x", minutes: "0" },
    { "occupant-id": "x", minutes: "-1" },
    { "occupant-id": "x", minutes: "9999999999" },
    { "occupant-id": "x", minutes: "soon" },
  ];
  for (const wrong of wrongs) {
    assert.equal(await error(retractAll(wrong)), "modify/bad-request", JSON.stringify(wrong));
  }
  assert.deepEqual(await received(ben), [], "nobody was told anything");
  assert.equal(await error(moderate(id)), undefined);
  const [told] = await received(ben);
  assert.ok(told);
  const [again, ...others] = await request(ada, "set", moderate(id));
  assert.deepEqual([again.attrs["type"], others.length], ["result", 0]);
  const announcementId = childElements(told).find(({ name }) => name === "stanza-id")?.attrs["id"] as string;
  assert.equal(await error(moderate(announcementId)), "cancel/not-allowed");
  assert.deepEqual(await archived(ada), ["gone", "retraction"]);
});

test("nobody but the room says that something was moderated", async () => {
  await using service = await start();
  const { ada, ben, ids } = await prepared(service, ["1"]);
  const by = `${ROOM}/Ada`;
  const moderated = (xmlns: string): Element =>
    xml("moderated", { xmlns, by }, xml("retract", { xmlns: NS_RETRACT_0 }));
  ben.send(
    xml(
      "message",
      { to: ROOM, type: "groupchat" },
      xml("body", {}, "forged"),
      xml("apply-to", { xmlns: NS_FASTEN, id: ids[0] }, moderated(NS_MODERATE_0)),
      moderated(NS_MODERATE),
      moderated(NS_MODERATE_0),
      xml("apply-to", { xmlns: NS_FASTEN, id: ids[0] }, xml("reaction", { xmlns: "urn:example" })),
    ),
  );
  const heard = await ada.receive();
  assert.deepEqual(
    childElements(heard).map(({ name }) => name),
    ["body", "apply-to", "occupant-id", "stanza-id"],
  );
});

test("all that somebody has said lately, under any nick, banned or gone; nothing of others, and nothing older", async () => {
  const clock = new FakeClock(Date.UTC(2025, 0, 1));
  await using service = await start({ clock });
  const { ada, ben, benId } = await prepared(service, ["old"]);
  clock.advanceSeconds(3600);
  const ids = await say(ben, "1");
  ben.send(xml("presence", { to: `${ROOM}/Benedict` }));
  ids.push(...(await say(ben, "2")));
  await say(ada, "mine");
  ids.push(...(await say(ben, "3")).slice(-1));
  await administrate(ada, { jid: "ben@example", affiliation: "outcast" });
  await received(ada);
  const [answer, ...told] = await request(ada, "set", retractAll({ "occupant-id": benId, minutes: "30" }));
  const result = getChild(answer, "retracted", NS_BULK);
  assert.deepEqual([result?.attrs["count"], result?.attrs["complete"]], ["3", "true"]);
  const retracted = told.map((stanza) => String(getChild(stanza, "retract", NS_RETRACT)?.attrs["id"]));
  assert.deepEqual(retracted, ids, "in the order in which they were said, though all in one moment");
  assert.deepEqual(told.map(contentOf), ["retraction", "retraction", "retraction"]);
  assert.deepEqual(await archived(ada), [
    "old",
    "gone",
    "gone",
    "mine",
    "gone",
    ...Array<string>(3).fill("retraction"),
  ]);
  assert.deepEqual(await pastOf(service, "cy"), [
    "old",
    "gone",
    "gone",
    "mine",
    "gone",
    ...Array<string>(3).fill("retraction"),
  ]);
  const [again] = await request(ada, "set", retractAll({ "occupant-id": benId, minutes: "30" }));
  assert.equal(getChild(again, "retracted", NS_BULK)?.attrs["count"], "0");
});

test("without an archive, what the history has", async () => {
  await using service = await start({}, '"muc_moderation"');
  const { ada, ids, benId } = await prepared(service, ["1", "2", "3"]);
  assert.equal((await request(ada, "set", moderate(ids[0])))[0].attrs["type"], "result");
  const [answer] = await request(ada, "set", retractAll({ "occupant-id": benId, minutes: "5" }));
  assert.equal(getChild(answer, "retracted", NS_BULK)?.attrs["count"], "2");
  assert.deepEqual(await pastOf(service, "cy"), ["gone", "gone", "gone", ...Array<string>(3).fill("retraction")]);
});

test("no result before the tombstones are on disk, and they survive a power cut", async () => {
  const disk = new FaultyDisk();
  const first = await start({ storage: await disk.open() });
  const { ada, ben, benId } = await prepared(first, ["1", "2"]);
  await settled(first);
  ben.inbox.takeAll();
  ada.inbox.takeAll();
  using held = disk.holdSyncedCommits();
  ada.send(xml("iq", { type: "set", id: "all", to: ROOM }, retractAll({ "occupant-id": benId, minutes: "5" })));
  await held.arrived();
  await new Promise(setImmediate);
  assert.deepEqual([ada.inbox.size, ben.inbox.size], [0, 0]);
  held.release();
  assert.deepEqual(contentOf(await ada.receive()), "retraction");
  assert.deepEqual(contentOf(await ada.receive()), "retraction");
  assert.equal((await ada.receive()).attrs["id"], "all");
  await disk.cutPower();
  await first.stop();
  await using second = await start({ storage: await disk.open() });
  assert.deepEqual(await archived(second.client("cy@example")), ["gone", "gone", "retraction", "retraction"]);
  assert.deepEqual(await pastOf(second, "dot"), ["gone", "gone", "retraction", "retraction"]);
});

test("what cannot be written has not happened: an error, once, and everything is as before", async () => {
  const disk = new FaultyDisk();
  await using service = await start({ storage: await disk.open() });
  const { ada, ben, ids } = await prepared(service, ["1"]);
  await settled(service);
  disk.failSyncedCommits();
  const [answer, ...others] = await request(ada, "set", moderate(ids[0]));
  assert.equal(errorOf(answer), "cancel/internal-server-error");
  assert.deepEqual(others, []);
  disk.repair();
  assert.deepEqual(await received(ben), []);
  assert.deepEqual(await archived(ada), ["1"]);
  assert.deepEqual(await pastOf(service, "cy"), ["1"]);
});
