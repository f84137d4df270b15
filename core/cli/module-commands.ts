import { GLOBAL } from "../config/config.js";
import type { Hosts } from "../hosts/hosts.js";
import type { ModuleFinder } from "../modules/finder.js";
import type { ModuleManager } from "../modules/manager.js";
import { EXIT_USAGE, type Command } from "./command.js";

/** What the commands about modules look at. */
export interface ModuleCommandContext {
  readonly hosts: Hosts;
  readonly modules: Pick<ModuleManager, "loadedOn" | "statusOf">;
  readonly finder: Pick<ModuleFinder, "find">;
}

/** `module list` and `module info`: what is loaded where, and from which file. */
export function moduleCommands({ hosts, modules, finder }: ModuleCommandContext): Command[] {
  const places = (): string[] => [GLOBAL, ...[...hosts].map(({ name }) => name)];
  const isOn = (place: string, name: string): boolean =>
    modules.loadedOn(place).includes(name) || hosts.get(place)?.hasModule(name) === true;
  return [
    {
      name: "module list",
      summary: "list the modules of each host, in order of loading, with what they say of themselves",
      usage: "module list [HOST]",
      run: async (args, io) => {
        const [only, tooMany] = args;
        if (tooMany !== undefined) return EXIT_USAGE;
        if (only !== undefined && !places().includes(only)) {
          io.error(`${only} is not served here; these are: ${places().slice(1).join(", ")}`);
          return 1;
        }
        for (const place of places().filter((name) => only === undefined || name === only)) {
          io.print(place === GLOBAL ? "whole server:" : `${place}:`);
          for (const name of modules.loadedOn(place)) {
            const [type, message] = modules.statusOf(place, name);
            io.print(message === "" ? `  ${name}` : `  ${name}: ${type}: ${message}`);
          }
        }
        return 0;
      },
    },
    {
      name: "module info",
      summary: "say where a module comes from and on which hosts it is loaded",
      usage: "module info NAME",
      run: async ([name, tooMany], io) => {
        if (name === undefined || tooMany !== undefined) return EXIT_USAGE;
        const plain = name.replace(/^mod_/, "");
        const file = finder.find(plain);
        if (!file) {
          io.error(`there is no module "${plain}" in plugin_paths or among those that come with Chorus`);
          return 1;
        }
        const loaded = places().filter((place) => isOn(place, plain));
        io.print(`file: ${file.path}`);
        io.print(`comes with Chorus: ${file.builtIn ? "yes" : "no"}`);
        io.print(
          `loaded on: ${loaded.length === 0 ? "no host" : loaded.map((place) => (place === GLOBAL ? "whole server" : place)).join(", ")}`,
        );
        return 0;
      },
    },
  ];
}
