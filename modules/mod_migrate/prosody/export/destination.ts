import { resolve } from "node:path";
import { loadConfig, type Config, runningProsody } from "chorus-muc";
import { driverOf } from "../places.js";
import { findDataPath, nameIn, type SourceHost } from "../source.js";
import { STORES } from "../stores.js";
import type { ExportCall } from "./command-line.js";
import { FilesTarget } from "./files-target.js";
import type { ExportTarget } from "./target.js";

/** Where everything goes. */
export interface Destination {
  readonly hosts: readonly SourceHost[];
  /** Hosts that are not exported, as that Prosody has none of their names. */
  readonly absent: readonly string[];
  readonly targets: readonly ExportTarget[];
  /** Where a store of a host goes. */
  target(host: string, store: string): ExportTarget;
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

/** Finds out where an export goes. @returns why it cannot go there, a line each @throws ConfigError */
export async function openDestination(
  call: ExportCall,
  { cwd, now, hosts }: DestinationOptions,
): Promise<Destination | readonly string[]> {
  const stamp = `${new Date(now).toISOString().slice(0, 19).replaceAll(":", "")}Z`;
  const files = (path: string): FilesTarget =>
    new FilesTarget(path, call.over, { floor: call.version === "0.12" }, stamp);
  const { to } = call;
  switch (to.kind) {
    case "folder": {
      const target = files(resolve(cwd, to.path));
      return {
        hosts,
        absent: [],
        targets: [target],
        target: () => target,
        storeName: (_host, store) => store,
        isServed: () => undefined,
      };
    }
    case "config": {
      const config = await loadConfig(resolve(cwd, to.file));
      const folder = findDataPath(config, to.dataPath, cwd);
      const there = hosts.filter(({ name }) => config.hosts.some((host) => host.name === name));
      const problems = [
        ...(typeof folder === "object" ? [folder.problem] : []),
        ...missing(config, hosts, call),
        ...there.flatMap(({ name, kind }) => storageProblems(config, name, STORES[kind])),
      ];
      const pid = call.isDryRun || to.dataPath !== undefined ? undefined : runningProsody(config, cwd);
      if (pid !== undefined) problems.push(`Prosody is running, as process ${pid}: stop it first`);
      if (problems.length > 0 || typeof folder === "object") return problems;
      const target = files(folder);
      return {
        hosts: there,
        absent: hosts.filter((host) => !there.includes(host)).map(({ name }) => name),
        targets: [target],
        target: () => target,
        storeName: (host, store) => nameIn(config, host, store),
        isServed: (domain) => config.hosts.some(({ name, type }) => type === "VirtualHost" && name === domain),
      };
    }
  }
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

function storageProblems(config: Config, host: string, stores: readonly string[]): string[] {
  const drivers = new Set(stores.map((store) => driverOf(config, host, nameIn(config, host, store))));
  return [...drivers]
    .filter((driver) => driver !== "internal")
    .map((driver) => `${host}: storage "${driver}": only files (internal) can be written`);
}
