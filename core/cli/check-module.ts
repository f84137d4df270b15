/** `chorusctl module check`: what is wrong with a module, found out by loading it. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { GLOBAL, type Config } from "../config/config.js";
import { ConfigError } from "../config/config-error.js";
import { loadConfigText } from "../config/load.js";
import { Options } from "../config/options.js";
import { formatProblem } from "../config/problem.js";
import type { HandlerCost } from "../events/bus.js";
import type { Host } from "../hosts/host.js";
import { formatMessage } from "../log/format.js";
import type { Logger } from "../log/logger.js";
import { Service } from "../main.js";
import { ModuleFinder, type ModuleFile } from "../modules/finder.js";
import { explain, ModuleError } from "../modules/module-error.js";
import { openStorage } from "../storage/open.js";
import { CheckedConfig } from "./checked-config.js";
import { EXIT_USAGE, type CommandIo } from "./command.js";
import { chooseConfig } from "./config-file.js";
import { moduleTarget, type ModuleTarget } from "./module-target.js";
import { problemLines, readConfig } from "./problems.js";
import { suggestionsFor } from "./suggestions.js";

/** Where a module is loaded when no configuration says otherwise. */
const ROOMS = 'VirtualHost "localhost"\nComponent "conference.localhost" "muc"\n';

/**
 * Loads a module, in memory, on each host that enables it, else on the first component with rooms; loads it again, as
 * a reload would; and says what is wrong with it.
 * @returns 0, or 1 with every problem printed as `file:line: what`
 */
export async function checkModule(
  args: readonly string[],
  configFile: string | undefined,
  io: CommandIo,
): Promise<number> {
  const [word, tooMany] = args;
  if (word === undefined || tooMany !== undefined || word.startsWith("-")) return EXIT_USAGE;
  const target = moduleTarget(word);
  if (typeof target === "string") {
    io.error(target);
    return 1;
  }
  let config;
  try {
    config = await configFor(target, configFile);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    for (const line of problemLines(error.problems)) io.error(line);
    return 1;
  }
  const problems = await new ModuleCheck(target, config, io).run();
  for (const problem of problems) io.print(problem);
  if (problems.length > 0) return 1;
  io.print(`mod_${target.name}: no problems`);
  return 0;
}

async function configFor({ name, places }: ModuleTarget, file: string | undefined): Promise<CheckedConfig> {
  const { file: chosen, isExample } = chooseConfig(file);
  const useOwn = file !== undefined || (places.length === 0 && !isExample);
  const config: Config = useOwn ? await readConfig(chosen) : await loadConfigText(ROOMS, { file: resolve("check") });
  return new CheckedConfig(config, name, places, useOwn);
}

class ModuleCheck {
  readonly #name: string;
  readonly #config: CheckedConfig;
  readonly #io: CommandIo;
  readonly #problems = new Set<string>();
  #source: ModuleFile | undefined;

  constructor({ name }: ModuleTarget, config: CheckedConfig, io: CommandIo) {
    this.#name = name;
    this.#config = config;
    this.#io = io;
  }

