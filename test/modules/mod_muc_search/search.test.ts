/** Channel search (XEP-0433) over many rooms, none of which is loaded for it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { childElements, childText, getChild, xml, type Element } from "../../../core/index.js";
import { openStorage } from "../../../core/storage/open.js";
import type { Storage } from "../../../core/storage/store.js";
import type { FakeClient } from "../../../core/testing/fake-client.js";
import { NS_RSM, type Muc } from "../../../modules/mod_muc/index.js";
import { countCalls } from "../../support/count-calls.js";
import {
  configure,
  createRoom,
  errorOf,
  request,
  ROOM,
  startRooms,
  submission,
  type Fields,
} from "../../support/rooms.js";

const HOST = "rooms.example";
const NS = "urn:xmpp:channel-search:0";
const BY_ADDRESS = { key: `{${NS}:order}address` };
const ENABLED = `modules_enabled = { "muc_search" }`;
const PUBLIC: Fields = { "muc#roomconfig_publicroom": "1", "muc#roomconfig_persistentroom": "1" };

interface Found {
  readonly answer: Element;
  readonly rooms: readonly string[];
  readonly last: string | undefined;
  readonly count: string | undefined;
  readonly descriptions: readonly (string | undefined)[];
}

async function search(client: FakeClient, fields: Fields, rsm: Readonly<Record<string, string>> = {}): Promise<Found> {
  const set = xml("set", NS_RSM, ...Object.entries(rsm).map(([name, text]) => xml(name, {}, text)));
  const query = xml("search", `${NS}:search`, set, submission(`${NS}:search-params`, fields));
  client.send(xml("iq", { type: "get", to: HOST, id: "search" }, query));
  const answer = await client.receive();
  const result = getChild(answer, "result", `${NS}:search`);
  const items = result ? childElements(result).filter(({ name }) => name === "item") : [];
  const page = result && getChild(result, "set", NS_RSM);
  return {
    answer,
    rooms: items.map(({ attrs }) => String(attrs["address"])),
    last: page && childText(page, "last", NS_RSM),
    count: page && childText(page, "count", NS_RSM),
    descriptions: items.map((item) => childText(item, "description", `${NS}:search`)),
  };
}

/** Rooms as an earlier version has stored them: of public ones the list has names only. */
async function stored(count: number): Promise<Storage> {
  const storage = await openStorage({ driver: "memory" });
  const rooms = storage.openStore(HOST, "config");
  const all = storage.openStore<boolean, "map">(HOST, "persistent", "map");
  const list = storage.openStore<string, "map">(HOST, "public_rooms", "map");
  for (let i = 0; i < count; i++) {
    const node = `n${String(i).padStart(4, "0")}`;
    const jid = `${node}@${HOST}`;
    const _data = {
      persistent: true,
      name: i % 2 === 0 ? "even" : "odd",
      description: `Number ${i}`,
      ...(i % 10 === 0 && { password: "secret" }),
    };
    void rooms.set(node, { _jid: jid, _data, _affiliations: {} });
    void all.set(null, jid, true);
    void list.set(null, jid, _data.name);
  }
  await storage.idle();
  return storage;
}

test("of 1,000 stored rooms none is loaded for a search: each page reads the list once", async () => {
  const calls: string[] = [];
  const storage = countCalls(await stored(1000), calls);
  await using service = await startRooms(ENABLED, { storage });
  const ada = service.client("ada@example");
  await search(ada, { q: "even" }); // the first makes the entries
  calls.length = 0;
  const seen: string[] = [];
  for (let last: string | undefined, page: Found | undefined; page?.rooms.length !== 0; last = page.last) {
    page = await search(ada, { q: "even", ...BY_ADDRESS }, { max: "70", ...(last !== undefined && { after: last }) });
    assert.equal(page.count, "500");
    seen.push(...page.rooms);
  }
  assert.equal(new Set(seen).size, 500);
  assert.deepEqual(seen, [...seen].sort());
  assert.deepEqual(new Set(calls), new Set(["public_rooms.get", "public_rooms.entries"]));
  assert.ok(calls.length < 40, String(calls.length));
  assert.deepEqual((await search(ada, { q: "number 123" })).rooms, [`n0123@${HOST}`]);
  assert.deepEqual((await search(ada, { q: "number 500" })).rooms, [], "of a room with a password");
  assert.deepEqual((service.service.modules.exportsOf(HOST, "muc") as Muc).liveRooms(), []);
});

