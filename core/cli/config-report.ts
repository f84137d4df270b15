/** What is made of each setting of a configuration, which may have been written for another server. */
import { GLOBAL, type Config, type ConfigProblem, type ConfigValue, type Position } from "../config/config.js";
import { editDistance, suggestionsFor } from "./suggestions.js";

/** A setting: an option, a module that a list names, or a section with the module of its component. */
export interface ConfigSetting {
  readonly kind: "option" | "module" | "VirtualHost" | "Component";
  /** Name of the host or component it is set for; `"*"`: for all. */
  readonly section: string;
  /** Of the option, of the module (of a component: its own one), or of the `VirtualHost`. */
  readonly name: string;
  /** Of an option; `undefined` otherwise. */
  readonly value: ConfigValue | undefined;
  readonly position: Position | undefined;
}

/** What somebody knows of a setting. */
export interface SettingExplanation {
  readonly verdict: "same" | "differently" | "not supported";
  /** How it differs, or what to use instead; a whole sentence without its full stop. */
  readonly text?: string;
}

/**
 * Knows the settings of another server: `module.provides("config-explainer", { … })`. Asked by
 * `chorusctl check config` about each setting of a configuration.
 */
export interface ConfigExplainer {
  readonly name: string;
  /** Options that it knows, to tell misspelt ones. */
  readonly options: readonly string[];
  /** Modules that it knows. */
  readonly modules: readonly string[];
  /** Told behind the report of a configuration that was written for that server. */
  readonly advice?: string;
  /** @returns `undefined`: nothing is known of it */
  explain(setting: ConfigSetting): SettingExplanation | undefined;
}

/** A setting, and what becomes of it. */
export interface ExplainedSetting extends ConfigSetting {
  readonly verdict: SettingExplanation["verdict"] | "misspelt" | "unknown";
  readonly text: string | undefined;
}

/** What the loaded service tells of names. */
export interface Surroundings {
  hasModule(name: string): boolean;
  /** Whether anything asked for the option while it was loaded. */
  wasRead(option: string): boolean;
}

/** Lists of modules: what is in them is explained, not the option. */
const MODULE_LISTS: readonly string[] = ["modules_enabled", "modules_disabled"];

/** Explains all that is set, section by section in the order of the file. */
export function explainConfig(
  config: Config,
  explainers: readonly ConfigExplainer[],
  surroundings: Surroundings,
): ExplainedSetting[] {
  return settingsOf(config).map((setting) => explain(setting, config.problems, explainers, surroundings));
}

function settingsOf(config: Config): ConfigSetting[] {
  const hosts = config.hosts.flatMap(({ name, type, componentModule, position }): ConfigSetting[] => [
    { kind: type, section: name, name: componentModule ?? name, value: undefined, position },
    ...settingsIn(config, name),
  ]);
  return [...settingsIn(config, GLOBAL), ...hosts];
}

function settingsIn(config: Config, section: string): ConfigSetting[] {
  return config.keys(section).flatMap((option): ConfigSetting[] => {
    const value = config.getOwn(section, option);
    if (!MODULE_LISTS.includes(option)) {
      return [{ kind: "option", section, name: option, value, position: config.positionOf(section, option) }];
    }
    if (option === "modules_disabled") return []; // what is not there need not be taken out
    const names = [value].flat().filter((name) => typeof name === "string");
    return names.map((name) => {
      return { kind: "module", section, name, value: undefined, position: config.positionOf(section, option, name) };
    });
  });
}

function explain(
  setting: ConfigSetting,
  problems: readonly ConfigProblem[],
  explainers: readonly ConfigExplainer[],
  surroundings: Surroundings,
): ExplainedSetting {
  const told = (verdict: ExplainedSetting["verdict"], text?: string): ExplainedSetting => ({
    ...setting,
    verdict,
    text,
  });
  const { kind, name } = setting;
  const known = explainers.map((explainer) => explainer.explain(setting)).find((found) => found !== undefined);
  if (kind === "VirtualHost") return told(known?.verdict ?? "same", known?.text);
  const isModule = kind !== "option";
  const isHere = isModule ? surroundings.hasModule(name) : surroundings.wasRead(name);
  if (known) {
    if (isModule && isHere && known.verdict === "not supported") return told("same", "a module of that name is there");
    const problem = known.verdict === "same" && !isModule ? problemOf(setting, problems) : undefined;
    return problem === undefined ? told(known.verdict, known.text) : told("differently", problem);
  }
  if (isHere) return told("same", isModule ? undefined : "read by a module that is loaded");
  const near = nearest(
    name,
    explainers.flatMap(({ options, modules }) => (isModule ? modules : options)),
  );
  if (near.length > 0) return told("misspelt", `did you mean ${near.map((word) => `"${word}"`).join(" or ")}?`);
  return told("unknown", isModule ? "there is no such module here" : "nothing that is loaded here reads it");
}

/** What was already found to be wrong with the value of an option. */
function problemOf({ name, position }: ConfigSetting, problems: readonly ConfigProblem[]): string | undefined {
  const found = problems.find(
    (problem) =>
      problem.message.startsWith(`${name}: `) &&
      problem.position?.file === position?.file &&
      problem.position?.line === position?.line,
  );
  return found?.message.slice(name.length + 2);
}

/** Names that are a slip or two away: long names differ by whole words, which are no slips. */
function nearest(name: string, candidates: readonly string[]): string[] {
  const most = Math.max(1, Math.min(3, Math.floor(name.length / 5)));
  return suggestionsFor(
    name,
    candidates.filter((word) => editDistance(name, word) <= most),
  );
}

/** Whether a configuration was written for another server, as it asks for what only that has. */
export function isForeign(settings: readonly ExplainedSetting[]): boolean {
  return settings.some(({ verdict }) => verdict === "not supported");
}

/** Options that nobody has, and somebody meant to have, as problems. */
export function misspeltOptions(settings: readonly ExplainedSetting[]): ConfigProblem[] {
  return settings.flatMap(({ kind, verdict, name, position, text = "" }) => {
    if (kind !== "option" || verdict !== "misspelt") return [];
    return [
      { severity: "error", position, message: `${name}: expected an option, got a name that nothing reads; ${text}` },
    ];
  });
}

/** The report in lines: each section with its settings, then how many there are of which kind. */
export function reportLines(config: Config, settings: readonly ExplainedSetting[]): string[] {
  const sections = [{ name: GLOBAL, heading: "The whole server:" }].concat(
    config.hosts.map(({ name, type, componentModule }) => {
      const module = componentModule === undefined ? "" : ` "${componentModule}"`;
      return { name, heading: `${type} "${name}"${module}:` };
    }),
  );
  const lines = sections.flatMap(({ name, heading }) => {
    const own = settings.filter(({ section }) => section === name);
    return own.length === 0 ? [] : ["", heading, ...own.map((setting) => `  ${settingLine(setting)}`)];
  });
  const verdicts: readonly ExplainedSetting["verdict"][] = [
    "same",
    "differently",
    "not supported",
    "misspelt",
    "unknown",
  ];
  const counts = verdicts.map((verdict) => `${settings.filter((s) => s.verdict === verdict).length} ${verdict}`);
  return [...lines, "", `${settings.length} settings: ${counts.join(", ")}`];
}

/** `file:line: module "carbons": not supported: why`. */
export function settingLine({ kind, name, verdict, text, position }: ExplainedSetting): string {
  const what = kind === "option" ? name : kind === "module" ? `module "${name}"` : kind;
  const line = `${what}: ${verdict}${text === undefined ? "" : `: ${text}`}`;
  return position === undefined ? line : `${position.file}:${position.line}: ${line}`;
}
