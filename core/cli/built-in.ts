import type { Command } from "./command.js";
import { SCENARIO_USAGE } from "./scenario-usage.js";

/** What is said about a command in the list of commands. */
export type CommandSummary = Pick<Command, "name" | "summary" | "usage">;

/** Commands that need no service: `chorusctl` does them itself. */
export const BUILT_IN: readonly CommandSummary[] = [
  {
    name: "check config",
    summary: "say what is wrong with a configuration, each with its file and line",
    usage: "check config [--config FILE]",
  },
  { name: "help", summary: "list the commands, or explain one", usage: "help [COMMAND]" },
  { name: "scenario", summary: "play scenario scripts", usage: SCENARIO_USAGE },
];
