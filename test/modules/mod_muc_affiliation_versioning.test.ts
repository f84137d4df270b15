import assert from "node:assert/strict";
import { test } from "node:test";
import { childElements, getChild, xml, type Element } from "../../core/index.js";
import { openStorage } from "../../core/storage/open.js";
import type { FakeClient } from "../../core/testing/fake-client.js";
import type { TestService } from "../../core/testing/service.js";
import type { Muc } from "../../modules/mod_muc/index.js";
import { administrate, createRoom, errorOf, NS_MUC, received, ROOM, startRooms } from "../support/rooms.js";

const NS_MAV = "urn:xmpp:muc:affiliations:1";
const OPEN = { "muc#roomconfig_whois": "anyone" };

function start(options = "", more: Parameters<typeof startRooms>[1] = {}): Promise<TestService> {
  return startRooms(`modules_enabled = { "muc_affiliation_versioning" }; ${options}`, more);
}

interface Told {
  /** Versions, as `since..until`, and who has become what, of the messages before the presences. */
  readonly news: readonly { readonly versions: string; readonly items: readonly string[] }[];
  /** The version in the own presence. */
  readonly version: string | undefined;
  readonly error: string | undefined;
}

function mavOf(stanza: Element | undefined): Element | undefined {
  const x = stanza && getChild(stanza, "x", `${NS_MUC}#user`);
  return x && getChild(x, "mav", NS_MAV);
}

function versionsOf(stanza: Element | undefined): string {
  const { since = "", until = "" } = (mavOf(stanza)?.attrs ?? {}) as Record<string, string | undefined>;
  return `${since}..${until}`;
}

function itemsOf(stanza: Element): string[] {
  const x = getChild(stanza, "x", `${NS_MUC}#user`);
  return childElements(x ?? stanza).flatMap(({ name, attrs }) => {
    return name === "item" ? [`${String(attrs["jid"]).split("@")[0] ?? ""} ${String(attrs["affiliation"])}`] : [];
  });
}

/** What comes up to a stanza with that text. */
async function until(client: FakeClient, text: string): Promise<Element[]> {
  const stanzas: Element[] = [];
  while (!stanzas.at(-1)?.toString().includes(text)) stanzas.push(await client.receive());
  return stanzas;
}

/** Enters with `<mav/>`. @param since `undefined`: a bootstrap request */
async function enter(client: FakeClient, since?: string): Promise<Told> {
  client.send(
    xml(
      "presence",
      { to: `${ROOM}/${client.jid.split("@")[0] ?? ""}` },
      xml("x", NS_MUC, xml("mav", { xmlns: NS_MAV, since })),
    ),
  );
  const stanzas = [...(await until(client, 'code="110"')), ...(await received(client))];
  const first = stanzas.findIndex(({ name }) => name === "presence");
  const before = stanzas.slice(0, first);
  const own = stanzas.find((stanza) => stanza.name === "presence" && stanza.toString().includes('code="110"'));
  return {
    news: before.filter(mavOf).map((stanza) => ({ versions: versionsOf(stanza), items: itemsOf(stanza) })),
    version: mavOf(own)?.attrs["until"] as string | undefined,
    error: before.map(errorOf).find((error) => error !== undefined),
  };
}

async function leave(client: FakeClient): Promise<void> {
  client.send(xml("presence", { to: ROOM, type: "unavailable" }));
  await until(client, 'code="110"');
}

function become(ada: FakeClient, name: string, affiliation: string): ReturnType<typeof administrate> {
  return administrate(ada, { jid: name.includes(".") ? name : `${name}@example`, affiliation });
}