  async run(): Promise<readonly string[]> {
    const paths = new Options(this.#config, GLOBAL).getOptionArray("plugin_paths");
    const places = paths
      .filter((path) => typeof path === "string")
      .map((path) => resolve(this.#config.file, "..", path));
    this.#source = new ModuleFinder(places, undefined, resolve(this.#config.file, "..")).find(this.#name);
    if (!this.#source) {
      const names = new Set(["a file or folder of that name", "plugin_paths", "packages", "what comes with Chorus"]);
      return [`mod_${this.#name}: there is none: neither ${[...names].join(", nor among ")}`];
    }
    this.#io.print(`file: ${this.#source.path}`);
    const storage = await openStorage({ driver: "memory" });
    const logger = this.#logger();
    const service = await Service.create({ config: this.#config, logger, storage });
    const known = this.#config.problems.length;
    try {
      for (const place of this.#hosts(service)) await this.#on(place, service);
      for (const problem of this.#config.problems.slice(known)) this.#problems.add(formatProblem(problem));
    } finally {
      await service.stop("The check is over");
    }
    return [...this.#problems];
  }

  #hosts({ hosts }: Service): (Host | undefined)[] {
    const sections = this.#config.hosts.map(({ name }) => hosts.get(name)).filter((host) => host !== undefined);
    const enabled = sections.filter(({ name }) => this.#config.enables(name));
    if (enabled.length > 0) return enabled;
    if (this.#config.enables(GLOBAL)) return [undefined];
    const rooms = sections.find(({ type }) => type === "component");
    return [rooms ?? sections[0]];
  }

  async #on(host: Host | undefined, { hosts, modules }: Service): Promise<void> {
    const place = host?.name ?? GLOBAL;
    try {
      await modules.load(host, this.#name);
      if (!modules.loadedOn(place).includes(this.#name)) return; // it is a module of the whole server
      const hooks = modules.healthOf(place, this.#name)?.costs ?? [];
      this.#io.print(`on ${place}: hooks ${[...new Set(hooks.map(({ event }) => event))].join(", ") || "nothing"}`);
      this.#hooks(hooks, (host?.events ?? hosts.events).declaredEvents());
      // What it stands on is there now: what is asked for from here on is its own.
      this.#config.asked.clear();
      await modules.reload(place, this.#name);
      this.#options(host);
    } catch (error) {
      if (error instanceof ModuleError && error.code === "MODULE_NO_RELOAD") return;
      this.#failed(error);
    }
  }

  #failed(error: unknown): void {
    const codes = new Set(["MODULE_PARAMETER_UNCOVERED", "MODULE_TOKEN_MISSING"]);
    const isInConstructor = error instanceof ModuleError && codes.has(error.code);
    const needle = isInConstructor ? /\bconstructor\s*\(/ : /\bstatic\b.*\b(requires|apiVersion)\b/;
    // Syntax errors and what is thrown name their place themselves.
    const message = explain(error);
    this.#problems.add(`${/\((\S+:\d+)\)/.exec(message)?.[1] ?? this.#placeOf(needle)}: ${message}`);
  }

  /** The first line of the source with something in it; the file alone, if there is none. */
  #placeOf(needle: RegExp | string): string {
    const path = this.#source?.path ?? this.#name;
    const lines = readFileSync(path, "utf8").split("\n");
    const at = lines.findIndex((line) => (typeof needle === "string" ? line.includes(needle) : needle.test(line)));
    return at === -1 ? path : `${path}:${at + 1}`;
  }

  /** Names of events that nobody declares; a module declares its own by `declareEvents`. */
  #hooks(hooks: readonly HandlerCost[], declared: readonly string[]): void {
    for (const { event } of hooks) {
      const isKnown = declared.some((name) => isOf(event, name)) && !ADDRESSED.test(event);
      if (isKnown) continue;
      const near = suggestionsFor(event, nearest(event, declared));
      const what = `hooks ${event}, which nobody declares`;
      const where = this.#placeOf(event);
      if (near.length > 0) this.#problems.add(`${where}: ${what}; did you mean ${near.join(", ")}?`);
      else this.#io.print(`${where}: ${what}: if it is an event of a module, that declares it with declareEvents`);
    }
  }

  /** What the module reads; and what is set in its name and never read. */
  #options(host: Host | undefined): void {
    const asked = [...this.#config.asked].filter((option) => !INFRASTRUCTURE.has(option));
    if (asked.length > 0) this.#io.print(`reads options ${asked.join(", ")}`);
    for (const section of [GLOBAL, host?.name ?? GLOBAL]) {
      for (const option of this.#config.keys(section)) {
        if (asked.includes(option) || !option.startsWith(`${this.#name}_`)) continue;
        const near = suggestionsFor(option, asked);
        const position = this.#config.positionOf(section, option);
        const hint = near.length > 0 ? `; did you mean ${near.join(", ")}?` : "";
        const message = `${option}: mod_${this.#name} reads no option of that name${hint}`;
        this.#problems.add(formatProblem({ severity: "warning", position, message }));
      }
    }
  }

  /** What the module logs as an error while it is loaded is a problem, too, of a configuration that somebody wrote. */
  #logger(name = "check"): Logger {
    const isOwn = name.endsWith(`:${this.#name}`) || name === `mod_${this.#name}`;
    return {
      name,
      log: (level, format, ...args) => {
        if (!isOwn || level !== "error") return;
        const line = `${this.#source?.path}: ${formatMessage(format, args)}`;
        // Without a configuration it may well be that it misses what its operator has to set.
        if (this.#config.isTheirs) this.#problems.add(line);
        else this.#io.print(line);
      },
      isEnabled: (level) => isOwn && level === "error",
      child: (child) => this.#logger(child),
    };
  }
}

/** Asked for on everybody's account while a module is loaded. */
const INFRASTRUCTURE = new Set([
  "modules_disabled",
  "plugin_paths",
  "modules_enabled",
  "module_max_failures",
  "storage",
  "default_storage",
]);

/** Stanza events whose second part is none of those there are. */
const ADDRESSED = /^(pre-)?(iq|iq-get|iq-set|iq-result|iq-error|message|presence)\/(?!(full|bare|host|self)(\/|$))/;

function isOf(event: string, declared: string): boolean {
  return declared.endsWith("*") ? event.startsWith(declared.slice(0, -1)) : event === declared;
}

/** Events as somebody may have meant them: with the end that was given, where names differ in that. */
function nearest(event: string, declared: readonly string[]): string[] {
  const [first, , ...rest] = event.split("/");
  if (ADDRESSED.test(event)) return ["full", "bare", "host", "self"].map((kind) => [first, kind, ...rest].join("/"));
  return declared.map((name) =>
    name.endsWith("/*") ? [name.slice(0, -2), ...event.split("/").slice(1)].join("/") : name,
  );
}
