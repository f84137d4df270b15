/** A page of 50 of an archive of a million messages reads about 50 entries, from either end and in between. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { getChild, xml } from "../../../core/index.js";
import type { RecordChange, RecordCursor, StorageDriver } from "../../../core/storage/driver.js";
import { encodeKey, extendKey } from "../../../core/storage/key.js";
import { openLevelDriver } from "../../../core/storage/level-driver.js";
import { openStorage } from "../../../core/storage/open.js";
import { ask, NS_MAM, placeOf, startArchives, type Query } from "../../support/archives.js";
import { createRoom, request, ROOM } from "../../support/rooms.js";

const SIZE = 1_000_000;
const PAGE = 50;
/** Beside the page: the entry that tells whether there are more, ids that are looked up, the number of all, the room. */
const BESIDES = 10;
const SLICE = 10_000;
const MIDDLE = SIZE / 2;
/** Messages that are asked for by id: only they can be, which makes filling faster and reading no cheaper. */
const NAMED: ReadonlySet<number> = new Set([5, MIDDLE, SIZE - 1]);
/** Unix seconds of the first message; each is a second after the one before. */
const BEGINNING = 1_500_000_000;

/** A driver that counts the records that are read of it. */
class CountedDriver implements StorageDriver {
  reads = 0;
  readonly name = "counted";

  constructor(readonly records: StorageDriver) {}

  get(key: Buffer): Promise<string | undefined> {
    this.reads++;
    return this.records.get(key);
  }

  getSync(key: Buffer): string | undefined {
    this.reads++;
    return this.records.getSync?.(key);
  }

  cursor(range: Parameters<StorageDriver["cursor"]>[0]): RecordCursor {
    const cursor = this.records.cursor(range);
    return {
      next: async () => {
        const record = await cursor.next();
        if (record) this.reads++;
        return record;
      },
      seek: (key) => {
        cursor.seek(key);
      },
      close: () => cursor.close(),
    };
  }

  batch(changes: readonly RecordChange[], options: { readonly sync: boolean }): Promise<void> {
    return this.records.batch(changes, options);
  }

  close(): Promise<void> {
    return this.records.close();
  }
}

function idOf(n: number): string {
  return `m${n}`;
}

function stampOf(n: number): string {
  return new Date((BEGINNING + n) * 1000).toISOString();
}

/**
 * Puts the messages where `RecordArchiveStore` has them, past it: written one by one, a million take minutes. That the
 * archive's own answers about them are right below shows that the places are.
 */
async function fill(driver: StorageDriver, user: string): Promise<void> {
  const key = (kind: string): Buffer => encodeKey([kind, "rooms.example", "muc_log", user]);
  const [entries, ids] = [key("archive"), key("archive-id")];
  const time = Buffer.alloc(8);
  for (let from = 0; from < SIZE; from += SLICE) {
    const changes: RecordChange[] = [];
    for (let n = from; n < from + SLICE; n++) {
      time.writeDoubleBE(BEGINNING + n);
      time.writeUInt8(time.readUInt8(0) | 0x80, 0);
      const place = time.toString("hex") + String(n).padStart(32, "0");
      const stanza = `<message type="groupchat" from="${ROOM}/Ada"><body>${n}</body></message>`;
      const value = JSON.stringify([idOf(n), BEGINNING + n, "message<groupchat", stanza]);
      changes.push({ key: extendKey(entries, place), value });
      if (NAMED.has(n)) changes.push({ key: extendKey(ids, idOf(n)), value: place });
    }
    await driver.batch(changes, { sync: false });
  }
  await driver.batch([{ key: key("archive-count"), value: String(SIZE) }], { sync: false });
}

test("a page of 50 of a million messages reads about 50 entries, wherever it is", async () => {
  const folder = mkdtempSync(join(tmpdir(), "chorus-million-"));
  const driver = new CountedDriver(await openLevelDriver(folder));
  const storage = await openStorage({ driver: "custom", records: driver });
  try {
    await using service = await startArchives('muc_log_expires_after = "never"', { storage });
    const ada = service.client("ada@example");
    await createRoom(ada, "Ada");
    await storage.idle();
    await fill(driver, placeOf(service).user);

    const max = String(PAGE);
    const pages: readonly (readonly [query: Query, first: number])[] = [
      [{ rsm: { max } }, 0],
      [{ rsm: { max, before: "" } }, SIZE - PAGE],
      [{ rsm: { max, after: idOf(MIDDLE) } }, MIDDLE + 1],
      [{ rsm: { max, before: idOf(MIDDLE) } }, MIDDLE - PAGE],
      [{ rsm: { max }, fields: { start: stampOf(MIDDLE) } }, MIDDLE],
      [{ rsm: { max, before: "" }, fields: { end: stampOf(MIDDLE) } }, MIDDLE - PAGE + 1],
      [{ rsm: { max }, fields: { "after-id": idOf(MIDDLE) } }, MIDDLE + 1],
      [{ rsm: { max, before: "" }, fields: { "before-id": idOf(MIDDLE) } }, MIDDLE - PAGE],
      [{ rsm: { max, after: idOf(MIDDLE) }, fields: { start: stampOf(10), end: stampOf(SIZE - 10) } }, MIDDLE + 1],
      [{ rsm: { max, before: "" }, flip: true }, SIZE - PAGE],
    ];
    const costs: number[] = [];
    for (const [query, first] of pages) {
      const before = driver.reads;
      const { results, error, count } = await ask(ada, query);
      const cost = driver.reads - before;
      assert.equal(error, undefined);
      const expected = Array.from({ length: PAGE }, (_, n) => idOf(first + n));
      if (query.flip === true) expected.reverse();
      assert.deepEqual(
        results.map(({ id }) => id),
        expected,
      );
      if (query.fields === undefined) assert.equal(count, String(SIZE));
      assert.ok(cost >= PAGE && cost <= PAGE + BESIDES, `${JSON.stringify(query)} read ${cost}`);
      costs.push(cost);
    }
    console.log(`# records read for a page of ${PAGE} of ${SIZE}: ${costs.join(" ")}`);

    const cost = async (work: () => Promise<unknown>): Promise<number> => {
      const before = driver.reads;
      await work();
      return driver.reads - before;
    };
    const named = { fields: { ids: [...NAMED].map(idOf) } };
    assert.ok((await cost(() => ask(ada, named))) <= 4 * named.fields.ids.length + BESIDES, "by ids");
    const ends = await cost(async () => {
      const [answer] = await request(ada, "get", xml("metadata", { xmlns: NS_MAM }));
      const metadata = getChild(answer, "metadata", NS_MAM);
      const idIn = (name: string): unknown => metadata && getChild(metadata, name, NS_MAM)?.attrs["id"];
      assert.deepEqual([idIn("start"), idIn("end")], [idOf(0), idOf(SIZE - 1)]);
    });
    assert.ok(ends <= BESIDES, `metadata read ${ends}`);
    assert.ok((await cost(() => ask(ada, { rsm: { max: "0" } }))) <= BESIDES, "only the number");
  } finally {
    await storage.close();
    rmSync(folder, { recursive: true, force: true });
  }
});
