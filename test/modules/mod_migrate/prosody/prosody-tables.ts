/** What is in a Prosody's data folder, record by record, however it is written. */
import { readdir, readFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { DataError } from "../../../../core/storage/prosody/data-error.js";
import type { ProsodyData } from "../../../../core/storage/prosody/prosody-data.js";
import { readList } from "../../../../core/storage/prosody/list-file.js";
import { readData, type LuaValue } from "../../../../core/storage/prosody/lua-data.js";

const NOT_READ = /~$|\.lidx$/;

/** Every record by its file, those of lists in a list; plain values, in which the order of keys is lost. */
export async function tablesIn(folder: string): Promise<Record<string, unknown>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const tables: Record<string, unknown> = {};
  for (const entry of entries) {
    const path = join(entry.parentPath, entry.name);
    if (!entry.isFile() || NOT_READ.test(path)) continue;
    const name = relative(folder, path);
    if (name.endsWith(".dat")) tables[name] = plain(readData(await readFile(path)));
    else if (name.endsWith(".list")) {
      const records: unknown[] = [];
      for await (const { value } of readList(path)) records.push(value instanceof DataError ? value : plain(value));
      tables[name] = records;
    } else tables[name] = await readFile(path, "latin1");
  }
  return tables;
}

/** Every record of hosts, wherever it is kept. */
export async function recordsOf(data: ProsodyData, hosts: readonly string[]): Promise<Record<string, unknown>> {
  const records: Record<string, unknown> = {};
  for (const host of hosts) {
    for (const store of await data.stores(host)) {
      for (const value of await data.values(host, store)) {
        records[`${host}/${store}/${String(value.user)}`] = plain(await value.read());
      }
      for (const archive of await data.archives(host, store)) {
        const found: unknown[] = [];
        for await (const message of archive.messages()) {
          if (message instanceof DataError) throw message;
          found.push([message.id, message.when, message.with, message.stanza.toString()]);
        }
        records[`${host}/${store}/${String(archive.user)} (archive)`] = found;
      }
    }
  }
  return records;
}

/** Tables as objects; keys that are no names are marked by their kind. An element has its namespace at the top only. */
function plain(value: LuaValue, namespace?: unknown): unknown {
  if (typeof value === "bigint") return String(value);
  if (!(value instanceof Map)) return value;
  const attr = value.get("attr");
  const isElement = attr instanceof Map && typeof value.get("name") === "string";
  const own = isElement ? (attr.get("xmlns") ?? namespace) : undefined;
  const entries = [...value].map(([key, item]) => {
    const name = typeof key === "string" ? key : `${typeof key} ${String(key)}`;
    if (!isElement || key !== "attr" || own !== namespace) return [name, plain(item, own)];
    const others = [...(item as Map<string, LuaValue>)].filter(([attribute]) => attribute !== "xmlns");
    return [name, plain(new Map(others))];
  });
  return Object.fromEntries(entries) as unknown;
}
