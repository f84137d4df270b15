import { existsSync } from "node:fs";
import { ConfigError } from "../config/config-error.js";
import type { ConfigProblem } from "../config/config.js";
import { loadConfigText } from "../config/load.js";
import type { LoadedConfig } from "../config/loaded-config.js";
import { Service } from "../main.js";
import { openStorage } from "../storage/open.js";
import { problemsOf } from "./check-config.js";
import { EXIT_USAGE, type CommandIo } from "./command.js";
import { commandsOf, findCommand } from "./run-command.js";
import { silentLogger } from "./stderr-logger.js";

/** A configuration that a command has made for itself. */
export interface ConfigForCommand {
  readonly config: LoadedConfig;
  /** Whether it is in its file. */
  readonly isWritten: boolean;
}

/**
 * Lets a command make the configuration that it is called with, when that file is not there.
 * @returns `undefined`: the file is there, or the command makes none; the exit status, when nothing more is to be done
 */
export async function makeConfig(
  words: readonly string[],
  file: string,
  io: CommandIo,
): Promise<ConfigForCommand | number | undefined> {
  if (words[0] === "help" || existsSync(file)) return undefined;
  // Commands are offered by modules, and the modules of the whole server are there without any configuration.
  const service = await Service.create({
    config: await loadConfigText("", { file }),
    logger: silentLogger,
    storage: await openStorage({ driver: "memory" }),
  });
  try {
    const command = findCommand(commandsOf(service.hosts), words);
    if (command?.makeConfig === undefined) return undefined;
    const args = words.slice(command.name.split(" ").length);
    const made = await command.makeConfig(args, io, {
      file,
      cwd: process.cwd(),
      check: (text) => problemsOfText(text, file),
    });
    if (made === EXIT_USAGE) io.error(`usage: chorusctl ${command.usage}`);
    if (typeof made === "number") return made;
    return { config: await loadConfigText(made.text, { file }), isWritten: made.isWritten };
  } finally {
    await service.stop();
  }
}

async function problemsOfText(text: string, file: string): Promise<readonly ConfigProblem[]> {
  try {
    return await problemsOf(await loadConfigText(text, { file }));
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}
