/** Finds a command among those that the modules of a service offer, and runs it. */
import type { Hosts } from "../hosts/hosts.js";
import { BUILT_IN, type CommandSummary } from "./built-in.js";
import { EXIT_USAGE, type Command, type CommandContext, type CommandIo } from "./command.js";
import { suggestionsFor } from "./suggestions.js";

/** All commands that modules offer, by name; of two with one name the first counts. */
export function commandsOf(hosts: Hosts): Command[] {
  const offered = [hosts.published, ...[...hosts].map((host) => host.published)];
  const byName = new Map<string, Command>();
  for (const items of offered) {
    for (const command of items.get<Command>("command-provider")) {
      if (!byName.has(command.name)) byName.set(command.name, command);
    }
  }
  return [...byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** How a command is run; with `online`, those with `offlineOnly` refuse, else those with `onlineOnly`. */
export type RunOptions = CommandContext;

/**
 * Runs a command of a service, given as the words of the command line: `["muc", "list", "rooms.example.com"]`. `help`
 * lists the commands of the service, `help NAME` explains one.
 *
 * @returns the exit status: 0, 1 (it failed; `io.error` was told why), {@link EXIT_USAGE}
 * @throws what the command throws: a failure that it did not foresee
 */
export async function runCommand(
  hosts: Hosts,
  words: readonly string[],
  io: CommandIo,
  context: RunOptions,
): Promise<number> {
  const commands = commandsOf(hosts);
  if (words[0] === "help") return help(commands, words.slice(1), io);
  const command = findCommand(commands, words);
  if (!command) return unknown(commands, words, io);
  if (context.online && command.offlineOnly === true) {
    io.error(`${command.name} works on a server that is not running: stop it first`);
    return 1;
  }
  if (!context.online && command.onlineOnly === true) {
    io.error(`${command.name} works on a running server, and none answers`);
    return 1;
  }
  const args = words.slice(command.name.split(" ").length);
  const status = await command.run(args, io, context);
  if (status === EXIT_USAGE) io.error(`usage: chorusctl ${command.usage}`);
  return status;
}

/** The command that the first words are the name of, the longest name first. */
export function findCommand<C extends CommandSummary>(commands: readonly C[], words: readonly string[]): C | undefined {
  const byLength = [2, 1].map((count) => words.slice(0, count).join(" "));
  return byLength.flatMap((name) => commands.filter((command) => command.name === name))[0];
}

function help(commands: readonly Command[], words: readonly string[], io: CommandIo): number {
  if (words.length === 0) {
    for (const line of formatCommands(commands)) io.print(line);
    return 0;
  }
  const command = findCommand(commands, words);
  const group = commands.filter(({ name }) => words.length === 1 && name.startsWith(`${words[0] ?? ""} `));
  if (!command && group.length > 0) {
    for (const line of formatCommands(group)) io.print(line);
    return 0;
  }
  if (!command) return unknown(commands, words, io);
  for (const line of explainCommand(command)) io.print(line);
  return 0;
}

/** The lines of a list of commands. */
export function formatCommands(commands: readonly CommandSummary[]): string[] {
  const width = Math.max(0, ...commands.map(({ name }) => name.length));
  return commands.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`);
}

/** The lines of `help COMMAND`. */
export function explainCommand({ summary, usage }: CommandSummary): string[] {
  return [`usage: chorusctl ${usage}`, summary];
}

/** Says what could have been meant. */
function unknown(commands: readonly Command[], words: readonly string[], io: CommandIo): number {
  const names = [...BUILT_IN, ...commands].map(({ name }) => name);
  const first = words[0] ?? "";
  const group = names.filter((name) => name.startsWith(`${first} `));
  const phrase = words.slice(0, 2).join(" ");
  const near = [...suggestionsFor(phrase, names), ...suggestionsFor(first, names)];
  const meant = new Set(group.length > 0 ? [...near.filter((name) => group.includes(name)), ...group] : near);
  io.error(`there is no command "${group.length > 0 ? phrase : first}"`);
  if (meant.size > 0) io.error(`did you mean: ${[...meant].join(", ")}`);
  else io.error('"chorusctl help" lists the commands');
  return EXIT_USAGE;
}
