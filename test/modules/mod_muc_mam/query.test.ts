import assert from "node:assert/strict";
import { test } from "node:test";
import { childElements, getChild, xml } from "../../../core/index.js";
import { FakeClock } from "../../../core/testing/fake-clock.js";
import { openStorage } from "../../../core/storage/open.js";
import { ask, bodies, idOf, NS_MAM, placeOf, queryElement, say, startArchives } from "../../support/archives.js";
import { createRoom, discover, enter, errorOf, errorText, received, request, ROOM } from "../../support/rooms.js";

test("XEP-0313 §4: results in order, each with its id and time, then the end", async () => {
  const clock = new FakeClock(Date.UTC(2025, 5, 1, 12, 0, 0, 250));
  await using service = await startArchives("", { clock });
  const [ada, ben] = [service.client("ada@example"), service.client("ben@example")];
  await createRoom(ada, "Ada");
  const [first] = await say(ada, "one");
  clock.advanceSeconds(60);
  const [second] = await say(ada, "two");
  const answer = await ask(ben, { queryid: "q7" });
  assert.deepEqual(
    answer.results.map(({ id, body, stamp }) => [id, body, stamp]),
    [
      [first, "one", "2025-06-01T12:00:00.250Z"],
      [second, "two", "2025-06-01T12:01:00.250Z"],
    ],
  );
  for (const { stanza, message } of answer.results) {
    assert.deepEqual([message.attrs["from"], message.attrs["to"]], [ROOM, ben.jid]);
    assert.equal(getChild(message, "result", NS_MAM)?.attrs["queryid"], "q7");
    assert.equal(stanza.attrs["xmlns"], "jabber:client");
    assert.equal(stanza.attrs["from"], `${ROOM}/Ada`);
    assert.equal(stanza.attrs["to"], undefined);
  }
  const { complete, index, count, last } = answer;
  assert.deepEqual([answer.first, last, complete, index, count], [first, second, true, "0", "2"]);
});

test("every message carries the room's id, and nobody else's in its name", async () => {
  await using service = await startArchives();
  const [ada, ben] = [service.client("ada@example"), service.client("ben@example")];
  await createRoom(ada, "Ada");
  await enter(ben, "Ben");
  await received(ada);
  const forged = xml("stanza-id", { xmlns: "urn:xmpp:sid:0", by: ROOM, id: "forged" });
  const foreign = xml("stanza-id", { xmlns: "urn:xmpp:sid:0", by: "ada@example", id: "mine" });
  const origin = xml("origin-id", { xmlns: "urn:xmpp:sid:0", id: "origin" });
  ada.send(xml("message", { to: ROOM, type: "groupchat" }, xml("body", {}, "hi"), forged, foreign, origin));
  const [[toAda], [toBen]] = [await received(ada), await received(ben)];
  assert.ok(toAda && toBen);
  assert.notEqual(idOf(toBen), "forged");
  assert.equal(idOf(toAda), idOf(toBen));
  assert.deepEqual(
    childElements(toBen)
      .filter(({ attrs }) => attrs["xmlns"] === "urn:xmpp:sid:0")
      .map(({ name }) => name),
    ["stanza-id", "origin-id", "stanza-id"],
  );
  const { results } = await ask(ben, { fields: { ids: String(idOf(toBen)) } });
  assert.equal(results[0]?.body, "hi");
});

