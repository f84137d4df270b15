/** Why a module could not be loaded. Codes are stable; messages may change. `docs/errors.md` has cause and remedy of each. */
export type ModuleErrorCode =
  | "MODULE_NOT_FOUND"
  | "MODULE_BROKEN"
  | "MODULE_PARAMETER_UNCOVERED"
  | "MODULE_TOKEN_MISSING"
  | "MODULE_DEPENDENCY_MISSING"
  | "MODULE_DEPENDENCY_CYCLE"
  | "MODULE_DISABLED"
  | "MODULE_FAILED"
  | "MODULE_API_VERSION"
  | "MODULE_NO_RELOAD"
  | "MODULE_NOT_LOADED";

/** A module that could not be loaded, unloaded or reloaded. */
export class ModuleError extends Error {
  override readonly name = "ModuleError";
  constructor(
    readonly code: ModuleErrorCode,
    /** Name without `mod_`. */
    readonly module: string,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(`${code}: mod_${module} ${message}`, options);
  }
}

/** The whole chain of messages, outermost first, for one log line. */
export function explain(error: unknown): string {
  const parts: string[] = [];
  for (let at: unknown = error; at !== undefined && parts.length < 8; at = at instanceof Error ? at.cause : undefined) {
    parts.push(at instanceof Error ? at.message : String(at));
  }
  return parts.join(": ").replaceAll(/\s*\n\s*/g, " ");
}

/**
 * The file and line below a folder where an error came up, as `FILE:LINE`; `undefined` when it does not say.
 * @param folder of the module whose error it is
 */
export function placeOf(error: unknown, folder: string): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const lines = `${error.message}\n${error.stack ?? ""}`.split("\n");
  for (const line of lines) {
    const start = line.indexOf(folder);
    if (start === -1) continue;
    // `FILE:LINE:COLUMN` of a stack, or `FILE: what (LINE:COLUMN)` of a compiler.
    const found = /^([^\s():]+)(?::(\d+)|:.*\((\d+):\d+\))/.exec(line.slice(start));
    if (found) return `${found[1]}:${found[2] ?? found[3]}`;
  }
  return placeOf(error.cause, folder);
}

/** Thrown by `depends` while a module loads: the manager loads that other module first, and begins again. */
export class NeedsModule extends Error {
  override readonly name = "NeedsModule";
  constructor(
    readonly wanted: string,
    readonly soft: boolean,
  ) {
    super(`mod_${wanted} must be loaded first`);
  }
}
