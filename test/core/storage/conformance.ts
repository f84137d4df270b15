/** What every driver's stores do. Run by one test file per driver. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { OpenStorage } from "../../../core/storage/open.js";
import type { ArchiveEntry, ArchiveQuery, ArchiveStore, Json } from "../../../core/storage/store.js";
import { childText } from "../../../core/xmpp/element.js";
import { parseStanza } from "../../../core/xmpp/parse.js";
import type { Element } from "../../../core/xmpp/element.js";

/** A database to test, and how to remove what it leaves behind. */
export interface Subject {
  readonly storage: OpenStorage;
  remove(): Promise<void>;
}

/** Host of all stores in these tests. */
export const HOST = "rooms.example";

/** A message that says one thing. */
export function said(text: string): Element {
  return parseStanza(`<message type='groupchat' xmlns='jabber:client'><body>${text}</body></message>`);
}

/** Everything that is iterated over. */
export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** Bodies of a page of an archive. */
export async function bodies(archive: ArchiveStore, user: string, query?: ArchiveQuery): Promise<string[] | undefined> {
  const page = await archive.find(user, query);
  return page && (await collect(page.items)).map(bodyOf);
}

function bodyOf({ stanza }: ArchiveEntry): string {
  return childText(stanza, "body") ?? "";
}

