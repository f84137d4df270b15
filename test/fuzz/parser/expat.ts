import { execFileSync, spawn, type ChildProcessByStdio } from "node:child_process";
import { resolve } from "node:path";
import type { Readable, Writable } from "node:stream";
import type { StreamErrorCondition } from "../../../core/xmpp/stream-error.js";
import type { Arrival, Outcome, Reading } from "./reading.js";

/** The program stays where it is written: this file runs from `dist`. */
const PROGRAM = resolve(import.meta.dirname, "../../../../test/fuzz/parser/expat_reader.py");
const PYTHON = "python3";

/** Why there is no expat here, or `undefined`. */
export function expatIsMissing(): string | undefined {
  try {
    execFileSync(PYTHON, ["-c", "import xml.parsers.expat"], { stdio: "ignore" });
    return undefined;
  } catch {
    return `no ${PYTHON} with xml.parsers.expat`;
  }
}

/** What expat makes of a stream. */
export interface ExpatReading extends Reading {
  /** Where each stanza ended, in bytes. */
  readonly ends: readonly number[];
  /** Tags, texts and the like up to where more is waited for. */
  readonly tokens: number;
  /** Where it was refused, in bytes, and why, in expat's words. */
  readonly fault?: { readonly at: number; readonly kind: Fault; readonly text: string };
}

/** What a refusal is about, and what RFC 6120 §4.9.3 calls it. */
const CONDITIONS = {
  xml: "not-well-formed",
  entity: "restricted-xml",
  doctype: "restricted-xml",
  comment: "restricted-xml",
  instruction: "restricted-xml",
  encoding: "unsupported-encoding",
  header: "invalid-namespace",
  text: "bad-format",
  depth: "policy-violation",
  attributes: "policy-violation",
  size: "policy-violation",
} as const satisfies Record<string, StreamErrorCondition>;
export type Fault = keyof typeof CONDITIONS;

/** libexpat, which reads XML for Prosody and ejabberd, in a process of its own. */
export class Expat implements Disposable {
  readonly #child: ChildProcessByStdio<Writable, Readable, null> = spawn(PYTHON, [PROGRAM], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  readonly #waiting: ((answer: Buffer | Error) => void)[] = [];
  #received: Buffer = Buffer.alloc(0);

  constructor() {
    this.#child.stdout.on("data", (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      this.#take();
    });
    this.#child.once("close", (status) => {
      for (const waiter of this.#waiting.splice(0)) waiter(new Error(`${PROGRAM} ended with ${String(status)}`));
    });
    this.#child.stdin.on("error", () => undefined); // its end is told by "close"
  }

  /** Answers come in the order of the questions. */
  async read({ bytes, limits }: Arrival): Promise<ExpatReading> {
    const head = Buffer.alloc(16);
    head.writeUInt32BE(limits.maxStanzaBytes, 0);
    head.writeUInt32BE(limits.maxDepth, 4);
    head.writeUInt32BE(limits.maxAttributes, 8);
    head.writeUInt32BE(bytes.length, 12);
    const answer = await new Promise<Buffer | Error>((resolve) => {
      this.#waiting.push(resolve);
      this.#child.stdin.write(Buffer.concat([head, bytes]));
    });
    if (answer instanceof Error) throw answer;
    return parseAnswer(answer.toString());
  }

  #take(): void {
    let at = 0;
    while (this.#received.length >= at + 4) {
      const length = this.#received.readUInt32BE(at);
      if (this.#received.length < at + 4 + length) break;
      this.#waiting.shift()?.(this.#received.subarray(at + 4, at + 4 + length));
      at += 4 + length;
    }
    this.#received = this.#received.subarray(at);
  }

  [Symbol.dispose](): void {
    this.#child.stdin.end();
  }
}

function parseAnswer(answer: string): ExpatReading {
  const parts = answer.split("\0");
  const last = parts.pop() ?? "";
  const [header, ...stanzas] = parts;
  const told = header === undefined ? [] : [headerText(header)];
  const ends: number[] = [];
  for (const stanza of stanzas) {
    const start = stanza.indexOf("\x01");
    ends.push(Number(stanza.slice(0, start)));
    told.push(stanza.slice(start));
  }
  const [, at, kind, text = ""] = /^refused (\d+) (\w+)(?: (.*))?$/.exec(last) ?? [];
  if (at === undefined) {
    const [end, tokens] = last.split(" ");
    return { told, ends, tokens: Number(tokens), outcome: { kind: end } as Outcome };
  }
  const fault = { at: Number(at), kind: kind as Fault, text };
  return { told, ends, tokens: 0, fault, outcome: { kind: "refused", condition: CONDITIONS[fault.kind] } };
}

/** Attributes without their namespaces, which headers do not keep. */
function headerText(header: string): string {
  return header.replace(/\x03[^\x02]*\x02/g, "\x03");
}
