/**
 * Reads scenario scripts: the format of Prosody's *scansion*, people with names, XML in, XML out.
 */
import { readFileSync } from "node:fs";
import { parseStanza } from "../xmpp/parse.js";
import type { Element } from "../xmpp/element.js";

/** The attribute that makes an expected element and those below it strict or not; written `scansion:strict` in scripts. */
export const STRICT_ATTRIBUTE = "scansion-strict";

/** Somebody who takes part: `[Client] Romeo`. */
export interface ScriptClient {
  readonly name: string;
  readonly line: number;
  /** `user@host`, `user@host/resource`, or `host` alone for an anonymous login. */
  readonly jid: string;
  readonly password: string | undefined;
  /** Where this client connects to, when not where the others do. */
  readonly connectHost: string | undefined;
  readonly connectPort: number | undefined;
}

interface StepAt {
  readonly client: string;
  /** Line of the action, from 1. */
  readonly line: number;
}

/** Something that a client does. A stanza carries placeholders such as `${Romeo's JID}` as they are written. */
export type ScriptAction =
  | ({ readonly kind: "connects" | "disconnects" } & StepAt)
  | ({ readonly kind: "sends"; readonly stanza: Element } & StepAt);

/** Something that a client expects. */
export type ScriptExpectation =
  ({ readonly kind: "receives"; readonly stanza: Element } & StepAt) | ({ readonly kind: "receives nothing" } & StepAt);

/** One step of a script. */
export type ScriptStep = ScriptAction | ScriptExpectation;

/** A script that has been read. */
export interface Script {
  readonly file: string;
  readonly title: string;
  /** The further heading lines. */
  readonly description: readonly string[];
  /** `## in-order` is the tag `in-order`. */
  readonly tags: ReadonlySet<string>;
  readonly clients: readonly ScriptClient[];
  readonly steps: readonly ScriptStep[];
}

/** A script that cannot be read; the message begins with `file:line: `. */
export class ScriptError extends Error {
  override readonly name = "ScriptError";
  constructor(
    readonly file: string,
    readonly line: number,
    what: string,
    options?: { cause?: unknown },
  ) {
    super(`${file}:${line}: ${what}`, options);
  }
}

/** Reads a script from a file. @throws ScriptError, or what reading the file throws */
export function readScript(file: string): Script {
  return parseScript(readFileSync(file, "utf8"), file);
}

/** Reads a script from text. @param file name for messages. @throws ScriptError */
export function parseScript(text: string, file = "script"): Script {
  return new ScriptParser(text, file).parse();
}

/**
 * Reads one stanza as scripts write them: `scansion:strict` needs no declaration, nor `${Romeo's JID}` an escape in
 * single quotes.
 * @throws SyntaxError on text that is not one well-formed element
 */
export function parseExpectation(text: string): Element {
  return parseStanza(
    text
      .replace(/\bscansion:strict(?=\s*=)/g, STRICT_ATTRIBUTE)
      .replace(/\$\{[^}]*\}/g, (placeholder) => placeholder.replaceAll("'", "&apos;")),
  );
}

const ACTION = /^(.+?)\s+(connects|disconnects|sends|receives)\s*:?\s*(nothing)?\s*$/;
const OPTION = /^\s+([a-z_]+)\s*:\s*(.*?)\s*$/;
const OPTION_NAMES = new Set(["jid", "password", "connect_host", "connect_port"]);

class ScriptParser {
  readonly #lines: readonly string[];
  readonly #clients = new Map<string, ScriptClient>();
  readonly #steps: ScriptStep[] = [];
  #at = 0;

  constructor(
    text: string,
    readonly file: string,
  ) {
    this.#lines = text.split(/\r?\n/);
  }