test("XEP-0463 §5.2.1: who comes again is told what has changed, once, or nothing", async () => {
  await using service = await start();
  const [ada, ben] = [service.client("ada@example"), service.client("ben@example")];
  await createRoom(ada, "ada", OPEN);
  for (const name of ["ben", "cleo"]) await become(ada, name, "member");
  const first = await enter(ben);
  assert.deepEqual(first.news, [{ versions: `..${first.version}`, items: ["ada owner", "ben member", "cleo member"] }]);
  await leave(ben);
  assert.deepEqual(await enter(ben, first.version), { news: [], version: first.version, error: undefined });
  await leave(ben);
  await become(ada, "dora", "member");
  await become(ada, "cleo", "none");
  await become(ada, "dora", "admin");
  const second = await enter(ben, first.version);
  assert.deepEqual(second.news, [
    { versions: `${first.version}..${second.version}`, items: ["cleo none", "dora admin"] },
  ]);
  assert.notEqual(second.version, first.version);
  const rejoined = await enter(ben, second.version);
  assert.deepEqual(rejoined, { news: [], version: second.version, error: undefined }, "also without leaving");
  await leave(ben);
  const lost = await enter(ben, "made-up");
  assert.deepEqual(lost.news, [{ versions: `..${second.version}`, items: ["ada owner", "ben member", "dora admin"] }]);
});

test("XEP-0463 §5.2.2: versions follow each other; a change of reason or nick makes none", async () => {
  await using service = await start();
  const [ada, ben] = [service.client("ada@example"), service.client("ben@example")];
  await createRoom(ada, "ada", OPEN);
  await become(ada, "ben", "member");
  const { version } = await enter(ben);
  await become(ada, "cleo", "member");
  const [one] = await received(ben);
  await administrate(ada, { jid: "cleo@example", affiliation: "member", nick: "Cleo" });
  const [same] = await received(ben);
  assert.equal(mavOf(same), undefined);
  await become(ada, "ben", "admin");
  const [two] = await received(ben);
  const between = mavOf(one)?.attrs["until"] as string;
  assert.equal(versionsOf(one), `${version}..${between}`);
  assert.match(versionsOf(two), new RegExp(`^${between}\\.\\..+`));
  await leave(ben);
  await become(ada, "ben", "none");
  assert.equal((await enter(ben, between)).error, "auth/forbidden", "outsiders see no list");
});

test("muc_affiliation_versioning_max_changes: who is further behind gets everything", async () => {
  await using service = await start("muc_affiliation_versioning_max_changes = 2");
  const [ada, ben] = [service.client("ada@example"), service.client("ben@example")];
  await createRoom(ada, "ada", OPEN);
  await become(ada, "ben", "member");
  const { version } = await enter(ben);
  await leave(ben);
  for (const name of ["c1", "c2"]) await become(ada, name, "member");
  assert.deepEqual((await enter(ben, version)).news[0]?.items, ["c1 member", "c2 member"]);
  await leave(ben);
  await become(ada, "c3", "member");
  const told = await enter(ben, version);
  assert.deepEqual(told.news, [
    { versions: `..${told.version}`, items: ["ada owner", "ben member", "c1 member", "c2 member", "c3 member"] },
  ]);
});

test("§5.2.3: everybody sees of it what they see of the lists, and no more", async () => {
  await using service = await start();
  const [ada, ben] = [service.client("ada@example"), service.client("ben@example")];
  await createRoom(ada, "ada");
  await become(ada, "ben", "admin");
  for (const [name, affiliation] of [
    ["cleo", "member"],
    ["dora", "outcast"],
    ["eve", "owner"],
  ] as const) {
    await become(ada, name, affiliation);
  }
  const first = await enter(ben);
  assert.deepEqual(first.news[0]?.items, ["cleo member", "dora outcast"], "owners and admins are owners' business");
  await leave(ben);
  await become(ada, "cleo", "owner");
  assert.deepEqual((await enter(ben, first.version)).news[0]?.items, ["cleo none"]);
  await leave(ben);
  const now = (await enter(ben)).version;
  await leave(ben);
  await become(ada, "eve", "none");
  const told = await enter(ben, now);
  assert.deepEqual(told.news, [{ versions: `..${told.version}`, items: ["dora outcast"] }], "no empty difference");
});

