import { ConfigError } from "../config/config-error.js";
import { GLOBAL, type Config, type ConfigProblem } from "../config/config.js";
import { readLogRules } from "../log/sinks.js";
import { Service } from "../main.js";
import { openStorage } from "../storage/open.js";
import type { CommandIo } from "./command.js";
import {
  explainConfig,
  isForeign,
  misspeltOptions,
  reportLines,
  settingLine,
  type ConfigExplainer,
  type ExplainedSetting,
} from "./config-report.js";
import { problemLines, readConfig } from "./problems.js";
import { RecordedConfig } from "./recorded-config.js";
import { silentLogger } from "./stderr-logger.js";

/** How `chorusctl check config` is called. */
export interface CheckCall {
  /** Says what becomes of every setting, whoever the configuration was written for. */
  readonly explain: boolean;
  readonly json: boolean;
}

/** What a configuration turned out to be. */
interface Findings {
  readonly problems: readonly ConfigProblem[];
  /** None when it could not be read. */
  readonly settings: readonly ExplainedSetting[];
  readonly config: Config | undefined;
  readonly advice: readonly string[];
}

/** Takes the words behind `check config` apart. @returns the one that cannot be understood, if there is one */
export function readCheckCall(args: readonly string[]): CheckCall | string {
  const stray = args.find((arg) => arg !== "--explain" && arg !== "--json");
  return stray ?? { explain: args.includes("--explain"), json: args.includes("--json") };
}

/**
 * `chorusctl check config`: reads the configuration, loads all modules on an empty database in memory, so that they
 * look at their options, and opens no listener and no link.
 *
 * What becomes of each setting is told when it was written for another server, or when that is asked for; it changes
 * nothing about the status.
 *
 * @returns 0, or 1 with every problem printed as `file:line: what, expected, got`
 */
export async function checkConfig(file: string, { explain, json }: CheckCall, io: CommandIo): Promise<number> {
  const { problems, settings, config, advice } = await examine(file);
  const status = problems.length > 0 ? 1 : 0;
  if (json) {
    io.print(toJson(file, problems, settings));
    return status;
  }
  for (const line of problemLines(problems)) io.print(line);
  if (status === 0) io.print(`${file}: no problems`);
  if (config && (explain || isForeign(settings))) {
    for (const line of reportLines(config, settings)) io.print(line);
    if (isForeign(settings)) for (const line of advice) io.print(line);
  } else for (const setting of settings.filter(isMisspeltModule)) io.print(settingLine(setting));
  return status;
}

/** A module that is not there is a problem already; which one may have been meant is not. */
function isMisspeltModule({ kind, verdict }: ExplainedSetting): boolean {
  return kind !== "option" && verdict === "misspelt";
}

/** What is wrong with a configuration that was read or made up; nothing is opened for it. */
export async function problemsOf(config: Config): Promise<readonly ConfigProblem[]> {
  return (await loadAndLook(config)).problems;
}

async function examine(file: string): Promise<Findings> {
  try {
    return await loadAndLook(await readConfig(file));
  } catch (error) {
    if (error instanceof ConfigError) return { problems: error.problems, settings: [], config: undefined, advice: [] };
    throw error;
  }
}

async function loadAndLook(read: Config): Promise<Findings> {
  const config = new RecordedConfig(read);
  readLogRules(config);
  const storage = await openStorage({ driver: "memory" });
  const service = await Service.create({ config, logger: silentLogger, storage });
  // Those of the configuration itself: what modules say while they are taken down again is none.
  const problems = [...config.problems];
  const explainers = service.hosts.published.get<ConfigExplainer>("config-explainer-provider");
  const settings = explainConfig(read, explainers, {
    hasModule: (name) => service.findModule(name) !== undefined,
    wasRead: (option) => config.asked.has(option),
  });
  // A module of somebody else's may ask for its options later.
  const loaded = [GLOBAL, ...[...service.hosts].map(({ name }) => name)].flatMap((host) =>
    service.modules.loadedOn(host),
  );
  if (loaded.every((name) => service.findModule(name)?.builtIn === true)) problems.push(...misspeltOptions(settings));
  await service.stop("The check is over");
  return { problems, settings, config: read, advice: explainers.flatMap(({ advice = [] }) => advice) };
}

function toJson(file: string, problems: readonly ConfigProblem[], settings: readonly ExplainedSetting[]): string {
  return JSON.stringify({
    file,
    problems: problems.map(({ severity, position, message }) => ({
      severity,
      file: position?.file ?? null,
      line: position?.line ?? null,
      message,
    })),
    settings: settings.map(({ kind, section, name, verdict, text, position }) => ({
      kind,
      section,
      name,
      verdict,
      text: text ?? null,
      file: position?.file ?? null,
      line: position?.line ?? null,
    })),
  });
}
