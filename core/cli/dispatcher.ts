/** `chorusctl`: finds out who does a command, and has it done. */
import { GLOBAL } from "../config/config.js";
import { ConfigError } from "../config/config-error.js";
import { Options } from "../config/options.js";
import type { LoadedConfig } from "../config/loaded-config.js";
import { Service } from "../main.js";
import { packageVersion } from "../package.js";
import { openStorage } from "../storage/open.js";
import { StorageError, type Storage } from "../storage/store.js";
import { explain } from "../modules/module-error.js";
import { connectAdminSocket } from "./admin-client.js";
import { adminSocketPath } from "./admin-protocol.js";
import { BUILT_IN } from "./built-in.js";
import { checkConfig, readCheckCall } from "./check-config.js";
import { makeConfig, type ConfigForCommand } from "./make-config.js";
import { EXIT_USAGE, type CommandIo } from "./command.js";
import { checkModule } from "./check-module.js";
import { chooseConfig } from "./config-file.js";
import { MODULE_USAGE } from "./module-usage.js";
import { newModule } from "./new-module.js";
import { doctor } from "./doctor.js";
import { problemLines, readConfig, startFailure } from "./problems.js";
import { explainCommand, formatCommands, runCommand } from "./run-command.js";
import { restore } from "./restore.js";
import { runScenarioCommand } from "./scenario.js";
import { silentLogger, stderrLogger } from "./stderr-logger.js";
import { testModule } from "./test-module.js";

const USAGE = "usage: chorusctl [--config FILE] COMMAND [ARGUMENT…]";

/** A command line, taken apart. */
interface Call {
  readonly words: readonly string[];
  readonly config: string | undefined;
}

/** Other names of `--config`, of commands that are told of another server's configuration by that one. */
const OWN_CONFIG: ReadonlyMap<string | undefined, readonly string[]> = new Map([
  ["import", ["--into"]],
  ["export", ["--from"]],
]);

/**
 * Takes a command line apart: `--config`, which is `--into` for `import` and `--from` for `export`, names the configuration of Chorus.
 * @returns what is wrong with it, if it cannot be understood
 */
export function readCall(args: readonly string[]): Call | string {
  const words: string[] = [];
  let config: string | undefined;
  const names = OWN_CONFIG.get(args.find((arg) => !arg.startsWith("-"))) ?? ["--config", "-c"];
  for (let at = 0; at < args.length; at++) {
    const arg = args[at] ?? "";
    if (names.includes(arg)) {
      config = args[++at];
      if (config === undefined) return `${arg}: expected the name of a configuration file, got nothing`;
    } else if (arg.startsWith(`${names[0] ?? ""}=`)) config = arg.slice(arg.indexOf("=") + 1);
    else words.push(arg);
  }
  return { words, config };
}

/**
 * Does what a command line of `chorusctl` says.
 * @returns the exit status: 0, 1 (it failed), 2 (it cannot be understood)
 */
export async function dispatch(args: readonly string[], io: CommandIo): Promise<number> {
  const call = readCall(args);
  if (typeof call === "string") {
    io.error(call);
    io.error(USAGE);
    return EXIT_USAGE;
  }
  const { words, config } = call;
  const [first, second] = words;
  if (first === "--version" || first === "version") {
    io.print(packageVersion());
    return 0;
  }
  if (first === undefined) {
    await help([], config, io);
    return EXIT_USAGE;
  }
  if (first === "help" || first === "--help" || first === "-h") return help(words.slice(1), config, io);
  if (first === "scenario") {
    return runScenarioCommand([...(config === undefined ? [] : ["--config", config]), ...words.slice(1)], io);
  }
  if (first === "check" && second === "config") {
    const how = readCheckCall(words.slice(2));
    if (typeof how !== "string") return checkConfig(chooseConfig(config).file, how, io);
    io.error(`check config: expected --explain or --json, got "${how}"`);
    return EXIT_USAGE;
  }
  if (first === "doctor") return withConfig(config, io, (loaded) => doctor(words.slice(1), loaded, io));
  if (first === "restore") return withConfig(config, io, (loaded) => restore(words.slice(1), loaded, io));
  const authors = first === "module" ? forAuthors(second, words.slice(2), config, io) : undefined;
  return authors ?? runInService(words, config, io);
}

