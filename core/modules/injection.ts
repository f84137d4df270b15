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
  const withConstructor = constructorOf(moduleClass);
  const given: Record<string, unknown> = Array.isArray(declared)
    ? { ...(declared as unknown[]) }
    : ((Reflect.getOwnMetadata(INJECTION_TOKENS, withConstructor) ?? {}) as Record<string, unknown>);
  // `length` ends before the first parameter with a default value.
  const last = Math.max(-1, ...Object.keys(given).map(Number));
  const entries = Array.from(
    { length: Math.max(withConstructor.length, last + 1) },
    (_, index) => given[String(index)],
  );
  const uncovered = entries.flatMap((entry, index) =>
    entry === undefined ? [describeParameter(moduleClass, index)] : [],
  );
  if (uncovered.length > 0) {
    const how = Array.isArray(declared) ? "in static inject" : "by @inject(Token)";
    throw new ModuleError(
      "MODULE_PARAMETER_UNCOVERED",
      name,
      `gives no token for ${uncovered.join(", ")} ${how}; one that is undefined there, as a misspelt import is, counts as none`,
    );
  }
  return entries.map((entry) => (isDescriptor(entry) ? entry.token : (entry as InjectionToken)));
}

/** `constructor parameter 2 ("karma")`, for messages; without a name when the text of the class does not tell it. */
export function describeParameter(moduleClass: ModuleClass, index: number): string {
  const name = parameterNames(textOf(constructorOf(moduleClass)))[index];
  return `constructor parameter ${index + 1}${name === undefined ? "" : ` ("${name}")`}`;
}

const CONSTRUCTOR = /\bconstructor\s*\(/;

/** The class whose constructor runs: an ancestor, for one that has none of its own. */
function constructorOf(moduleClass: ModuleClass): ModuleClass {
  let at = moduleClass;
  while (at.length === 0 && !CONSTRUCTOR.test(textOf(at))) {
    const parent: unknown = Object.getPrototypeOf(at);
    if (typeof parent !== "function" || parent === Function.prototype) return moduleClass;
    at = parent as ModuleClass;
  }
  return at;
}

/** The text of a class without comments, as the engine has it. */
function textOf(moduleClass: ModuleClass): string {
  return Function.prototype.toString.call(moduleClass).replaceAll(/\/\*[^]*?\*\/|\/\/.*/g, "");
}

/** Names of the parameters of a constructor; `undefined` for one that is taken apart. */
function parameterNames(text: string): (string | undefined)[] {
  const found = CONSTRUCTOR.exec(text);
  if (!found) return [];
  const parameters = [""];
  let depth = 0;
  for (const character of text.slice(found.index + found[0].length)) {
    if ("([{".includes(character)) depth++;
    if (")]}".includes(character) && depth-- === 0) break;
    if (character === "," && depth === 0) parameters.push("");
    else parameters.push((parameters.pop() ?? "") + character);
  }
  return parameters.map((parameter) => /^\s*([\w$]+)/.exec(parameter)?.[1]);
}

function isDescriptor(entry: unknown): entry is { readonly token: InjectionToken } {
  return typeof entry === "object" && entry !== null && "token" in entry;
}