test("XEP-0059: pages from both ends, by ids, flipped, and only the count", async () => {
  await using service = await startArchives();
  const ada = service.client("ada@example");
  await createRoom(ada, "Ada");
  const texts = Array.from({ length: 25 }, (_, i) => String(i));
  const ids = await say(ada, ...texts);
  const page = async (...how: Parameters<typeof ask> extends [unknown, ...infer R] ? R : never): Promise<unknown> => {
    const answer = await ask(ada, ...how);
    const { first, last, index, count, complete } = answer;
    return [bodies(answer).join(" "), ids.indexOf(first ?? ""), ids.indexOf(last ?? ""), index, count, complete];
  };
  const ofIds = (...at: number[]): string[] => at.map((i) => ids[i] ?? "");
  assert.deepEqual(await page({}), [texts.slice(0, 20).join(" "), 0, 19, "0", "25", false], "20 unasked");
  assert.deepEqual(await page({ rsm: { max: "3" } }), ["0 1 2", 0, 2, "0", "25", false]);
  assert.deepEqual(await page({ rsm: { max: "3", after: ids[2] ?? "" } }), ["3 4 5", 3, 5, undefined, "25", false]);
  assert.deepEqual(await page({ rsm: { max: "3", after: ids[22] ?? "" } }), ["23 24", 23, 24, undefined, "25", true]);
  assert.deepEqual(await page({ rsm: { max: "3", after: ids[24] ?? "" } }), ["", -1, -1, undefined, "25", true]);
  assert.deepEqual(await page({ rsm: { max: "3", before: "" } }), ["22 23 24", 22, 24, undefined, "25", false]);
  assert.deepEqual(await page({ rsm: { max: "3", before: ids[22] ?? "" } }), [
    "19 20 21",
    19,
    21,
    undefined,
    "25",
    false,
  ]);
  assert.deepEqual(await page({ rsm: { max: "3", before: ids[2] ?? "" } }), ["0 1", 0, 1, "0", "25", true]);
  assert.deepEqual(await page({ rsm: { max: "3", before: "" }, flip: true }), [
    "24 23 22",
    22,
    24,
    undefined,
    "25",
    false,
  ]);
  assert.deepEqual(await page({ rsm: { max: "2" }, flip: true }), ["1 0", 0, 1, "0", "25", false]);
  assert.deepEqual(await page({ rsm: { max: "0" } }), ["", -1, -1, undefined, "25", false]);
  const fields = { "after-id": ids[3] ?? "", "before-id": ids[8] ?? "" };
  assert.deepEqual(await page({ fields }), ["4 5 6 7", 4, 7, "0", "4", true]);
  assert.deepEqual(await page({ fields, rsm: { max: "2" } }), ["4 5", 4, 5, "0", undefined, false]);
  assert.deepEqual(await page({ fields, rsm: { max: "2", after: ids[5] ?? "" } }), [
    "6 7",
    6,
    7,
    undefined,
    undefined,
    true,
  ]);
  assert.deepEqual(await page({ fields, rsm: { max: "2", before: "" } }), ["6 7", 6, 7, undefined, undefined, false]);
  assert.deepEqual(await page({ fields, rsm: { max: "0" } }), ["", -1, -1, undefined, "4", false]);
  assert.deepEqual(await page({ fields: { ids: ofIds(9, 2, 5) } }), ["2 5 9", 2, 9, "0", "3", true]);
  assert.deepEqual(await page({ rsm: { max: "1000" } }), [texts.join(" "), 0, 24, "0", "25", true]);
});

test("start and end include their moments, as fine as they are told", async () => {
  const clock = new FakeClock(Date.UTC(2025, 0, 1, 0, 0, 0, 123));
  await using service = await startArchives("", { clock });
  const ada = service.client("ada@example");
  await createRoom(ada, "Ada");
  for (const text of ["a", "b", "c"]) {
    await say(ada, text);
    clock.advance(1);
  }
  const { results } = await ask(ada);
  const [, middle] = results.map(({ stamp }) => stamp);
  assert.equal(middle, "2025-01-01T00:00:00.124Z");
  const among = async (fields: Record<string, string>): Promise<string> => bodies(await ask(ada, { fields })).join("");
  assert.equal(await among({ start: middle, end: middle }), "b");
  assert.equal(await among({ start: middle }), "bc");
  assert.equal(await among({ end: middle }), "ab");
  assert.equal(await among({ start: "2025-01-01T02:00:00.124+02:00" }), "bc");
  assert.equal(await among({ end: "2024-12-31T23:59:59Z" }), "");
  assert.equal(await among({ start: "", end: "" }), "abc");
});

test("entries that were brought along are found by the times they are told with", async () => {
  const storage = await openStorage({ driver: "memory" }, Date.now);
  await using service = await startArchives("", { storage });
  const ada = service.client("ada@example");
  await createRoom(ada, "Ada");
  const { user } = placeOf(service);
  const store = storage.openStore<never, "archive">("rooms.example", "muc_log", "archive");
  const stanza = xml("message", { from: `${ROOM}/Old`, to: "x@y", type: "groupchat" }, xml("body", {}, "imported"));
  await store.append(user, "old-key", stanza, 1_700_000_000.1234567, "message<groupchat").written;
  const [result] = (await ask(ada)).results;
  assert.ok(result);
  assert.deepEqual([result.id, result.stamp], ["old-key", "2023-11-14T22:13:20.123456Z"]);
  assert.equal(result.stanza.attrs["to"], undefined);
  for (const border of ["start", "end"]) {
    assert.deepEqual(bodies(await ask(ada, { fields: { [border]: result.stamp } })), ["imported"]);
  }
});

