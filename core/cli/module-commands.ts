import { GLOBAL } from "../config/config.js";
import type { Hosts } from "../hosts/hosts.js";
import type { ModuleFinder } from "../modules/finder.js";
import { explain } from "../modules/module-error.js";
import type { ModuleHealth, ModuleManager } from "../modules/manager.js";
import { EXIT_USAGE, type Command, type CommandIo } from "./command.js";

/** What the commands about modules look at. */
export interface ModuleCommandContext {
  readonly hosts: Hosts;
  readonly modules: Pick<ModuleManager, "loadedOn" | "healthOf" | "load" | "unload" | "reload">;
  readonly finder: Pick<ModuleFinder, "find">;
}

const WHOLE_SERVER = "whole server";

function placeName(place: string): string {
  return place === GLOBAL ? WHOLE_SERVER : place;
}

/** Lines about how a module is doing on one host. */
function healthLines(place: string, { status: [type, message], failures, disabledIn, costs }: ModuleHealth): string[] {
  return [
    `${placeName(place)}:`,
    ...(message === "" ? [] : [`  status: ${type}: ${message}`]),
    ...(failures === 0 ? [] : [`  failures: ${failures}`]),
    ...disabledIn.map((room) => `  left out in: ${room}`),
    ...costs.map(({ event, priority, fires, averageMs, maxMs }) => {
      const cost =
        averageMs === undefined ? "not timed yet" : `${averageMs.toFixed(3)} ms a call, at most ${maxMs.toFixed(3)} ms`;
      return `  hook: ${event} at ${priority}, fired ${fires} times, ${cost}`;
    }),
  ];
}

/** `module list`, `info`, `load`, `unload` and `reload`: what is loaded where and how it is doing, and changes of that. */
export function moduleCommands(context: ModuleCommandContext): Command[] {
  const { hosts, modules, finder } = context;
  const places = (): string[] => [GLOBAL, ...[...hosts].map(({ name }) => name)];
  const isOn = (place: string, name: string): boolean =>
    modules.loadedOn(place).includes(name) || hosts.get(place)?.hasModule(name) === true;
  const isServed = (place: string, io: CommandIo): boolean => {
    if (places().includes(place)) return true;
    io.error(`${place} is not served here; these are: ${places().slice(1).join(", ")}`);
    return false;
  };
  return [
    {
      name: "module list",
      summary: "list the modules of each host, in order of loading, with what they say of themselves",
      usage: "module list [HOST]",
      run: async (args, io) => {
        const [only, tooMany] = args;
        if (tooMany !== undefined) return EXIT_USAGE;
        if (only !== undefined && !isServed(only, io)) return 1;
        for (const place of places().filter((name) => only === undefined || name === only)) {
          io.print(`${placeName(place)}:`);
          for (const name of modules.loadedOn(place)) {
            const [type = "", message = ""] = modules.healthOf(place, name)?.status ?? [];
            io.print(message === "" ? `  ${name}` : `  ${name}: ${type}: ${message}`);
          }
        }
        return 0;
      },
    },
    {
      name: "module info",
      summary: "say where a module comes from, where it is loaded, and what its hooks cost there",
      usage: "module info NAME",
      run: async ([name, tooMany], io) => {
        if (name === undefined || tooMany !== undefined) return EXIT_USAGE;
        const plain = plainName(name);
        const file = finder.find(plain);
        if (!file) {
          io.error(
            `there is no module "${plain}" in plugin_paths, among packages, or among those that come with Chorus`,
          );
          return 1;
        }
        const loaded = places().filter((place) => isOn(place, plain));
        io.print(`file: ${file.path}`);
        io.print(`comes with Chorus: ${file.builtIn ? "yes" : "no"}`);
        io.print(`loaded on: ${loaded.length === 0 ? "no host" : loaded.map(placeName).join(", ")}`);
        for (const place of loaded) {
          const health = modules.healthOf(place, plain);
          if (health) for (const line of healthLines(place, health)) io.print(line);
        }
        return 0;
      },
    },
    changeCommand("load", "load a module on a host, or on all components; until the next start", context, {
      places: () => [...hosts].filter(({ type }) => type === "component").map(({ name }) => name),
      change: async (place, name) => {
        if (isOn(place, name)) throw new Error("is loaded already");
        await modules.load(place === GLOBAL ? undefined : hosts.get(place), name);
      },
    }),
    changeCommand("unload", "unload a module, and those that stand on it; until the next start", context, {
      places: (name) => places().filter((place) => modules.loadedOn(place).includes(name)),
      change: (place, name) => modules.unload(place, name),
    }),
    changeCommand("reload", "put the present file of a module in the place of the loaded one", context, {
      places: (name) => places().filter((place) => modules.loadedOn(place).includes(name)),
      change: (place, name) => modules.reload(place, name),
    }),
  ];
}

function plainName(name: string): string {
  return name.replace(/^mod_/, "");
}

/** A command that does something to a module on one host, or on all where it makes sense. */
function changeCommand(
  verb: string,
  summary: string,
  { hosts }: ModuleCommandContext,
  how: { places(name: string): string[]; change(place: string, name: string): Promise<void> },
): Command {
  return {
    name: `module ${verb}`,
    summary,
    usage: `module ${verb} NAME [HOST]`,
    onlineOnly: true,
    run: async ([given, host, tooMany], io) => {
      if (given === undefined || tooMany !== undefined) return EXIT_USAGE;
      const name = plainName(given);
      if (host !== undefined && host !== GLOBAL && !hosts.get(host)) {
        io.error(`${host} is not served here`);
        return 1;
      }
      const places = host === undefined ? how.places(name) : [host];
      if (places.length === 0) {
        io.error(`mod_${name} is not loaded`);
        return 1;
      }
      let status = 0;
      for (const place of places) {
        try {
          await how.change(place, name);
          io.print(`${placeName(place)}: mod_${name}: ${verb}ed`);
        } catch (error) {
          io.error(`${placeName(place)}: mod_${name}: ${explain(error)}`);
          status = 1;
        }
      }
      return status;
    },
  };
}
