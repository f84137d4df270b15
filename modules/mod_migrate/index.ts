import { dirname, resolve } from "node:path";
import {
  ClockToken,
  ConfigError,
  ConfigToken,
  describeSql,
  EXIT_USAGE,
  HostsToken,
  inject,
  injectable,
  ModuleApiToken,
  readSqlOptions,
  type Clock,
  type CommandContext,
  type CommandIo,
  type Config,
  type ConfigMaking,
  type Hosts,
  type MadeConfig,
  type ModuleApi,
} from "chorus-muc";
import { prosodySettings } from "./config/explain.js";
import { makeConfig } from "./config/make-config.js";
import { ImportEjabberd } from "./ejabberd/command.js";
import { readCall, type ImportCall } from "./prosody/command-line.js";
import { Run } from "./prosody/run.js";
import { exportCommand } from "./prosody/export/command.js";
import { openSource, type Source } from "./prosody/source.js";

const USAGE =
  "import prosody --config PROSODY_CONFIG [--data-path DIR] [--host HOST]… [--into CONFIG [--attached|--standalone] [--show-secrets]] [--dry-run] [--json]";

/**
 * The command `import prosody`: brings rooms, archives and accounts of a Prosody over, from its files and databases to
 * the database that this configuration names; and `export prosody`, the way back.
 */
@injectable()
export default class ImportProsody {
  static readonly isGlobal = true;

  constructor(
    @inject(ModuleApiToken) private readonly module: ModuleApi,
    @inject(ConfigToken) private readonly config: Config,
    @inject(HostsToken) private readonly hosts: Hosts,
    @inject(ClockToken) private readonly clock: Clock,
  ) {}

  load(): void {
    this.module.provides("config-explainer", prosodySettings);
    this.module.provides("command", exportCommand(this.module, this.config, this.hosts, this.clock));
    this.module.provides("command", {
      name: "import prosody",
      summary: "bring rooms, archives and accounts over from Prosody",
      usage: USAGE,
      offlineOnly: true,
      makeConfig: (args: readonly string[], io: CommandIo, making: ConfigMaking) => this.#makeConfig(args, io, making),
      run: (args: readonly string[], io: CommandIo, context: CommandContext) => this.#run(args, io, context),
    });
    new ImportEjabberd(this.module, this.config).provide();
  }

  /** Writes the configuration that is missing, if the call says which; it is then that of the import. */
  async #makeConfig(args: readonly string[], io: CommandIo, making: ConfigMaking): Promise<MadeConfig | number> {
    const call = readCall(args);
    if (typeof call === "string") {
      io.error(call);
      return EXIT_USAGE;
    }
    const { mode } = call;
    if (mode === undefined) {
      io.error(`${making.file} is not there: --attached or --standalone writes it`);
      return 1;
    }
    const source = await this.#source(call, making.cwd);
    if (isSource(source)) {
      await source.close();
      return makeConfig(source, { ...call, mode }, io, making);
    }
    for (const problem of source) io.error(problem);
    io.error("nothing was written, and nothing brought over");
    return 1;
  }

  async #run(args: readonly string[], io: CommandIo, { cwd, isConfigMade }: CommandContext): Promise<number> {
    const call = readCall(args);
    if (typeof call === "string") {
      io.error(call);
      return EXIT_USAGE;
    }
    if (call.mode !== undefined && isConfigMade !== true) {
      io.error(`${this.config.file} is there already: leave --${call.mode} out, or name a new file by --into`);
      return 1;
    }
    const source = await this.#source(call, cwd);
    if (!isSource(source)) return refused(source, io);
    try {
      const problems = this.#problems(source, call.hosts.length > 0);
      if (problems.length > 0) return refused(problems, io);
      const run = new Run(source, this.clock.now() / 1000, call, io);
      return await run.finish(() => run.all(this.module, this.hosts));
    } finally {
      await source.close();
    }
  }

  /** What there is to bring over, or why it cannot be, a line each. */
  async #source(call: ImportCall, cwd: string): Promise<Source | readonly string[]> {
    try {
      return await openSource(call, cwd);
    } catch (error) {
      if (error instanceof ConfigError) return error.message.split("\n");
      throw error;
    }
  }

  /** The database that this configuration has stores of a host in, if it has. */
  #databaseOf(host: string, dataPath: string): string | undefined {
    const storage = ["storage", "default_storage"].map((option) => JSON.stringify(this.config.get(host, option) ?? ""));
    const options = readSqlOptions(this.config.get(host, "sql"), dataPath);
    const isUsed = storage.some((text) => text.includes('"sql"'));
    return isUsed && typeof options === "object" ? describeSql(options) : undefined;
  }

  /** What this configuration lacks for what there is. @param isNamed the hosts were named one by one */
  #problems(source: Source, isNamed: boolean): string[] {
    const configured = this.config.get("*", "data_path");
    const dataPath = resolve(dirname(this.config.file), typeof configured === "string" ? configured : "data");
    if (dataPath === source.dataPath) {
      return [`${this.config.file} has Prosody's own data_path, ${dataPath}: give Chorus a folder of its own`];
    }
    return source.hosts.flatMap(({ name, kind }) => {
      const place = this.#databaseOf(name, dataPath);
      if (place !== undefined && source.places(name).some((data) => data.place === place)) {
        return [
          `${this.config.file} has Prosody's own database, ${place}, for ${name}: there is nothing to bring over`,
        ];
      }
      const section = this.config.hosts.find((host) => host.name === name);
      if (kind === "muc" && section?.componentModule !== "muc") {
        return [`${this.config.file} has no Component "${name}" "muc" for the rooms of ${name}: add it`];
      }
      if (kind === "accounts" && section?.type !== "VirtualHost" && (isNamed || section)) {
        return [`${this.config.file} has no VirtualHost "${name}" for its accounts: add it`];
      }
      return [];
    });
  }
}

function refused(problems: readonly string[], io: CommandIo): number {
  for (const problem of problems) io.error(problem);
  io.error("nothing was brought over");
  return 1;
}

function isSource(source: Source | readonly string[]): source is Source {
  return !Array.isArray(source);
}