  parse(): Script {
    const headings: string[] = [];
    const tags = new Set<string>();
    while (this.#at < this.#lines.length) {
      const line = this.#lines[this.#at] ?? "";
      if (/^-{3,}\s*$/.test(line)) break;
      if (line.startsWith("##")) tags.add(line.slice(2).trim());
      else if (line.startsWith("#")) headings.push(line.slice(1).trim());
      else if (line.startsWith("[")) {
        this.#parseClient(line);
        continue;
      } else if (line.trim() !== "") throw this.#error("expected a heading, a [Client] section or the line -----");
      this.#at++;
    }
    if (this.#at === this.#lines.length) throw this.#error("expected the line ----- before the first action");
    this.#at++;
    while (this.#at < this.#lines.length) this.#parseStep();
    const [title = this.file, ...description] = headings;
    return { file: this.file, title, description, tags, clients: [...this.#clients.values()], steps: this.#steps };
  }

  #parseClient(heading: string): void {
    const line = this.#at + 1;
    const name = /^\[Client\]\s+(\S.*?)\s*$/.exec(heading)?.[1];
    if (name === undefined) throw this.#error("expected [Client] and a name");
    if (this.#clients.has(name)) throw this.#error(`a second client called ${name}`);
    const options = new Map<string, string>();
    for (this.#at++; this.#at < this.#lines.length; this.#at++) {
      const text = this.#lines[this.#at] ?? "";
      if (text.trim() === "") continue;
      if (!/^\s/.test(text)) break;
      const [, key = "", value = ""] = OPTION.exec(text) ?? [];
      if (!OPTION_NAMES.has(key)) {
        throw this.#error(`expected one of ${[...OPTION_NAMES].join(", ")}, got ${JSON.stringify(text.trim())}`);
      }
      options.set(key, value);
    }
    const jid = options.get("jid");
    if (jid === undefined || jid === "") throw new ScriptError(this.file, line, `${name} has no jid`);
    const port = options.get("connect_port");
    if (port !== undefined && !/^\d{1,5}$/.test(port)) {
      throw new ScriptError(this.file, line, `connect_port: expected a number, got ${JSON.stringify(port)}`);
    }
    this.#clients.set(name, {
      name,
      line,
      jid,
      password: options.get("password"),
      connectHost: options.get("connect_host"),
      connectPort: port === undefined ? undefined : Number(port),
    });
  }

  #parseStep(): void {
    const text = this.#lines[this.#at] ?? "";
    const line = this.#at + 1;
    if (text.trim() === "" || text.startsWith("#")) {
      this.#at++;
      return;
    }
    const [, client = "", verb, nothing] = ACTION.exec(text) ?? [];
    if (verb === undefined || /^\s/.test(text)) {
      throw this.#error(`expected "<name> connects|sends:|receives:|disconnects", got ${JSON.stringify(text.trim())}`);
    }
    if (!this.#clients.has(client)) throw this.#error(`no client is called ${client}`);
    this.#at++;
    if (verb === "receives" && nothing !== undefined) this.#steps.push({ kind: "receives nothing", client, line });
    else if (nothing !== undefined) throw new ScriptError(this.file, line, `nothing cannot follow ${verb}`);
    else if (verb === "sends" || verb === "receives") {
      this.#steps.push({ kind: verb, client, line, stanza: this.#parseStanza(line) });
    } else this.#steps.push({ kind: verb as "connects" | "disconnects", client, line });
  }

  /** The indented lines below an action. */
  #parseStanza(actionLine: number): Element {
    const from = this.#at;
    let end = from;
    for (; this.#at < this.#lines.length; this.#at++) {
      const text = this.#lines[this.#at] ?? "";
      if (text.trim() === "") continue;
      if (!/^\s/.test(text)) break;
      end = this.#at + 1;
    }
    const block = this.#lines.slice(from, end);
    const first = block.findIndex((text) => text.trim() !== "");
    if (first === -1) throw new ScriptError(this.file, actionLine, "expected an indented stanza below this line");
    try {
      return parseExpectation(block.join("\n").trim());
    } catch (cause) {
      const what = cause instanceof Error ? cause.message : String(cause);
      throw new ScriptError(this.file, from + first + 1, `not one well-formed stanza: ${what}`, { cause });
    }
  }

  #error(what: string): ScriptError {
    return new ScriptError(this.file, Math.min(this.#at + 1, this.#lines.length), what);
  }
}