test("§6: nobody is told of a time at which they could not have seen it", async () => {
  await using service = await start();
  const [ada, ben, cleo] = ["ada", "ben", "cleo"].map((name) => service.client(`${name}@example`)) as [
    FakeClient,
    FakeClient,
    FakeClient,
  ];
  await createRoom(ada, "ada", OPEN);
  await become(ada, "ben", "member");
  await become(ada, "dora", "member");
  const { version } = await enter(ben);
  await become(ada, "dora", "none");
  await become(ada, "cleo", "member");
  const refused = await enter(cleo, version);
  assert.deepEqual(refused, { news: [], version: undefined, error: "auth/forbidden" });
  await leave(cleo);
  assert.deepEqual((await enter(cleo)).news[0]?.items, ["ada owner", "ben member", "cleo member"]);
});

test("who loses the right to see is told no more; nor who comes again without asking", async () => {
  await using service = await start();
  const [ada, ben] = [service.client("ada@example"), service.client("ben@example")];
  await createRoom(ada, "ada", OPEN);
  await become(ada, "ben", "member");
  await enter(ben);
  await become(ada, "ben", "none");
  assert.equal((await received(ben)).some(mavOf), false);
  await become(ada, "cleo", "member");
  assert.equal((await received(ben)).some(mavOf), false);
  await become(ada, "ben", "member");
  await received(ben);
  ben.send(xml("presence", { to: `${ROOM}/ben` }, xml("x", NS_MUC)));
  await until(ben, 'code="110"');
  await become(ada, "cleo", "none");
  assert.equal((await received(ben)).some(mavOf), false);
});

test("the ban of a domain is told as that of the domain", async () => {
  await using service = await start();
  const [ada, ben, mallory] = [
    service.client("ada@example"),
    service.client("ben@example"),
    service.client("mallory@elsewhere.example"),
  ];
  await createRoom(ada, "ada", OPEN);
  await become(ada, "ben", "owner");
  const { version } = await enter(ben);
  mallory.send(xml("presence", { to: `${ROOM}/mallory` }, xml("x", NS_MUC)));
  await until(mallory, 'code="110"');
  await received(ben);
  await become(ada, "elsewhere.example", "outcast");
  const told = (await received(ben)).filter(mavOf);
  assert.deepEqual(told.map(itemsOf), [["elsewhere.example outcast"]]);
  assert.match(versionsOf(told[0]), new RegExp(`^${version}\\.\\.`));
});

test("more than goes into a message comes in several, each from where the one before ends", async () => {
  await using service = await start();
  const ada = service.client("ada@example");
  await createRoom(ada, "ada", OPEN);
  const muc = service.service.modules.exportsOf("rooms.example", "muc") as Muc;
  const room = muc.getLiveRoomFromJid(ROOM);
  await room?.run(() => {
    for (let i = 0; i < 450; i++) room.setAffiliation(true, `user${i}@example`, "member");
  });
  const other = service.client("ada@example/other");
  const { news, version } = await enter(other);
  assert.deepEqual(
    news.map(({ items }) => items.length),
    [200, 200, 51],
  );
  assert.deepEqual(
    news.map(({ versions }) => versions),
    [`..${version}/1`, `${version}/1..${version}/2`, `${version}/2..${version}`],
  );
  assert.equal((await enter(other, `${version}/1`)).news.length, 3, "who got only so far begins anew");
});

test("versions are stored; what changed while the module was away is noticed", async () => {
  const storage = await openStorage({ driver: "memory" }, Date.now);
  const first = await start("", { storage });
  const ada = first.client("ada@example");
  await createRoom(ada, "ada", { ...OPEN, "muc#roomconfig_persistentroom": "1" });
  const { version } = await enter(first.client("ada@example/other"));
  await become(ada, "ben", "member");
  await first.stop();

  const second = await start("", { storage });
  const told = await enter(second.client("ada@example"), version);
  assert.deepEqual(told.news, [{ versions: `${version}..${told.version}`, items: ["ben member"] }]);
  await second.stop();

  const without = await startRooms("", { storage });
  await become(without.client("ada@example"), "ben", "none");
  await without.stop();

  await using third = await start("", { storage });
  const again = third.client("ada@example");
  const all = await enter(again, told.version);
  assert.deepEqual(all.news, [{ versions: `..${all.version}`, items: ["ada owner"] }]);
  assert.notEqual(all.version, told.version);
});
