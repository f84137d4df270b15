/** Pages of an archive are the pages of a plain list, and cost what they show. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { xml } from "../../../core/index.js";
import { openStorage, type OpenStorage } from "../../../core/storage/open.js";
import { readPage, type ArchivePlace, type Page } from "../../../modules/mod_muc_mam/page.js";
import type { ArchiveRequest } from "../../../modules/mod_muc_mam/query.js";
import { StanzaError } from "../../../core/xmpp/stanza-error.js";

const EVERYTHING: ArchiveRequest = {
  queryId: undefined,
  isFlipped: false,
  with: undefined,
  start: undefined,
  end: undefined,
  beforeId: undefined,
  afterId: undefined,
  ids: undefined,
  max: 20,
  before: undefined,
  after: undefined,
};

/** An archive whose entries are a second apart. */
async function filled(size: number): Promise<{ storage: OpenStorage; place: ArchivePlace; ids: string[] }> {
  const storage = await openStorage({ driver: "memory" });
  const store = storage.openStore<never, "archive">("rooms.example", "muc_log", "archive");
  const ids: string[] = [];
  for (let i = 0; i < size; i++) {
    const stanza = xml("message", { type: "groupchat", from: `r@rooms.example/${i % 3}` }, xml("body", {}, String(i)));
    ids.push(store.append("r", null, stanza, i, "message<groupchat", { sync: false }).id);
  }
  await storage.idle();
  return { storage, place: { store, user: "r" }, ids };
}

async function pageOf(place: ArchivePlace, request: Partial<ArchiveRequest>, third?: number): Promise<Page> {
  const matches =
    third === undefined ? undefined : ({ when }: { readonly when: number }): boolean => when % 3 === third;
  const page = await readPage(place, { ...EVERYTHING, ...request }, { matches, isCounted: true });
  assert.ok(!(page instanceof StanzaError), String(page instanceof StanzaError && page.text));
  return page;
}

test("whatever is asked, forwards and backwards, the pages put together are the part of the list that was meant", async () => {
  const SIZE = 40;
  const { storage, place, ids } = await filled(SIZE);
  const position = fc.integer({ min: 0, max: SIZE - 1 });
  const maybe = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
    fc.option(arbitrary, { nil: undefined });
  const query = fc.record({
    start: maybe(position),
    end: maybe(position),
    after: maybe(position),
    before: maybe(position),
    among: maybe(fc.uniqueArray(position, { minLength: 1, maxLength: 8 })),
    third: maybe(fc.integer({ min: 0, max: 2 })),
    max: fc.integer({ min: 1, max: 15 }),
    isBackwards: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(query, async ({ start, end, after, before, among, third, max, isBackwards }) => {
      const expected = ids.filter(
        (_id, i) =>
          (start === undefined || i >= start) &&
          (end === undefined || i <= end) &&
          (after === undefined || i > after) &&
          (before === undefined || i < before) &&
          (among === undefined || among.includes(i)) &&
          (third === undefined || i % 3 === third),
      );
      const request: Partial<ArchiveRequest> = {
        start,
        end,
        beforeId: before === undefined ? undefined : ids[before],
        afterId: after === undefined ? undefined : ids[after],
        ids: among?.map((i) => ids[i] ?? ""),
        max,
      };
      const all: string[] = [];
      let border: string | undefined = isBackwards ? "" : undefined;
      for (let turn = 0; ; turn++) {
        assert.ok(turn <= expected.length, "it ends");
        const page = await pageOf(
          place,
          { ...request, ...(isBackwards ? { before: border } : { after: border }) },
          third,
        );
        const found = page.entries.map(({ id }) => id);
        assert.ok(found.length <= max);
        if (page.count !== undefined) assert.equal(page.count, expected.length);
        if (page.index !== undefined && found[0] !== undefined) assert.equal(page.index, expected.indexOf(found[0]));
        if (isBackwards) all.unshift(...found);
        else all.push(...found);
        if (page.isComplete) break;
        border = isBackwards ? found[0] : found.at(-1);
      }
      assert.deepEqual(all, expected);
      const counted = await pageOf(place, { ...request, max: 0 }, third);
      assert.equal(counted.count, expected.length);
    }),
    { numRuns: 200 },
  );
  await storage.close();
});

test("a page of 50 of a large archive reads about 50 entries, wherever it is", async () => {
  const { storage, place, ids } = await filled(20_000);
  const cost = async (request: Partial<ArchiveRequest>): Promise<number> => {
    const before = storage.counters.reads;
    const { entries } = await pageOf(place, { max: 50, ...request });
    assert.equal(entries.length, 50);
    return storage.counters.reads - before;
  };
  const middle = ids[10_000] ?? "";
  for (const request of [
    {},
    { before: "" },
    { after: middle },
    { before: middle },
    { start: 15_000 },
    { end: 15_000, before: "" },
    { start: 15_000, after: ids[16_000] ?? "" },
    { afterId: middle },
    { beforeId: middle, before: "" },
  ]) {
    const reads = await cost(request);
    assert.ok(reads <= 55, `${JSON.stringify(request)}: ${reads}`);
  }
  await storage.close();
});

test("a search that would read too much is refused", async () => {
  const { storage, place } = await filled(10_100);
  const options = { matches: (): boolean => false, isCounted: true };
  const all = await readPage(place, EVERYTHING, options);
  assert.equal(all instanceof StanzaError && all.condition, "policy-violation");
  const some = await readPage(place, { ...EVERYTHING, start: 9000 }, options);
  assert.ok(!(some instanceof StanzaError) && some.isComplete);
  await storage.close();
});
