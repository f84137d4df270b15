import type { InjectionToken } from "tsyringe";
import { ModuleApiToken } from "../tokens.js";
import type { ModuleClass } from "./api.js";
import { ModuleError } from "./module-error.js";

/** Where tsyringe's `@inject` keeps what it was given, by index of the parameter. */
const INJECTION_TOKENS = "injectionTokens";

/**
 * The tokens of a module's constructor parameters, in order: from `@inject`, or from `static inject` of a class in plain
 * JavaScript.
 *
 * tsyringe would silently hand `undefined` to a parameter without a token when its neighbour has one, so each must have
 * one.
 * @throws ModuleError `MODULE_PARAMETER_UNCOVERED`
 */
export function parameterTokens(name: string, moduleClass: ModuleClass): InjectionToken[] {
  const declared = (moduleClass as { inject?: unknown }).inject;
  if (declared === "module") return [ModuleApiToken as InjectionToken];
  if (Array.isArray(declared)) return declared as InjectionToken[];
  const decorated = (Reflect.getOwnMetadata(INJECTION_TOKENS, moduleClass) ?? {}) as Record<string, unknown>;
  return Array.from({ length: moduleClass.length }, (_, index) => {
    const entry = decorated[String(index)];
    if (entry === undefined) {
      throw new ModuleError(
        "MODULE_PARAMETER_UNCOVERED",
        name,
        `has no @inject(Token) on constructor parameter ${index + 1}`,
      );
    }
    return isDescriptor(entry) ? entry.token : (entry as InjectionToken);
  });
}

function isDescriptor(entry: unknown): entry is { readonly token: InjectionToken } {
  return typeof entry === "object" && entry !== null && "token" in entry;
}
