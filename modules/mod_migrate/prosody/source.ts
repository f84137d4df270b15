import { existsSync, readdirSync, readFileSync } from "node:fs";
import { isAbsolute, resolve } from "node:path";
import { loadConfig, nameprep, ProsodyFiles, type Config, type ConfigValue, type ProsodyData } from "chorus-muc";
import type { ImportCall } from "./command-line.js";
import { CARDS_OPTION, isCards, STORES } from "./stores.js";

/** Where Prosody's packages keep their data when the configuration does not say. */
const STANDARD_DATA_PATH = "/var/lib/prosody";

/** A host of Prosody's that there is something to bring from. */
export interface SourceHost {
  readonly name: string;
  readonly kind: keyof typeof STORES;
}

/** A Prosody, as its configuration describes it. */
export interface Source {
  readonly config: Config;
  /** Absolute. */
  readonly dataPath: string;
  readonly hosts: readonly SourceHost[];
  /** Components without rooms, of which nothing is brought over. */
  readonly others: readonly string[];
  /** The name that a store has there. */
  storeName(host: string, store: string): string;
  /** Where a store of a host is. */
  data(host: string, store: string): ProsodyData;
  /** Everywhere that a host has stores. */
  places(host: string): readonly ProsodyData[];
}

/** Reads Prosody's configuration. @returns why nothing can be brought from there, a line each @throws ConfigError */
export async function openSource(call: ImportCall, cwd: string): Promise<Source | readonly string[]> {
  const config = await loadConfig(resolve(cwd, call.config));
  const wanted = new Set<string>();
  const problems: string[] = [];
  for (const host of call.hosts) {
    const name = nameprep(host);
    if (name !== undefined && config.hosts.some((known) => known.name === name)) wanted.add(name);
    else problems.push(`--host: ${config.file} has no host ${host}`);
  }
  const others: string[] = [];
  const hosts = config.hosts.flatMap(({ name, type, componentModule }): SourceHost[] => {
    if (wanted.size > 0 && !wanted.has(name)) return [];
    if (type === "VirtualHost") return [{ name, kind: "accounts" }];
    if (componentModule === "muc") return [{ name, kind: "muc" }];
    if (wanted.has(name))
      problems.push(`--host: ${name} is a component "${componentModule ?? ""}", which has no rooms`);
    others.push(name);
    return [];
  });
  const dataPath = findDataPath(config, call, cwd);
  if (typeof dataPath === "object") problems.push(dataPath.problem);
  else {
    problems.push(...hosts.flatMap((host) => storageProblems(config, host)));
    const files = new ProsodyFiles(dataPath);
    for (const { name } of hosts) problems.push(...(await folderProblems(files, name)));
    const pid = call.isDryRun || call.dataPath !== undefined ? undefined : runningPid(config, cwd);
    if (pid !== undefined) {
      problems.push(
        `Prosody is running, as process ${pid}: stop it first, or copy its data and say where by --data-path`,
      );
    }
    if (hosts.length === 0 && problems.length === 0) {
      problems.push(`${config.file} has neither a Component "…" "muc" nor a VirtualHost`);
    }
    if (problems.length === 0) {
      const storeName = (host: string, store: string): string => nameIn(config, host, store);
      return { config, dataPath, hosts, others, storeName, data: () => files, places: () => [files] };
    }
  }
  return problems;
}

function findDataPath(config: Config, { dataPath }: ImportCall, cwd: string): string | { readonly problem: string } {
  const configured = config.get("*", "data_path");
  let path = dataPath === undefined ? undefined : resolve(cwd, dataPath);
  if (path === undefined && typeof configured === "string") {
    if (!isAbsolute(configured)) {
      // It counts from the folder that Prosody was started in, which nobody here knows.
      return { problem: `data_path is "${configured}", relative to where Prosody was started: say it by --data-path` };
    }
    path = configured;
  }
  path ??= STANDARD_DATA_PATH;
  if (!existsSync(path)) return { problem: `there is no data folder ${path}: say where it is by --data-path` };
  try {
    readdirSync(path);
  } catch (error) {
    return {
      problem: `the data folder ${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    };
  }
  return path;
}

function nameIn(config: Config, host: string, store: string): string {
  const chosen = isCards(store) ? config.get(host, CARDS_OPTION) : undefined;
  return typeof chosen === "string" ? chosen : store;
}

/** The driver of one store: `storage` is a name for all of them, or a table by store. */
function driverOf(config: Config, host: string, store: string): string {
  const chosen = choiceIn(config.get(host, "storage"), store);
  return chosen ?? choiceIn(config.get(host, "default_storage"), store) ?? "internal";
}

function choiceIn(value: ConfigValue | undefined, store: string): string | undefined {
  if (typeof value === "string") return value;
  if (typeof value !== "object" || Array.isArray(value)) return undefined;
  const own = value[store];
  return typeof own === "string" ? own : undefined;
}

/** Stores of a host that cannot be read from files. */
function storageProblems(config: Config, { name, kind }: SourceHost): string[] {
  const byDriver = new Map<string, string[]>();
  for (const own of STORES[kind]) {
    const store = nameIn(config, name, own);
    const driver = driverOf(config, name, store);
    if (driver === "internal" || driver === "none" || driver === "null") continue;
    byDriver.set(driver, [...(byDriver.get(driver) ?? []), store]);
  }
  return [...byDriver].map(
    ([driver, stores]) => `${name}: storage "${driver}" (${stores.join(", ")}): ${reasonFor(driver)}`,
  );
}

function reasonFor(driver: string): string {
  if (driver === "memory") return "what Prosody keeps in memory is gone when it stops, and there is nothing to read";
  if (driver === "sql") return "databases cannot be read yet; Prosody's prosody-migrator copies them to files";
  return "only files (internal) can be read";
}

/** A folder that cannot be read must not be taken for an empty one. */
async function folderProblems(files: ProsodyFiles, host: string): Promise<string[]> {
  try {
    await files.stores(host);
    return [];
  } catch (error) {
    return [`the data of ${host} cannot be read: ${error instanceof Error ? error.message : String(error)}`];
  }
}

/** The process that Prosody's `pidfile` names, if it is there. */
function runningPid(config: Config, cwd: string): number | undefined {
  const file = config.get("*", "pidfile");
  if (typeof file !== "string") return undefined;
  try {
    const pid = Number(readFileSync(resolve(cwd, file), "utf8").trim());
    if (!Number.isSafeInteger(pid) || pid <= 0) return undefined;
    process.kill(pid, 0);
    return pid;
  } catch (error) {
    // A process of another user is there all the same.
    const isThere = error instanceof Error && "code" in error && error.code === "EPERM";
    return isThere ? Number(readFileSync(resolve(cwd, file), "utf8").trim()) : undefined;
  }
}