test("a list of names, left by an earlier version, is made anew once", async () => {
  const calls: string[] = [];
  const storage = countCalls(await stored(3), calls);
  const first = await startRooms(ENABLED, { storage });
  await search(first.client("ada@example"), { all: "1" });
  await first.stop();
  assert.equal(calls.filter((call) => call === "config.get").length, 3);
  calls.length = 0;
  await using service = await startRooms(ENABLED, { storage });
  assert.deepEqual(
    calls.filter((call) => call.startsWith("config.")),
    [],
  );
  const found = await search(service.client("ada@example"), { all: "1", ...BY_ADDRESS });
  assert.deepEqual(found.descriptions, [undefined, "Number 1", "Number 2"]);
});

test("after a restart, and after a change, it knows what the room says of itself now", async () => {
  const storage = await openStorage({ driver: "memory" });
  const before = await startRooms(ENABLED, { storage });
  const describe = { ...PUBLIC, "muc#roomconfig_roomdesc": "Übersicht" };
  await createRoom(before.client("ada@example"), "Ada", describe);
  await before.stop();
  await using service = await startRooms(ENABLED, { storage });
  const [ada, ben] = [service.client("ada@example"), service.client("ben@example")];
  assert.deepEqual((await search(ben, { q: "ubersicht" })).rooms, [ROOM], "accents make no difference");
  await configure(ada, { "muc#roomconfig_roomsecret": "x" });
  assert.deepEqual((await search(ben, { q: "ubersicht" })).rooms, []);
  assert.deepEqual((await search(ben, { all: "1" })).descriptions, [undefined]);
  await configure(ada, { "muc#roomconfig_roomsecret": "" });
  assert.deepEqual((await search(ben, { all: "1" })).descriptions, ["Übersicht"]);
  await configure(ada, { "muc#roomconfig_publicroom": "0" });
  assert.deepEqual((await search(ben, { all: "1" })).rooms, []);
});

test("pages have at most muc_search_max_results rooms", async () => {
  const storage = await stored(20);
  await using service = await startRooms(`${ENABLED}\nmuc_search_max_results = 7`, { storage });
  const ada = service.client("ada@example");
  for (const rsm of [{ max: "15" }, { max: "7" }]) {
    const { rooms, count } = await search(ada, { all: "1" }, rsm);
    assert.deepEqual([rooms.length, count], [7, "20"]);
  }
  assert.deepEqual((await search(ada, { all: "1" }, { max: "0" })).rooms, []);
  const end = await search(ada, { all: "1", ...BY_ADDRESS }, { before: "" });
  assert.deepEqual([end.rooms[0], end.rooms.length], [`n0013@${HOST}`, 7]);
});

test("muc_search_allow_all = false: the whole list is not for the asking", async () => {
  await using service = await startRooms(`${ENABLED}\nmuc_search_allow_all = false`, { storage: await stored(3) });
  const ada = service.client("ada@example");
  const { answer } = await search(ada, { all: "1" });
  assert.equal(errorOf(answer), "cancel/not-allowed");
  assert.match(String(answer), /<full-set-retrieval-rejected xmlns="urn:xmpp:channel-search:0:error"\/>/);
  assert.equal((await search(ada, { q: "even" })).rooms.length, 2);
  const [form] = await request(ada, "get", xml("search", `${NS}:search`), HOST);
  assert.doesNotMatch(String(form), /var="all"/);
});

test("who may not list rooms may not search them", async () => {
  const options = `${ENABLED}\nremove_permissions = { ["prosody:guest"] = { "muc:list-rooms" } }`;
  await using service = await startRooms(options, { storage: await stored(3) });
  const { answer } = await search(service.client("eve@elsewhere.example"), { all: "1" });
  assert.equal(errorOf(answer), "auth/forbidden");
});