test("what cannot be read is refused, each with its error", async () => {
  await using service = await startArchives();
  const ada = service.client("ada@example");
  await createRoom(ada, "Ada");
  const [id = ""] = await say(ada, "one");
  const cases: [what: Parameters<typeof ask>[1], error: string | undefined, text?: RegExp][] = [
    [{ fields: { start: "yesterday" } }, "modify/bad-request", /^start/],
    [{ fields: { end: "2025-13-01T00:00:00Z" } }, "modify/bad-request", /^end/],
    [{ fields: { start: "2025-02-01T00:00:00Z", end: "2025-01-01T00:00:00Z" } }, "modify/bad-request", /later/],
    [{ fields: { with: "@" } }, "modify/bad-request", /^with/],
    [{ fields: { fulltext: "x" } }, "cancel/feature-not-implemented", /fulltext/],
    [{ fields: { ids: Array.from({ length: 1001 }, String) } }, "modify/policy-violation", /1000/],
    [{ fields: { ids: [id, "unknown"] } }, "cancel/item-not-found", /unknown/],
    [{ fields: { "before-id": "unknown" } }, "cancel/item-not-found"],
    [{ fields: { "after-id": "unknown" } }, "cancel/item-not-found"],
    [{ rsm: { after: "unknown" } }, "cancel/item-not-found", /unknown/],
    [{ rsm: { before: "unknown" } }, "cancel/item-not-found"],
    [{ rsm: { max: "-1" } }, "modify/bad-request", /^max/],
    [{ rsm: { max: "many" } }, "modify/bad-request"],
    [{ rsm: { max: "1.5" } }, "modify/bad-request"],
    [{ rsm: { index: "3" } }, "cancel/feature-not-implemented"],
    [{ rsm: { max: "99999999999999999999999" } }, undefined],
    [{ fields: { "before-id": id, "after-id": id } }, undefined],
    [{ rsm: { before: id, after: id } }, undefined],
  ];
  for (const [query, error, text] of cases) {
    const answer = await ask(ada, query);
    assert.equal(answer.error, error, JSON.stringify(query));
    if (error !== undefined) assert.deepEqual(answer.results, []);
    if (text) assert.match(String(errorText(answer.answer)), text);
  }
  const form = (type: string, formType: string | undefined): ReturnType<typeof xml> => {
    const query = queryElement({ fields: {} });
    const x = childElements(query)[0] ?? xml("x");
    x.attrs["type"] = type;
    x.children = formType === undefined ? [] : [xml("field", { var: "FORM_TYPE" }, xml("value", {}, formType))];
    return query;
  };
  for (const query of [form("submit", "urn:xmpp:mam:1"), form("submit", undefined), form("result", NS_MAM)]) {
    const [answer] = await request(ada, "set", query);
    assert.equal(errorOf(answer), "modify/bad-request", query.toString());
  }
});

test("the form, the features, and the first and last message", async () => {
  const clock = new FakeClock(Date.UTC(2025, 0, 1));
  await using service = await startArchives("", { clock });
  const [ada, ben] = [service.client("ada@example"), service.client("ben@example")];
  await createRoom(ada, "Ada");
  const [form] = await request(ben, "get", xml("query", { xmlns: NS_MAM }));
  const x = getChild(getChild(form, "query", NS_MAM) ?? form, "x", "jabber:x:data");
  assert.deepEqual(
    childElements(x ?? form).map(({ attrs }) => `${String(attrs["var"])} ${String(attrs["type"])}`),
    [
      "FORM_TYPE hidden",
      "with jid-single",
      "start text-single",
      "end text-single",
      "before-id text-single",
      "after-id text-single",
      "ids list-multi",
    ],
  );
  const ids = childElements(x ?? form).at(-1);
  assert.match(String(ids), /<validate[^>]*datatype="xs:string"><open\/><\/validate>/);
  const { features } = await discover(ben);
  for (const feature of [NS_MAM, `${NS_MAM}#extended`, "urn:xmpp:sid:0"]) assert.ok(features.has(feature), feature);
  assert.ok((await discover(ben, "rooms.example")).features.has(NS_MAM));

  const ends = async (): Promise<unknown[]> => {
    const [answer] = await request(ben, "get", xml("metadata", { xmlns: NS_MAM }));
    const metadata = getChild(answer, "metadata", NS_MAM);
    assert.ok(metadata);
    return childElements(metadata).map(({ name, attrs }) => [name, attrs["id"], attrs["timestamp"]]);
  };
  assert.deepEqual(await ends(), []);
  const [first] = await say(ada, "one");
  clock.advanceSeconds(5);
  await say(ada, "two");
  clock.advanceSeconds(5);
  const [last] = await say(ada, "three");
  assert.deepEqual(await ends(), [
    ["start", first, "2025-01-01T00:00:00.000Z"],
    ["end", last, "2025-01-01T00:00:10.000Z"],
  ]);
});
