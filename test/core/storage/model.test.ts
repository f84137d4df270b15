/** Random histories of changes and reads, compared with plain objects and arrays, over restarts too. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import fc from "fast-check";
import { compareCodePoints } from "../../../core/storage/key.js";
import { openStorage, type OpenStorage } from "../../../core/storage/open.js";
import type { ArchiveQuery, Json } from "../../../core/storage/store.js";
import { FaultyDisk } from "../../../core/testing/storage-faults.js";
import { HOST, bodies, collect, said } from "./conformance.js";

/** Somewhere to keep data over a restart. */
interface Place {
  open(): Promise<OpenStorage>;
  remove(): Promise<void>;
}

const PLACES: Record<string, () => Promise<Place>> = {
  memory: () => {
    const disk = new FaultyDisk();
    return Promise.resolve({ open: () => disk.open(), remove: () => disk.close() });
  },
  level: async () => {
    const path = await mkdtemp(join(tmpdir(), "chorus-storage-"));
    return { open: () => openStorage({ driver: "level", path }), remove: () => rm(path, { recursive: true }) };
  },
  internal: async () => {
    const path = await mkdtemp(join(tmpdir(), "chorus-storage-"));
    return { open: () => openStorage({ driver: "internal", path }), remove: () => rm(path, { recursive: true }) };
  },
};

const NAMES = ["", "a", "a\u0000", "b", "__proto__", "\uffff", "\ud83d\ude00", "\ud800"];
const name = fc.constantFrom(...NAMES);
const user = fc.oneof(fc.constant(null), fc.constantFrom("", "a", "b\u0000c", "__proto__"));
const json = fc.jsonValue({ maxDepth: 2 }) as fc.Arbitrary<Json>;
const maybe = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(value, { nil: undefined });
const object = fc.array(fc.tuple(name, json), { maxLength: 4 }).map((entries): Json => Object.fromEntries(entries));

