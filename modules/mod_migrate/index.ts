import { dirname, resolve } from "node:path";
import {
  ClockToken,
  ConfigError,
  ConfigToken,
  EXIT_USAGE,
  HostsToken,
  inject,
  injectable,
  ModuleApiToken,
  type Clock,
  type CommandContext,
  type CommandIo,
  type Config,
  type Hosts,
  type ModuleApi,
} from "chorus-muc";
import { prosodySettings } from "./config/explain.js";
import { readCall } from "./prosody/command-line.js";
import { Run } from "./prosody/run.js";
import { openSource, type Source } from "./prosody/source.js";

const USAGE =
  "import prosody --config PROSODY_CONFIG [--data-path DIR] [--host HOST]… [--into CONFIG] [--dry-run] [--json]";

/**
 * The command `import prosody`: brings rooms, archives and accounts of a Prosody over, from its files to the database
 * that this configuration names.
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
    this.module.provides("command", {
      name: "import prosody",
      summary: "bring rooms, archives and accounts over from Prosody's files",
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
    let source;
    try {
      source = await openSource(call, cwd);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      source = error.message.split("\n");
    }
    const problems = isSource(source) ? this.#problems(source, call.hosts.length > 0) : source;
    if (!isSource(source) || problems.length > 0) {
      for (const problem of problems) io.error(problem);
      io.error("nothing was brought over");
      return 1;
    }
    const run = new Run(source, this.clock.now() / 1000, call, io);
    return run.finish(() => run.all(this.module, this.hosts));
  }

  /** What this configuration lacks for what there is. @param isNamed the hosts were named one by one */
  #problems(source: Source, isNamed: boolean): string[] {
    const configured = this.config.get("*", "data_path");
    const dataPath = resolve(dirname(this.config.file), typeof configured === "string" ? configured : "data");
    if (dataPath === source.dataPath) {
      return [`${this.config.file} has Prosody's own data_path, ${dataPath}: give Chorus a folder of its own`];
    }
    return source.hosts.flatMap(({ name, kind }) => {
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

function isSource(source: Source | readonly string[]): source is Source {
  return !Array.isArray(source);
}
