import { resolve } from "node:path";
import { loadConfig, readSqlOptions, runningProsody, type Config, type SqlOptions } from "chorus-muc";
import { driverOf } from "../places.js";
import { findDataPath, nameIn, type SourceHost } from "../source.js";
import { STORES } from "../stores.js";
import type { ExportCall } from "./command-line.js";
import { FilesTarget } from "./files-target.js";
import { readAddress } from "./sql-address.js";
import { SqlTarget } from "./sql-target.js";
import type { ExportTarget } from "./target.js";

/** Where everything goes. */
export interface Destination {
  readonly hosts: readonly SourceHost[];
  /** Hosts that are not exported, as that Prosody has none of their names. */
  readonly absent: readonly string[];
  /** All that were asked for so far. */
  targets(): readonly ExportTarget[];
  /** Where a store of a host goes; `undefined`: it is kept nowhere. */
  target(host: string, store: string): ExportTarget | undefined;
  /** The name that a store has there. */
  storeName(host: string, store: string): string;
  /** Whether the accounts of a domain are that Prosody's; `undefined`: nobody knows. */
  isServed(domain: string): boolean | undefined;
}

/** What a destination is made for. */
export interface DestinationOptions {
  readonly cwd: string;
  /** Unix milliseconds. */
  readonly now: number;
  /** Hosts that there are. */
  readonly hosts: readonly SourceHost[];
}

/** Drivers of Prosody's that keep nothing. */
const NOTHING_KEPT: ReadonlySet<string> = new Set(["none", "null"]);

/** Finds out where an export goes. @returns why it cannot go there, a line each @throws ConfigError */
export async function openDestination(
  call: ExportCall,
  options: DestinationOptions,
): Promise<Destination | readonly string[]> {
  const { cwd, now, hosts } = options;
  const { to } = call;
  if (to.kind === "config") return toConfigured(call, to, options);
  let target: ExportTarget;
  if (to.kind === "folder") target = filesAt(resolve(cwd, to.path), call, now);
  else {
    const database = readAddress(to.address, cwd);
    if (typeof database === "string") return [`--sql: ${database}`];
    target = sqlAt(database, call);
  }
  return {
    hosts,
    absent: [],
    targets: () => [target],
    target: () => target,
    storeName: (_host, store) => store,
    isServed: () => undefined,
  };
}

function filesAt(path: string, { over, version }: ExportCall, now: number): FilesTarget {
  const stamp = `${new Date(now).toISOString().slice(0, 19).replaceAll(":", "")}Z`;
  return new FilesTarget(path, over, { floor: version === "0.12" }, stamp);
}

function sqlAt(database: SqlOptions, { over, version }: ExportCall): SqlTarget {
  // SQLite keeps what it is given; the others have a column of integers.
  return new SqlTarget(database, over, version === "0.12" || database.driver !== "SQLite3");
}

async function toConfigured(
  call: ExportCall,
  to: ExportCall["to"] & { readonly kind: "config" },
  { cwd, now, hosts }: DestinationOptions,
): Promise<Destination | readonly string[]> {
  const config = await loadConfig(resolve(cwd, to.file));
  const there = hosts.filter(({ name }) => config.hosts.some((host) => host.name === name));
  const problems = new Set(missing(config, hosts, call));
  const folder = findDataPath(config, to.dataPath, cwd);
  const byKey = new Map<string, ExportTarget>();
  const targetOf = (host: string, store: string): ExportTarget | undefined => {
    const driver = driverOf(config, host, store);
    if (NOTHING_KEPT.has(driver)) return undefined;
    const refuse = (reason: string): undefined => void problems.add(`${host}: storage "${driver}": ${reason}`);
    if (driver !== "internal" && driver !== "sql")
      return refuse("only files (internal) and databases (sql) can be written");
    const options = driver === "sql" ? readSqlOptions(config.get(host, "sql"), String(folder)) : undefined;
    if (typeof options === "string") return refuse(`sql: ${options}`);
    if ((options === undefined || options.driver === "SQLite3") && typeof folder === "object") {
      return void problems.add(folder.problem);
    }
    const key = JSON.stringify(options ?? "");
    const target = byKey.get(key) ?? (options ? sqlAt(options, call) : filesAt(String(folder), call, now));
    byKey.set(key, target);
    return target;
  };
  for (const { name, kind } of there) for (const store of STORES[kind]) targetOf(name, nameIn(config, name, store));
  const pid = call.isDryRun ? undefined : runningProsody(config, cwd);
  if (pid !== undefined) problems.add(`Prosody is running, as process ${pid}: stop it first`);
  if (problems.size > 0) return [...problems];
  return {
    hosts: there,
    absent: hosts.filter((host) => !there.includes(host)).map(({ name }) => name),
    targets: () => [...byKey.values()],
    target: targetOf,
    storeName: (host, store) => nameIn(config, host, store),
    isServed: (domain) => config.hosts.some(({ name, type }) => type === "VirtualHost" && name === domain),
  };
}

/** Rooms that would be written for nobody. */
function missing(config: Config, hosts: readonly SourceHost[], call: ExportCall): string[] {
  return hosts.flatMap(({ name, kind }) => {
    const section = config.hosts.find((host) => host.name === name);
    if (kind === "muc" && section?.componentModule !== "muc") {
      return [
        `${config.file} has no Component "${name}" "muc" for the rooms of ${name}: add it, or leave the host out`,
      ];
    }
    if (kind === "accounts" && section?.type !== "VirtualHost" && call.hosts.length > 0) {
      return [`${config.file} has no VirtualHost "${name}" for its accounts: add it`];
    }
    return [];
  });
}