function isObject(value: Json | undefined): value is { readonly [key: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** What JSON makes of a value: the only difference that storing may make. */
function exact<T>(value: T): T {
  return value === undefined ? value : (JSON.parse(JSON.stringify(value)) as T);
}

type TableStep =
  | { do: "set"; user: string | null; value: Json | undefined; sync: boolean }
  | { do: "setKey"; user: string | null; key: string; value: Json | undefined; sync: boolean }
  | { do: "setKeys"; user: string | null; values: [string, Json | undefined][] }
  | { do: "deleteAll"; key: string }
  | { do: "get"; user: string | null }
  | { do: "getKey"; user: string | null; key: string }
  | { do: "getAll"; key: string }
  | { do: "entries"; user: string | null; after: string | undefined; limit: number | undefined }
  | { do: "users" }
  | { do: "reopen" };

const tableStep: fc.Arbitrary<TableStep> = fc.oneof(
  fc.record({ do: fc.constant("set" as const), user, value: maybe(fc.oneof(object, json)), sync: fc.boolean() }),
  fc.record({ do: fc.constant("setKey" as const), user, key: name, value: maybe(json), sync: fc.boolean() }),
  fc.record({
    do: fc.constant("setKeys" as const),
    user,
    values: fc.uniqueArray(fc.tuple(name, maybe(json)), { maxLength: 3, selector: ([key]) => key }),
  }),
  fc.record({ do: fc.constant("deleteAll" as const), key: name }),
  fc.record({ do: fc.constant("get" as const), user }),
  fc.record({ do: fc.constant("getKey" as const), user, key: name }),
  fc.record({ do: fc.constant("getAll" as const), key: name }),
  fc.record({ do: fc.constant("entries" as const), user, after: maybe(name), limit: maybe(fc.nat(3)) }),
  fc.record({ do: fc.constant("users" as const) }),
  fc.record({ do: fc.constant("reopen" as const) }),
);

/** The rules of a table, on plain values. */
class TableModel {
  readonly #values = new Map<string | null, Json>();

  set(of: string | null, value: Json | undefined): void {
    if (value === undefined) this.#values.delete(of);
    else this.#values.set(of, exact(value));
  }

  setKeys(of: string | null, values: readonly (readonly [string, Json | undefined])[]): void {
    const before = this.#values.get(of);
    if (values.length === 0) return;
    if (before !== undefined && !isObject(before) && values.every(([, value]) => value === undefined)) return;
    const members = new Map(isObject(before) ? Object.entries(before) : []);
    for (const [key, value] of values) {
      if (value === undefined) members.delete(key);
      else members.set(key, exact(value));
    }
    this.set(of, members.size === 0 ? undefined : Object.fromEntries(members));
  }

  deleteAll(key: string): void {
    for (const of of this.users()) if (this.members(of).has(key)) this.setKeys(of, [[key, undefined]]);
  }

  get(of: string | null): Json | undefined {
    return this.#values.get(of);
  }

  members(of: string | null): Map<string, Json> {
    const value = this.#values.get(of);
    const members = isObject(value) ? Object.entries(value) : [];
    return new Map(members.sort(([a], [b]) => compareCodePoints(a, b)));
  }

  users(): string[] {
    return [...this.#values.keys()].filter((of) => of !== null).sort(compareCodePoints);
  }

  all(key: string): [string, Json][] {
    return this.users().flatMap((of): [string, Json][] => {
      const value = this.members(of).get(key);
      return value === undefined ? [] : [[of, value]];
    });
  }
}

async function playTable(place: Place, steps: readonly TableStep[]): Promise<void> {
  let storage = await place.open();
  const stores = (): ReturnType<typeof openTable> => openTable(storage);
  let { keyval, map } = stores();
  const model = new TableModel();
  const written: Promise<void>[] = [];
  for (const step of steps) {
    switch (step.do) {
      case "set":
        written.push(keyval.set(step.user, step.value, { sync: step.sync }));
        model.set(step.user, step.value);
        break;
      case "setKey":
        written.push(map.set(step.user, step.key, step.value, { sync: step.sync }));
        model.setKeys(step.user, [[step.key, step.value]]);
        break;
      case "setKeys":
        written.push(map.setKeys(step.user, Object.fromEntries(step.values)));
        model.setKeys(step.user, step.values);
        break;
      case "deleteAll":
        written.push(map.deleteAll(step.key));
        model.deleteAll(step.key);
        break;
      case "get": {
        const known = keyval.getSync?.(step.user);
        if (known !== undefined) assert.deepEqual(known.value, model.get(step.user));
        assert.deepEqual(await keyval.get(step.user), model.get(step.user));
        break;
      }
      case "getKey":
        assert.deepEqual(await map.get(step.user, step.key), model.members(step.user).get(step.key));
        break;
      case "getAll":
        assert.deepEqual(Object.entries(await map.getAll(step.key)), model.all(step.key));
        break;
      case "entries": {
        const { after, limit } = step;
        const entries = [...model.members(step.user)].filter(
          ([key]) => after === undefined || compareCodePoints(key, after) > 0,
        );
        const range = { ...(after !== undefined && { after }), ...(limit !== undefined && { limit }) };
        assert.deepEqual(await collect(map.entries(step.user, range)), entries.slice(0, limit));
        break;
      }
      case "users":
        assert.deepEqual(await collect(keyval.users()), model.users());
        break;
      case "reopen":
        await storage.close();
        storage = await place.open();
        ({ keyval, map } = stores());
        break;
    }
  }
  await Promise.all(written);
  await storage.close();
  storage = await place.open();
  ({ keyval, map } = stores());
  assert.deepEqual(await collect(keyval.users()), model.users());
  for (const of of [null, ...model.users()]) {
    assert.deepEqual(await keyval.get(of), model.get(of));
    assert.deepEqual(await collect(map.entries(of)), [...model.members(of)]);
  }
  await storage.close();
}

function openTable(storage: OpenStorage) {
  return {
    keyval: storage.openStore<Json>(HOST, "data"),
    map: storage.openStore<Json, "map">(HOST, "data", "map"),
  };
}

/** Ids are named by the number of the append that made them, so that a history can be made before they are known. */
interface QueryPlan {
  start?: number;
  end?: number;
  with?: string;
  ids?: number[];
  before?: number;
  after?: number;
  limit?: number;
  truncate?: number;
  reverse: boolean;
}

type ArchiveStep =
  | { do: "append"; key: string | null; when: number; with: string; sync: boolean }
  | { do: "set"; at: number; when: number | undefined; with: string | undefined }
  | { do: "delete"; query: QueryPlan }
  | { do: "find"; query: QueryPlan }
  | { do: "summary"; query: QueryPlan }
  | { do: "reopen" };

const when = fc.oneof(fc.integer({ min: -3, max: 12 }), fc.constantFrom(2.5, 1e9, 1e9 + 0.001));
const withValue = fc.constantFrom("", "x", "message<groupchat");
const position = fc.nat(12);
const query: fc.Arbitrary<QueryPlan> = fc.record(
  {
    start: when,
    end: when,
    with: withValue,
    ids: fc.array(position, { maxLength: 4 }),
    before: position,
    after: position,
    limit: fc.nat(5),
    truncate: fc.nat(5),
    reverse: fc.boolean(),
  },
  { requiredKeys: ["reverse"] },
);
const archiveStep: fc.Arbitrary<ArchiveStep> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("append" as const),
      key: fc.option(name, { freq: 2 }),
      when,
      with: withValue,
      sync: fc.boolean(),
    }),
  },
  fc.record({ do: fc.constant("set" as const), at: position, when: maybe(when), with: maybe(withValue) }),
  fc.record({ do: fc.constant("delete" as const), query }),
  { weight: 3, arbitrary: fc.record({ do: fc.constant("find" as const), query }) },
  fc.record({ do: fc.constant("summary" as const), query }),
  fc.record({ do: fc.constant("reopen" as const) }),
);

