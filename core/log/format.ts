import { inspect } from "node:util";

const SPECIFIER = /%([-+ #0]*\d*(?:\.\d+)?)([a-zA-Z%])/g;

// Control characters as their pictures, so that what a stranger sent can neither fake a line nor drive a terminal.
const CONTROL = /[\0-\x1f\x7f\u2028\u2029]/g;

function picture(control: string): string {
  const code = control.charCodeAt(0);
  if (code === 0x7f) return "\u2421";
  return code > 0x7f ? "\u2424" : String.fromCharCode(0x2400 + code);
}

function json(value: unknown): string {
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return inspect(value, { depth: 2, breakLength: Infinity });
  }
}

function text(value: unknown): string {
  if (typeof value === "string") return value;
  if (value instanceof Error) return value.stack ?? String(value);
  return typeof value === "object" && value !== null && value.toString === Object.prototype.toString
    ? json(value)
    : String(value);
}

function formatted(value: unknown, flags: string, kind: string): string | undefined {
  switch (kind) {
    case "s":
    case "q":
      return text(value);
    case "d":
    case "i":
      return typeof value === "number" && Number.isFinite(value) ? String(Math.trunc(value)) : `[${text(value)}]`;
    case "f": {
      const digits = /\.(\d+)/.exec(flags)?.[1] ?? "6";
      return typeof value === "number" ? value.toFixed(Math.min(Number(digits), 100)) : `[${text(value)}]`;
    }
    case "g":
      return text(value);
    case "x":
      return typeof value === "number" ? Math.trunc(value).toString(16) : `[${text(value)}]`;
    case "j":
    case "o":
    case "O":
      return json(value);
    default:
      return undefined;
  }
}

/**
 * A log message from its printf-like format: `%s` text, `%d` integer, `%f` and `%g` numbers, `%x` hexadecimal, `%j`
 * JSON, `%%` a percent sign. Never throws: a specifier without an argument, or unknown, stays as it is, and an argument
 * of the wrong type is written in brackets. Arguments are kept on one line; the stack of an `Error` keeps its lines.
 */
export function formatMessage(format: string, args: readonly unknown[]): string {
  if (args.length === 0 && !format.includes("%%")) return format;
  let next = 0;
  return format.replace(SPECIFIER, (specifier, flags: string, kind: string) => {
    if (kind === "%") return "%";
    if (next >= args.length) return specifier;
    const value = args[next];
    const result = formatted(value, flags, kind);
    if (result === undefined) return specifier;
    next++;
    return value instanceof Error ? result : result.replace(CONTROL, picture);
  });
}
