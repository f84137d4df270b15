import type { ConfigValue } from "chorus-muc";

/** The text of a configuration, line by line, of which settings can be taken out again. */
export class ConfigText {
  readonly #lines: { text: string; isSetting: boolean }[] = [];
  /** Put before each line that is added. */
  indent = "";

  /** Adds a line that stays: the head of a section, a bracket, nothing. */
  line(code = ""): void {
    this.#lines.push({ text: code === "" ? "" : this.indent + code, isSetting: false });
  }

  /** Adds a line of comment. */
  comment(text: string): void {
    this.line(`-- ${oneLine(text)}`);
  }

  /** Adds a line that can be taken out by itself. @param comment what is said behind it */
  setting(code: string, comment = ""): void {
    this.#lines.push({ text: this.indent + code + (comment === "" ? "" : ` -- ${oneLine(comment)}`), isSetting: true });
  }

  /** Turns a setting into a comment. @param number of its line, from 1 @returns false: there is no setting there */
  takeOut(number: number, why: string): boolean {
    const line = this.#lines[number - 1];
    if (line?.isSetting !== true) return false;
    const [, indent = "", code = ""] = /^(\s*)(.*)$/.exec(line.text) ?? [];
    this.#lines[number - 1] = { text: `${indent}-- ${code} -- ${oneLine(why)}`, isSetting: false };
    return true;
  }

  /** Number of the line that has a text, from 1; 0: none has. */
  numberOf(text: string): number {
    return this.#lines.findIndex((line) => line.text.includes(text)) + 1;
  }

  toString(): string {
    return `${this.#lines.map(({ text }) => text).join("\n")}\n`;
  }
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, " ").trim();
}

const NAME = /^[A-Za-z_]\w*$/;
/** Words that cannot stand as names in Lua 5.2 to 5.4. */
const KEYWORDS = new Set(
  `and break do else elseif end false for function goto if in local nil not or repeat return then true until
  while`.split(/\s+/),
);

/** A value as an operator would write it, in one line. */
export function luaText(value: ConfigValue): string {
  if (typeof value === "string") return luaString(value);
  if (typeof value === "number") {
    if (Number.isFinite(value)) return String(value);
    return value > 0 ? "math.huge" : "-math.huge";
  }
  if (typeof value === "boolean") return String(value);
  const items = Array.isArray(value)
    ? value.map(luaText)
    : Object.entries(value).map(([key, item]) => {
        const name = NAME.test(key) && !KEYWORDS.has(key) ? key : `[${luaString(key)}]`;
        return `${name} = ${luaText(item)}`;
      });
  return items.length === 0 ? "{}" : `{ ${items.join(", ")} }`;
}

function luaString(text: string): string {
  const escaped = text.replace(/[\\"]/g, "\\$&").replaceAll("\n", "\\n");
  return `"${escaped.replace(/[\u0000-\u001f\u007f]/g, (at) => `\\${String(at.charCodeAt(0)).padStart(3, "0")}`)}"`;
}
