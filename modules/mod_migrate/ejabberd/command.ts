import { access } from "node:fs/promises";
import { constants } from "node:fs";
import { resolve } from "node:path";
import {
  EXIT_USAGE,
  nameprep,
  StorageError,
  type CommandContext,
  type CommandIo,
  type Config,
  type HostSection,
  type ModuleApi,
} from "chorus-muc";
import { ImportRun } from "../import-run.js";
import { readCall, type ImportCall } from "./command-line.js";
import { DatabaseSource, readAddress } from "./database.js";
import { DumpSource } from "./dump.js";
import { ImportHosts } from "./hosts.js";
import { EjabberdImport } from "./import.js";
import type { Source } from "./records.js";
import { SqlFileSource } from "./sql-file.js";

const USAGE =
  "import ejabberd --dump FILE | --sql FILE [--sql-type TYPE] | --database ADDRESS [--host HOST]… [--into CONFIG] [--dry-run] [--json]";

/** The command `import ejabberd`: brings rooms, archives and accounts of an ejabberd over. */
export class ImportEjabberd {
  constructor(
    private readonly module: ModuleApi,
    private readonly config: Config,
  ) {}

  provide(): void {
    this.module.provides("command", {
      name: "import ejabberd",
      summary: "bring rooms, archives and accounts over from what ejabberd wrote out",
      usage: USAGE,
      offlineOnly: true,
      run: (args: readonly string[], io: CommandIo, context: CommandContext) => this.#run(args, io, context),
    });
  }

  async #run(args: readonly string[], io: CommandIo, { cwd }: CommandContext): Promise<number> {
    const call = readCall(args);
    if (typeof call === "string") {
      io.error(call);
      return EXIT_USAGE;
    }
    const problems = this.#problems(call);
    const source = await openSource(call, cwd);
    if (typeof source === "string") problems.push(source);
    if (problems.length > 0 || typeof source === "string") {
      for (const problem of problems) io.error(problem);
      io.error("nothing was brought over");
      return 1;
    }
    const run = new ImportRun(call, io);
    const wanted = new Set(call.hosts.map((host) => nameprep(host) ?? host));
    const hosts = new ImportHosts(this.module, this.config, wanted, this.#hostOfAccounts(wanted));
    try {
      return await run.finish(() => new EjabberdImport(run, source, hosts).all());
    } finally {
      await source.close();
    }
  }

  #problems({ hosts }: ImportCall): string[] {
    return hosts
      .filter((host) => this.#section(nameprep(host) ?? host) === undefined)
      .map((host) => `--host: ${this.config.file} has neither a VirtualHost nor a Component "muc" ${host}`);
  }

  #section(name: string): HostSection | undefined {
    return this.config.hosts.find(
      (host) => host.name === name && (isOfAccounts(host) || host.componentModule === "muc"),
    );
  }

  /** Whose the accounts are that name no host: those of `export2sql`, which is told one. */
  #hostOfAccounts(wanted: ReadonlySet<string>): string | undefined {
    const names = this.config.hosts.filter(isOfAccounts).map(({ name }) => name);
    const chosen = wanted.size > 0 ? names.filter((name) => wanted.has(name)) : names;
    return chosen.length === 1 ? chosen[0] : undefined;
  }
}

function isOfAccounts(host: HostSection): boolean {
  return host.type === "VirtualHost";
}

/** @returns why it cannot be had */
async function openSource({ source: { kind, name }, quoting }: ImportCall, cwd: string): Promise<Source | string> {
  if (kind === "--database") return openDatabase(name, cwd);
  const path = resolve(cwd, name);
  try {
    await access(path, constants.R_OK);
  } catch (error) {
    return `${kind}: ${error instanceof Error ? error.message : String(error)}`;
  }
  return kind === "--dump" ? new DumpSource(name, path) : new SqlFileSource(name, path, quoting);
}

async function openDatabase(address: string, cwd: string): Promise<Source | string> {
  const options = readAddress(address, (file) => resolve(cwd, file));
  if (typeof options === "string") return `--database: ${options}`;
  try {
    const source = await DatabaseSource.open(options);
    return typeof source === "string" ? `--database: ${source}` : source;
  } catch (error) {
    if (error instanceof StorageError) return `--database: ${error.code}: ${error.message}`;
    throw error;
  }
}
