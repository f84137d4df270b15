import { GLOBAL, type Config, type ConfigProblem } from "../config/config.js";
import { loadConfig } from "../config/load.js";
import type { LoadedConfig } from "../config/loaded-config.js";
import { formatProblem } from "../config/problem.js";
import { explain } from "../modules/module-error.js";
import { StorageError } from "../storage/store.js";

/** Problems as lines, in the order of files and lines; those without a position come first. */
export function problemLines(problems: readonly ConfigProblem[]): string[] {
  const files = [...new Set(problems.map(({ position }) => position?.file))];
  const rank = ({ position }: ConfigProblem): [number, number] =>
    position ? [files.indexOf(position.file), position.line] : [-1, 0];
  return [...problems].sort((a, b) => rank(a)[0] - rank(b)[0] || rank(a)[1] - rank(b)[1]).map(formatProblem);
}

/**
 * Reads a configuration for a command, and tells when it has nothing to serve.
 * @throws ConfigError as {@link loadConfig} does
 */
export async function readConfig(file: string): Promise<LoadedConfig> {
  const config = await loadConfig(file);
  if (!config.hosts.some(({ name }) => config.getOwn(name, "enabled") !== false)) {
    const message = "hosts: expected at least one VirtualHost or Component, got none";
    config.report({ severity: "error", position: { file, line: 1 }, message });
  }
  return config;
}

const REMEDIES: Partial<Record<StorageError["code"], string>> = {
  STORAGE_LOCKED: "stop it first, or name another folder",
  STORAGE_NOT_WRITABLE: "let this user write there, or name another folder",
};

/** Why a service could not be opened or started, in one line: what, and what to change where. */
export function startFailure(error: unknown, config: Config): string {
  if (!(error instanceof StorageError)) return explain(error);
  const remedy = REMEDIES[error.code];
  return formatProblem({
    severity: "error",
    position: config.positionOf(GLOBAL, "data_path"),
    message: `data_path: ${error.message}${remedy === undefined ? "" : `; ${remedy}`}`,
  });
}