interface ModelEntry {
  id: string;
  text: string;
  when: number;
  with: string;
  /** Order of appending, among entries of one time. */
  stamp: number;
}

/** What a query names, by the words of the contract; `undefined` for an unknown border. */
function select(
  entries: readonly ModelEntry[],
  wanted: ArchiveQuery & { truncate?: number },
): ModelEntry[] | undefined {
  const at = (id: string): number => entries.findIndex((entry) => entry.id === id);
  const before = [wanted.before ?? []].flat().map(at);
  const after = [wanted.after ?? []].flat().map(at);
  if ([...before, ...after].includes(-1)) return undefined;
  let found = entries.filter(
    (entry, index) =>
      (wanted.start === undefined || entry.when >= wanted.start) &&
      (wanted.end === undefined || entry.when <= wanted.end) &&
      (wanted.with === undefined || entry.with === wanted.with) &&
      (wanted.ids === undefined || wanted.ids.includes(entry.id)) &&
      before.every((border) => index < border) &&
      after.every((border) => index > border),
  );
  if (wanted.reverse === true) found.reverse();
  if (wanted.truncate !== undefined) found = found.slice(0, Math.max(0, found.length - wanted.truncate));
  return found.slice(0, wanted.limit);
}

async function playArchive(place: Place, steps: readonly ArchiveStep[]): Promise<void> {
  let storage = await place.open();
  let archive = storage.openStore<Json, "archive">(HOST, "muc_log", "archive");
  let model: ModelEntry[] = [];
  const ids: string[] = [];
  const idAt = (at: number): string => ids[at] ?? `unknown ${at}`;
  const realQuery = (plan: QueryPlan): ArchiveQuery & { truncate?: number } => {
    const { ids: positions, before, after, ...rest } = plan;
    return {
      ...rest,
      ...(positions !== undefined && { ids: positions.map(idAt) }),
      ...(before !== undefined && { before: idAt(before) }),
      ...(after !== undefined && { after: idAt(after) }),
    };
  };
  const sort = (): unknown => model.sort((a, b) => a.when - b.when || a.stamp - b.stamp);
  const pending: Promise<unknown>[] = [];
  for (const [stamp, step] of steps.entries()) {
    switch (step.do) {
      case "append": {
        const text = String(stamp);
        const options = { sync: step.sync };
        const { id, written } = archive.append("orchard", step.key, said(text), step.when, step.with, options);
        pending.push(written);
        ids.push(id);
        model = model.filter((entry) => entry.id !== id);
        model.push({ id, text, when: step.when, with: step.with, stamp });
        sort();
        break;
      }
      case "set": {
        const known = model.find((entry) => entry.id === idAt(step.at));
        const done = archive.set("orchard", idAt(step.at), said(`s${stamp}`), step.when, step.with);
        pending.push(done.then((was) => assert.equal(was, known !== undefined)));
        if (known === undefined) break;
        known.text = `s${stamp}`;
        known.when = step.when ?? known.when;
        known.with = step.with ?? known.with;
        sort();
        break;
      }
      case "delete": {
        const gone = select(model, realQuery(step.query)) ?? [];
        const done = archive.delete("orchard", realQuery(step.query));
        pending.push(done.then((count) => assert.equal(count, gone.length)));
        model = model.filter((entry) => !gone.includes(entry));
        break;
      }
      case "find": {
        const { truncate: _truncate, ...wanted } = realQuery(step.query);
        const expected = select(model, wanted)?.map(({ text }) => text);
        assert.deepEqual(await bodies(archive, "orchard", wanted), expected);
        const { limit: _limit, before: _before, after: _after, ...all } = wanted;
        const page = await archive.find("orchard", { ...all, limit: 0, total: true });
        assert.equal(page?.total, select(model, all)?.length);
        break;
      }
      case "summary": {
        const { truncate: _truncate, limit: _limit, ...wanted } = realQuery(step.query);
        const expected = new Map<string, { count: number; earliest: number; latest: number }>();
        for (const entry of select(model, wanted) ?? []) {
          const sum = expected.get(entry.with) ?? { count: 0, earliest: Infinity, latest: -Infinity };
          sum.count++;
          sum.earliest = Math.min(sum.earliest, entry.when);
          sum.latest = Math.max(sum.latest, entry.when);
          expected.set(entry.with, sum);
        }
        assert.deepEqual(await archive.summary("orchard", wanted), Object.fromEntries(expected));
        break;
      }
      case "reopen":
        await storage.close();
        storage = await place.open();
        archive = storage.openStore<Json, "archive">(HOST, "muc_log", "archive");
        break;
    }
  }
  await Promise.all(pending);
  assert.deepEqual(
    await bodies(archive, "orchard"),
    model.map(({ text }) => text),
  );
  for (const entry of model) assert.equal((await archive.get("orchard", entry.id))?.when, entry.when);
  assert.deepEqual(await collect(archive.users()), model.length === 0 ? [] : ["orchard"]);
  await storage.close();
}

for (const [driver, makePlace] of Object.entries(PLACES)) {
  const inPlace = async (play: (place: Place) => Promise<void>): Promise<void> => {
    const place = await makePlace();
    try {
      await play(place);
    } finally {
      await place.remove();
    }
  };
  const numRuns = driver === "memory" ? 300 : 40;

  void describe(`any history on ${driver}`, () => {
    void it("of a table seen as keyval and as map is that of plain values", async () => {
      const steps = fc.array(tableStep, { maxLength: 25 });
      await fc.assert(
        fc.asyncProperty(steps, (history) => inPlace((place) => playTable(place, history))),
        { numRuns },
      );
    });

    void it("of an archive is that of a sorted list", async () => {
      const steps = fc.array(archiveStep, { maxLength: 25 });
      await fc.assert(
        fc.asyncProperty(steps, (history) => inPlace((place) => playArchive(place, history))),
        { numRuns },
      );
    });
  });
}
