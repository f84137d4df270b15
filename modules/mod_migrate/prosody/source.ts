import { existsSync, readdirSync } from "node:fs";
import { isAbsolute, resolve } from "node:path";
import { loadConfig, nameprep, runningProsody, type Config, type ProsodyData } from "chorus-muc";
import type { ImportCall } from "./command-line.js";
import { openPlaces, type Places } from "./places.js";
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
  /** Absolute; `undefined`: there is none, and everything is in databases. */
  readonly dataPath: string | undefined;
  readonly hosts: readonly SourceHost[];
  /** Components without rooms, of which nothing is brought over. */
  readonly others: readonly string[];
  /** The name that a store has there. */
  storeName(host: string, store: string): string;
  /** Where a store of a host is. */
  data(host: string, store: string): ProsodyData;
  /** Everywhere that a host has stores. */
  places(host: string): readonly ProsodyData[];
  /** Called once, when nothing is being read. */
  close(): Promise<void>;
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
  if (hosts.length === 0 && problems.length === 0) {
    problems.push(`${config.file} has neither a Component "…" "muc" nor a VirtualHost`);
  }
  const pid = call.isDryRun || call.dataPath !== undefined ? undefined : runningProsody(config, cwd);
  if (pid !== undefined) {
    problems.push(
      `Prosody is running, as process ${pid}: stop it first, or copy its data and say where by --data-path`,
    );
  }
  const folder = findDataPath(config, call.dataPath, cwd);
  const storeName = (host: string, store: string): string => nameIn(config, host, store);
  const stores = hosts.map(
    ({ name, kind }) => [name, STORES[kind].map((store): string => storeName(name, store))] as const,
  );
  const places = await openPlaces(config, new Map(stores), folder);
  if (!isPlaces(places)) return [...problems, ...places];
  if (problems.length > 0) {
    await places.close();
    return problems;
  }
  const dataPath = typeof folder === "string" ? folder : undefined;
  const { data, of: placesOf, close } = places;
  return { config, dataPath, hosts, others, storeName, data, places: placesOf, close };
}

function isPlaces(places: Places | readonly string[]): places is Places {
  return !Array.isArray(places);
}

/** Prosody's data folder. @param dataPath said by the call */
export function findDataPath(
  config: Config,
  dataPath: string | undefined,
  cwd: string,
): string | { readonly problem: string } {
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

/** The name that a store has in Prosody. */
export function nameIn(config: Config, host: string, store: string): string {
  const chosen = isCards(store) ? config.get(host, CARDS_OPTION) : undefined;
  return typeof chosen === "string" ? chosen : store;
}