/** Declares the tests for one driver. @param isSync whether it answers at once, where it can */
export function conformance(driver: string, open: () => Promise<Subject>, isSync = true): void {
  const check = (what: string, test: (subject: Subject) => Promise<void>): void => {
    void it(what, async () => {
      const subject = await open();
      try {
        await test(subject);
      } finally {
        await subject.storage.close();
        await subject.remove();
      }
    });
  };

  void describe(`keyval on ${driver}`, () => {
    check("gives back exactly what was set, and undefined for what was not", async ({ storage }) => {
      const store = storage.openStore(HOST, "config");
      const values: Json[] = [
        null,
        false,
        0,
        -1.5e-7,
        "",
        "é\u0000\ud83d\ude00 \ud800",
        [],
        {},
        [[], { "": null }],
        { __proto__1: 1, ["__proto__"]: { deep: true }, "unknown key": [1, 2] },
      ];
      for (const [at, value] of values.entries()) await store.set(`room${at}`, value);
      for (const [at, value] of values.entries()) assert.deepEqual(await store.get(`room${at}`), value);
      assert.equal(await store.get("nobody"), undefined);
    });

    check("keeps the host's data, the empty user and a user named null apart", async ({ storage }) => {
      const store = storage.openStore<string>(HOST, "config");
      await Promise.all([store.set(null, "host"), store.set("", "empty"), store.set("null", "named")]);
      assert.equal(await store.get(null), "host");
      assert.equal(await store.get(""), "empty");
      assert.equal(await store.get("null"), "named");
      assert.deepEqual(await collect(store.users()), ["", "null"]);
    });

    check("removes with undefined", async ({ storage }) => {
      const store = storage.openStore<number>(HOST, "config");
      await store.set("orchard", 1);
      await store.set("orchard", undefined);
      assert.equal(await store.get("orchard"), undefined);
      assert.deepEqual(await collect(store.users()), []);
    });

    check("keeps hosts and stores apart whose names run into one another", async ({ storage }) => {
      const names: [string, string][] = [
        ["a", "bc"],
        ["ab", "c"],
        ["a/b", "c"],
        ["a", "b/c"],
        ["a\u0000", "b"],
        ["a", "\u0000b"],
      ];
      for (const [host, name] of names) await storage.openStore(host, name).set("u", `${host}|${name}`);
      for (const [host, name] of names) {
        const store = storage.openStore(host, name);
        assert.equal(await store.get("u"), `${host}|${name}`);
        assert.deepEqual(await collect(store.users()), ["u"]);
        assert.deepEqual([store.host, store.name], [host, name]);
      }
    });

    check("takes the value at the call, not later", async ({ storage }) => {
      const store = storage.openStore<{ topic: string }>(HOST, "config");
      const value = { topic: "before" };
      const written = store.set("orchard", value);
      value.topic = "after";
      await written;
      assert.deepEqual(await store.get("orchard"), { topic: "before" });
    });

    check("refuses what JSON cannot hold, at once", async ({ storage }) => {
      const store = storage.openStore<unknown>(HOST, "config");
      assert.throws(() => store.set("orchard", () => 1), TypeError);
      assert.throws(() => store.set("orchard", 1n), TypeError);
      await storage.idle();
      assert.equal(await store.get("orchard"), undefined);
    });

    check("reads its own writes, without waiting for the promise of the write", async ({ storage }) => {
      const store = storage.openStore<number>(HOST, "config");
      void store.set("orchard", 1);
      const first = store.get("orchard");
      void store.set("orchard", 2);
      assert.ok([1, 2].includes((await first) ?? 0));
      assert.equal(await store.get("orchard"), 2);
      void store.set("garden", 3);
      assert.deepEqual(await collect(store.users()), ["garden", "orchard"]);
    });

    check("answers at once when nothing is being written", async ({ storage }) => {
      const store = storage.openStore<number>(HOST, "config");
      assert.deepEqual(store.getSync?.("orchard"), isSync ? { value: undefined } : undefined);
      const written = store.set("orchard", 1);
      assert.equal(store.getSync?.("orchard"), undefined);
      assert.deepEqual(store.getSync?.("garden"), isSync ? { value: undefined } : undefined);
      await written;
      assert.deepEqual(store.getSync?.("orchard"), isSync ? { value: 1 } : undefined);
      const reads = storage.counters.reads;
      await store.get("orchard");
      assert.equal(storage.counters.reads, reads + 1, "one read for one value");
    });

    check("lists users in code-point order, also past U+FFFF", async ({ storage }) => {
      const store = storage.openStore<number>(HOST, "config");
      const users = ["", "a", "a\u0000", "a\u0000b", "a\u0001", "ab", "é", "\uffff", "\ud83d\ude00"];
      await Promise.all([...users].reverse().map((user) => store.set(user, 1)));
      assert.deepEqual(await collect(store.users()), users);
    });
  });

  void describe(`map and keyval+ on ${driver}`, () => {
    check("sets, gets and removes by key", async ({ storage }) => {
      const map = storage.openStore<Json, "map">(HOST, "persistent", "map");
      await map.set(null, "orchard@rooms.example", true);
      await map.setKeys(null, { "garden@rooms.example": { since: 3 }, ["__proto__"]: null, "": "empty" });
      assert.equal(await map.get(null, "orchard@rooms.example"), true);
      assert.deepEqual(await map.get(null, "garden@rooms.example"), { since: 3 });
      assert.equal(await map.get(null, ""), "empty");
      assert.equal(await map.get(null, "__proto__"), null);
      assert.equal(await map.get("", "orchard@rooms.example"), undefined);
      await map.set(null, "orchard@rooms.example", undefined);
      assert.equal(await map.get(null, "orchard@rooms.example"), undefined);
    });

    check("shows keyval and map the same data, whoever wrote it", async ({ storage }) => {
      const keyval = storage.openStore<Json>(HOST, "vcard");
      const map = storage.openStore<Json, "map">(HOST, "vcard", "map");
      await keyval.set("orchard", { name: "Orchard", photo: [1], unknown: null });
      assert.deepEqual(await map.get("orchard", "photo"), [1]);
      assert.equal(await map.get("orchard", "nothing"), undefined);
      await map.set("orchard", "name", "The orchard");
      assert.deepEqual(await keyval.get("orchard"), { name: "The orchard", photo: [1], unknown: null });
      await keyval.set("orchard", { name: "New" });
      assert.equal(await map.get("orchard", "photo"), undefined);
      assert.equal(await map.get("orchard", "name"), "New");
      await map.set("orchard", "name", undefined);
      assert.equal(await keyval.get("orchard"), undefined);
      assert.deepEqual(await collect(keyval.users()), []);
      await map.set("garden", "name", "Garden");
      await keyval.set("garden", undefined);
      assert.equal(await map.get("garden", "name"), undefined);
    });

    check("keeps the views one when they are used in the same turn", async ({ storage }) => {
      const plus = storage.openStore<Json, "keyval+">(HOST, "vcard", "keyval+");
      void plus.set("orchard", { a: 1, b: 2 });
      void plus.setKey("orchard", "b", 3);
      void plus.setKeys("orchard", { c: 4, a: undefined });
      assert.deepEqual(await plus.get("orchard"), { b: 3, c: 4 });
      void plus.setKey("orchard", "d", 5);
      void plus.set("orchard", { e: 6 });
      assert.deepEqual(await plus.get("orchard"), { e: 6 });
      assert.equal(await plus.getKey("orchard", "e"), 6);
      assert.equal(storage.counters.batches, 2);
    });

    check(
      "makes an object of another value when a key is set, and leaves it when one is removed",
      async ({ storage }) => {
        const keyval = storage.openStore<Json>(HOST, "notes");
        const map = storage.openStore<Json, "map">(HOST, "notes", "map");
        await keyval.set("orchard", "just text");
        await map.set("orchard", "key", undefined);
        assert.equal(await keyval.get("orchard"), "just text");
        await map.set("orchard", "key", 1);
        assert.deepEqual(await keyval.get("orchard"), { key: 1 });
        await keyval.set("orchard", [1, 2]);
        assert.equal(await map.get("orchard", "key"), undefined);
        assert.deepEqual(keyval.getSync?.("orchard"), isSync ? { value: [1, 2] } : undefined);
        await keyval.set("orchard", {});
        assert.deepEqual(await keyval.get("orchard"), {});
      },
    );

    check("gathers and removes one key of all users", async ({ storage }) => {
      const map = storage.openStore<number, "map">(HOST, "marks", "map");
      const keyval = storage.openStore<Json>(HOST, "marks");
      await keyval.set("whole", { m: 1, z: 2 });
      await keyval.set("only", { m: 4 });
      await keyval.set("text", "m");
      await map.setKeys("split", { a: 0, m: 3, z: 9 });
      await map.set("other", "z", 5);
      await map.set(null, "m", 7);
      await map.set("__proto__", "m", 8);
      const all = await map.getAll("m");
      assert.deepEqual(Object.entries(all).sort(), [
        ["__proto__", 8],
        ["only", 4],
        ["split", 3],
        ["whole", 1],
      ]);
      await map.deleteAll("m");
      assert.deepEqual(await map.getAll("m"), {});
      assert.deepEqual(await collect(keyval.users()), ["other", "split", "text", "whole"]);
      assert.deepEqual(await keyval.get("whole"), { z: 2 });
      assert.deepEqual(await keyval.get("split"), { a: 0, z: 9 });
      assert.equal(await map.get(null, "m"), 7, "the host's own data is nobody's");
    });

    check("pages through the keys of one user and reads no more than asked for", async ({ storage }) => {
      const map = storage.openStore<number, "map">(HOST, "persistent", "map");
      const keys = Array.from({ length: 200 }, (_, at) => `room${String(at).padStart(3, "0")}`);
      await map.setKeys(null, Object.fromEntries(keys.map((key, at) => [key, at])));
      await map.set("", "room", 1);
      assert.equal((await collect(map.entries(null))).length, 200);
      const reads = storage.counters.reads;
      assert.deepEqual(await collect(map.entries(null, { after: "room099", limit: 2 })), [
        ["room100", 100],
        ["room101", 101],
      ]);
      assert.ok(storage.counters.reads - reads <= 3, `${storage.counters.reads - reads} reads`);
      assert.deepEqual(await collect(map.entries(null, { limit: 0 })), []);
      assert.deepEqual(await collect(map.entries(null, { after: "room199" })), []);
    });

    check("pages through the keys of a value that was set whole", async ({ storage }) => {
      await storage.openStore<Json>(HOST, "list").set(null, { b: 2, "\ud83d\ude00": 5, a: 1, "\uffff": 4, c: 3 });
      const map = storage.openStore<number, "map">(HOST, "list", "map");
      const keys = async (range?: { after?: string; limit?: number }): Promise<string[]> =>
        (await collect(map.entries(null, range))).map(([key]) => key);
      assert.deepEqual(await keys(), ["a", "b", "c", "\uffff", "\ud83d\ude00"]);
      assert.deepEqual(await keys({ after: "a", limit: 2 }), ["b", "c"]);
    });

    check("sets one of many keys without rewriting the others", async ({ storage }) => {
      const map = storage.openStore<string, "map">(HOST, "persistent", "map");
      const many = Object.fromEntries(Array.from({ length: 500 }, (_, at) => [`room${at}`, "x".repeat(100)]));
      await storage.openStore<Json>(HOST, "persistent").set(null, many);
      await map.set(null, "room0", "changed");
      const reads = storage.counters.reads;
      await map.set(null, "room1", "changed");
      assert.equal(await map.get(null, "room499"), "x".repeat(100));
      assert.ok(storage.counters.reads - reads <= 2);
      assert.equal((await collect(map.entries(null))).length, 500);
    });
  });

  void describe(`archive on ${driver}`, () => {
    check("gives back what was appended, in order, with id, time and with", async ({ storage }) => {
      const archive = storage.openStore<Json, "archive">(HOST, "muc_log", "archive");
      const first = archive.append("orchard", null, said("one &amp; two"), 100.25, "message<groupchat");
      const second = archive.append("orchard", "own-id", said("three"), 200);
      await Promise.all([first.written, second.written]);
      const page = await archive.find("orchard");
      const [one, two] = await collect(page?.items ?? assert.fail("no page"));
      assert.deepEqual([one?.id, one?.when, one?.with], [first.id, 100.25, "message<groupchat"]);
      assert.equal(one?.stanza.toString(), said("one &amp; two").toString());
      assert.deepEqual([two?.id, two?.when, two?.with], ["own-id", 200, ""]);
      assert.equal((await archive.get("orchard", "own-id"))?.when, 200);
      assert.equal(await archive.get("orchard", "no-such-id"), undefined);
      assert.equal(await archive.get("garden", "own-id"), undefined);
      assert.deepEqual(await bodies(archive, "garden"), []);
    });

    const filled = async (storage: OpenStorage): Promise<{ archive: ArchiveStore; ids: string[] }> => {
      const archive = storage.openStore<Json, "archive">(HOST, "muc_log", "archive");
      const ids: string[] = [];
      const written: Promise<void>[] = [];
      for (let at = 0; at < 100; at++) {
        const entry = archive.append("orchard", null, said(String(at)), 1000 + at, at % 10 === 0 ? "tenth" : "other");
        ids.push(entry.id);
        written.push(entry.written);
      }
      await Promise.all(written);
      return { archive, ids };
    };

    check("pages by id, from either end, and counts", async ({ storage }) => {
      const { archive, ids } = await filled(storage);
      const orchard = (query: ArchiveQuery): Promise<string[] | undefined> => bodies(archive, "orchard", query);
      assert.deepEqual(await orchard({ limit: 3 }), ["0", "1", "2"]);
      assert.deepEqual(await orchard({ limit: 3, reverse: true }), ["99", "98", "97"]);
      assert.deepEqual(await orchard({ after: ids[49], limit: 2 }), ["50", "51"]);
      assert.deepEqual(await orchard({ before: ids[50], limit: 2, reverse: true }), ["49", "48"]);
      assert.deepEqual(await orchard({ after: ids[10], before: ids[13] }), ["11", "12"]);
      assert.deepEqual(await orchard({ after: ids[13], before: ids[10] }), []);
      assert.deepEqual(await orchard({ after: ids[13], before: ids[10], reverse: true }), []);
      assert.deepEqual(await orchard({ after: ids[99] }), []);
      const [early, late] = [ids[10] ?? "", ids[20] ?? ""];
      assert.deepEqual(await orchard({ after: [late, early], limit: 1 }), ["21"], "after each of them");
      assert.deepEqual(await orchard({ before: [late, early], limit: 1, reverse: true }), ["9"], "before each of them");
      assert.equal(await orchard({ after: [early, "unknown"] }), undefined);
      assert.deepEqual(await orchard({ limit: 0 }), []);
      assert.equal(await orchard({ after: "unknown" }), undefined);
      assert.equal(await orchard({ before: "unknown", limit: 1 }), undefined);
      assert.equal((await archive.find("orchard", { total: true, limit: 1, after: ids[90] }))?.total, 100);
      assert.equal((await archive.find("orchard", { total: true, with: "tenth" }))?.total, 10);
      assert.equal((await archive.find("orchard", { total: true, start: 1090 }))?.total, 10);
      assert.equal((await archive.find("orchard", { limit: 1 }))?.total, undefined);
      assert.equal((await archive.find("garden", { total: true }))?.total, 0);
    });

    check("filters by time, with, key and ids", async ({ storage }) => {
      const { archive, ids } = await filled(storage);
      const orchard = (query: ArchiveQuery): Promise<string[] | undefined> => bodies(archive, "orchard", query);
      assert.deepEqual(await orchard({ start: 1010, end: 1012 }), ["10", "11", "12"]);
      assert.deepEqual(await orchard({ start: 1010.5, end: 1011.5 }), ["11"]);
      assert.deepEqual(await orchard({ start: 1098 }), ["98", "99"]);
      assert.deepEqual(await orchard({ end: 1001, reverse: true }), ["1", "0"]);
      assert.deepEqual(await orchard({ start: 1012, end: 1010 }), []);
      assert.deepEqual(await orchard({ with: "tenth", start: 1011, limit: 2 }), ["20", "30"]);
      assert.deepEqual(await orchard({ key: ids[5] ?? "" }), ["5"]);
      assert.deepEqual(await orchard({ ids: [ids[9] ?? "", "unknown", ids[3] ?? ""] }), ["3", "9"]);
      assert.deepEqual(await orchard({ ids: [ids[9] ?? "", ids[3] ?? ""], reverse: true, limit: 1 }), ["9"]);
      assert.deepEqual(await orchard({ ids: [ids[9] ?? "", ids[3] ?? ""], start: 1005 }), ["9"]);
      assert.deepEqual(await orchard({ ids: [] }), []);
      assert.deepEqual(await orchard({ start: 1010, after: ids[50], limit: 1 }), ["51"]);
    });

    check("reads about as many entries as a page has", async ({ storage }) => {
      const { archive, ids } = await filled(storage);
      const cost = async (query: ArchiveQuery): Promise<number> => {
        const before = storage.counters.reads;
        await bodies(archive, "orchard", query);
        return storage.counters.reads - before;
      };
      assert.ok((await cost({ limit: 5 })) <= 6);
      assert.ok((await cost({ limit: 5, reverse: true })) <= 6);
      assert.ok((await cost({ limit: 5, after: ids[50] })) <= 7);
      assert.ok((await cost({ limit: 5, before: ids[50], reverse: true })) <= 7);
      assert.ok((await cost({ limit: 5, start: 1050 })) <= 6);
      assert.ok((await cost({ limit: 5, end: 1050, reverse: true })) <= 6);
      assert.ok((await cost({ limit: 2, with: "tenth" })) <= 12);
      assert.ok((await cost({ limit: 5, total: true })) <= 7);
    });

    check("adds what comes to several archives at the same time to each in order", async ({ storage }) => {
      const archive = storage.openStore<Json, "archive">(HOST, "muc_log", "archive");
      const written: Promise<void>[] = [];
      const append = (user: string, body: string): string => {
        const appended = archive.append(user, null, said(body));
        written.push(appended.written);
        return appended.id;
      };
      const first = append("orchard", "1");
      append("orchard", "2");
      append("garden", "a");
      append("orchard", "3");
      const changed = archive.set("orchard", first, said("first"));
      append("orchard", "4");
      const deleted = archive.delete("garden");
      append("garden", "b");
      append("garden", "c");
      await Promise.all(written);
      assert.deepEqual([await changed, await deleted], [true, 1]);
      assert.deepEqual(await bodies(archive, "orchard"), ["first", "2", "3", "4"]);
      assert.deepEqual(await bodies(archive, "garden"), ["b", "c"]);
      assert.equal((await archive.find("orchard", { total: true }))?.total, 4);
      assert.equal((await archive.find("garden", { total: true }))?.total, 2);
    });

    check("replaces an existing key and moves it to the end", async ({ storage }) => {
      const archive = storage.openStore<Json, "archive">(HOST, "muc_log", "archive");
      archive.append("orchard", "a", said("old"));
      archive.append("orchard", "b", said("b"));
      await archive.append("orchard", "a", said("new")).written;
      assert.deepEqual(await bodies(archive, "orchard"), ["b", "new"]);
      assert.equal((await archive.find("orchard", { total: true }))?.total, 2);
    });

    check("finds an entry by its id, whoever made that, wherever it was moved", async ({ storage }) => {
      const archive = storage.openStore<Json, "archive">(HOST, "muc_log", "archive");
      const [first, second, third] = ["1", "2", "3"].map((body) => archive.append("orchard", null, said(body)).id);
      const { when } = (await archive.get("orchard", first ?? "")) ?? assert.fail();
      const bodyOf = async (id = ""): Promise<string | undefined> =>
        (await archive.get("orchard", id))?.stanza.getChildText("body") ?? undefined;
      assert.deepEqual(await Promise.all([first, second, third].map(bodyOf)), ["1", "2", "3"]);
      assert.deepEqual(await bodies(archive, "orchard", { after: first, before: third }), ["2"]);
      assert.deepEqual(await bodies(archive, "orchard", { ids: [third ?? "", first ?? ""] }), ["1", "3"]);
      assert.equal(await archive.set("orchard", first ?? "", said("moved"), when + 60), true);
      assert.deepEqual(await bodies(archive, "orchard"), ["2", "3", "moved"]);
      assert.equal(await bodyOf(first), "moved");
      assert.deepEqual(await bodies(archive, "orchard", { before: first }), ["2", "3"]);
      assert.equal(await archive.set("orchard", first ?? "", said("back"), when), true);
      assert.deepEqual(await bodies(archive, "orchard"), ["back", "2", "3"]);
      await archive.append("orchard", second ?? "", said("again"), when + 30).written;
      assert.deepEqual(await bodies(archive, "orchard"), ["back", "3", "again"]);
      assert.equal(await bodyOf(second), "again");
      assert.equal(await archive.delete("orchard", { ids: [first ?? "", second ?? ""] }), 2);
      assert.deepEqual(await Promise.all([first, second, third].map(bodyOf)), [undefined, undefined, "3"]);
      assert.equal(await bodies(archive, "orchard", { after: first }), undefined);
      assert.equal((await archive.find("orchard", { total: true }))?.total, 1);
      // The same id in another archive is another's; so is one that was never given.
      assert.equal(await archive.get("garden", third ?? ""), undefined);
      assert.equal(await archive.get("orchard", "01933f5e-0000-7000-8000-000000000000"), undefined);
    });

    check("changes an entry in place, and says whether there is one", async ({ storage }) => {
      const archive = storage.openStore<Json, "archive">(HOST, "muc_log", "archive");
      archive.append("orchard", "a", said("a"), 10, "x");
      archive.append("orchard", "b", said("b"), 20, "x");
      assert.equal(await archive.set("orchard", "a", said("changed")), true);
      assert.equal(await archive.set("orchard", "c", said("changed")), false);
      assert.deepEqual(await bodies(archive, "orchard"), ["changed", "b"]);
      const { when, with: withValue } = (await archive.get("orchard", "a")) ?? assert.fail();
      assert.deepEqual([when, withValue], [10, "x"]);
      assert.equal(await archive.set("orchard", "a", said("later"), 30, "y"), true);
      assert.deepEqual(await bodies(archive, "orchard"), ["b", "later"]);
      assert.deepEqual(await bodies(archive, "orchard", { with: "y" }), ["later"]);
    });

    check("deletes what a query names, all of it, or all but the newest or oldest", async ({ storage }) => {
      const { archive, ids } = await filled(storage);
      assert.equal(await archive.delete("orchard", { with: "tenth" }), 10);
      assert.equal(await archive.delete("orchard", { end: 1004, limit: 1 }), 1, "the oldest");
      assert.equal(await archive.delete("orchard", { end: 1004 }), 3);
      assert.equal(await archive.delete("orchard", { after: "unknown" }), 0);
      assert.equal(await archive.delete("orchard", { key: ids[5] ?? "" }), 1);
      assert.equal(await archive.get("orchard", ids[5] ?? ""), undefined);
      assert.equal((await archive.find("orchard", { total: true }))?.total, 85);
      assert.equal(await archive.delete("orchard", { truncate: 3 }), 82);
      assert.deepEqual(await bodies(archive, "orchard"), ["97", "98", "99"]);
      assert.equal(await archive.delete("orchard", { truncate: 5 }), 0);
      assert.equal(await archive.delete("orchard", { truncate: 2, reverse: true }), 1);
      assert.deepEqual(await bodies(archive, "orchard"), ["97", "98"]);
      archive.append("orchard", null, said("late"));
      const all = archive.delete("orchard");
      archive.append("orchard", null, said("after"));
      assert.equal(await all, 3);
      assert.deepEqual(await bodies(archive, "orchard"), ["after"]);
      assert.equal(await archive.delete("orchard"), 1);
      assert.deepEqual(await collect(archive.users()), []);
      assert.equal(await archive.delete("nobody"), 0);
    });

    check("deletes very many at once, and nothing else", async ({ storage }) => {
      const archive = storage.openStore<Json, "archive">(HOST, "muc_log", "archive");
      for (let at = 0; at < 2500; at++) archive.append("orchard", null, said("x"), at, undefined, { sync: false });
      await archive.append("garden", null, said("stays")).written;
      const batches = storage.counters.batches;
      assert.equal(await archive.delete("orchard", { truncate: 2 }), 2498);
      assert.equal(storage.counters.batches, batches + 1);
      assert.equal((await collect((await archive.find("orchard"))?.items ?? assert.fail())).length, 2);
      assert.deepEqual(await bodies(archive, "garden"), ["stays"]);
    });

    check("sums up by with, and lists users", async ({ storage }) => {
      const { archive } = await filled(storage);
      await archive.append("", null, said("x")).written;
      assert.deepEqual(await archive.summary("orchard", { start: 1005, end: 1030 }), {
        other: { count: 23, earliest: 1005, latest: 1029 },
        tenth: { count: 3, earliest: 1010, latest: 1030 },
      });
      assert.deepEqual(await archive.summary("nobody"), {});
      assert.deepEqual(await collect(archive.users()), ["", "orchard"]);
    });

    check("puts an entry with a time where it belongs", async ({ storage }) => {
      const archive = storage.openStore<Json, "archive">(HOST, "muc_log", "archive");
      for (const when of [0, -1, 1e9, 0.5, -0.5, 1e-9, -1e9, 5])
        archive.append("orchard", null, said(String(when)), when);
      const order = ["-1000000000", "-1", "-0.5", "0", "1e-9", "0.5", "5", "1000000000"];
      assert.deepEqual(await bodies(archive, "orchard"), order);
      assert.throws(() => archive.append("orchard", null, said("x"), Number.NaN), TypeError);
    });
  });

  void describe(`database on ${driver}`, () => {
    check("refuses what comes after closing, and may be closed twice", async ({ storage }) => {
      const store = storage.openStore<number>(HOST, "config");
      const last = store.set("orchard", 1, { sync: false });
      const closed = storage.close();
      await assert.rejects(store.set("orchard", 2), { code: "STORAGE_CLOSED" });
      await assert.rejects(store.get("orchard"), { code: "STORAGE_CLOSED" });
      await last;
      await closed;
      await storage.close();
      await assert.rejects(store.get("orchard"), { code: "STORAGE_CLOSED" });
      await storage.idle();
    });
  });
}
