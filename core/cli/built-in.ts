import type { Command } from "./command.js";
import { DATA_USAGE } from "./data-usage.js";
import { MODULE_USAGE } from "./module-usage.js";
import { SCENARIO_USAGE } from "./scenario-usage.js";

/** What is said about a command in the list of commands. */
export type CommandSummary = Pick<Command, "name" | "summary" | "usage">;

/** Commands that need no service: `chorusctl` does them itself. */
export const BUILT_IN: readonly CommandSummary[] = [
  {
    name: "check config",
    summary: "say what is wrong with a configuration, and what becomes of each setting of Prosody's",
    usage: "check config [--config FILE] [--explain] [--json]",
  },
  {
    name: "doctor",
    summary: "say whether the data is as it should be, or repair a copy of it; the server must not run",
    usage: DATA_USAGE.doctor,
  },
  { name: "help", summary: "list the commands, or explain one", usage: "help [COMMAND]" },
  {
    name: "module check",
    summary: "say what is wrong with a module, loaded in memory",
    usage: MODULE_USAGE.check,
  },
  {
    name: "module new",
    summary: "make a folder with a module to start from, with types, tests and a README",
    usage: MODULE_USAGE.new,
  },
  { name: "module test", summary: "run the tests of modules, without a build", usage: MODULE_USAGE.test },
  {
    name: "restore",
    summary: "put a backup in the place of the data; the server must not run",
    usage: DATA_USAGE.restore,
  },
  { name: "scenario", summary: "play scenario scripts", usage: SCENARIO_USAGE },
];