/** What authors of modules do, which needs neither a server nor its data; `undefined`: it is something else. */
function forAuthors(
  verb: string | undefined,
  args: readonly string[],
  config: string | undefined,
  io: CommandIo,
): Promise<number> | undefined {
  const withUsage = async (verb: keyof typeof MODULE_USAGE, status: Promise<number>): Promise<number> => {
    if ((await status) === EXIT_USAGE) io.error(`usage: chorusctl ${MODULE_USAGE[verb]}`);
    return status;
  };
  if (verb === "new") return withUsage(verb, newModule(args, io));
  if (verb === "test") return withUsage(verb, testModule(args, io));
  if (verb === "check") return withUsage(verb, checkModule(args, config, io));
  return undefined;
}

async function help(words: readonly string[], config: string | undefined, io: CommandIo): Promise<number> {
  const builtIn = BUILT_IN.find(({ name }) => name === words.join(" "));
  if (builtIn) {
    for (const line of explainCommand(builtIn)) io.print(line);
    return 0;
  }
  if (words.length === 0) {
    io.print(USAGE);
    io.print("");
    for (const line of formatCommands(BUILT_IN)) io.print(line);
    io.print("");
    io.print("Commands of modules, for the running server, or for its data when none is running:");
    io.print("");
  }
  return runInService(["help", ...words], config, io);
}

/** Reads the configuration for something; says what is wrong when it cannot be read. */
async function withConfig(
  configFile: string | undefined,
  io: CommandIo,
  act: (config: LoadedConfig) => Promise<number>,
): Promise<number> {
  let config;
  try {
    config = await readConfig(chooseConfig(configFile).file);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    for (const line of problemLines(error.problems)) io.error(line);
    return 1;
  }
  return act(config);
}

/** Has the running server do it, or opens the service for it when none is running. */
async function runInService(words: readonly string[], configFile: string | undefined, io: CommandIo): Promise<number> {
  const made = configFile === undefined ? undefined : await makeConfig(words, configFile, io);
  if (typeof made === "number") return made;
  if (made) return runOffline(words, made.config, adminSocketPath(new Options(made.config, GLOBAL)), io, made);
  return withConfig(configFile, io, (config) => runWith(words, config, io));
}

async function runWith(words: readonly string[], config: LoadedConfig, io: CommandIo): Promise<number> {
  const path = adminSocketPath(new Options(config, GLOBAL));
  let client;
  try {
    client = await connectAdminSocket(path);
  } catch (error) {
    io.error(explain(error));
    return 1;
  }
  if (!client) return runOffline(words, config, path, io);
  try {
    return await client.run(words, io, process.cwd());
  } finally {
    client.close();
  }
}

/** Loads the modules on the database, under its lock, without listeners and links. */
async function runOffline(
  words: readonly string[],
  config: LoadedConfig,
  socketPath: string,
  io: CommandIo,
  made?: ConfigForCommand,
): Promise<number> {
  // A list of commands needs no data, and a configuration that nobody keeps has none.
  const needsNone = words[0] === "help" || made?.isWritten === false;
  const storage: Storage | undefined = needsNone ? await openStorage({ driver: "memory" }) : undefined;
  const logger = storage ? silentLogger : stderrLogger();
  let service;
  try {
    service = await Service.create({ config, logger, ...(storage && { storage }) });
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    const isLocked = error.code === "STORAGE_LOCKED";
    io.error(`${startFailure(error, config)}${isLocked ? ` (nobody answers on ${socketPath})` : ""}`);
    return 1;
  }
  try {
    const status = await runCommand(service.hosts, words, io, {
      online: false,
      cwd: process.cwd(),
      isConfigMade: made !== undefined,
    });
    if (status === EXIT_USAGE && config.problems.length > 0) {
      io.error('the configuration has problems, so that commands may be missing: see "chorusctl check config"');
    }
    return status;
  } finally {
    await service.stop();
  }
}
