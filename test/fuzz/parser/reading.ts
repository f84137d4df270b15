import { isElement, namespaceOf, type Element } from "../../../core/xmpp/element.js";
import { NS_CLIENT } from "../../../core/xmpp/namespaces.js";
import type { StreamErrorCondition } from "../../../core/xmpp/stream-error.js";
import { StreamParser, type StreamLimits } from "../../../core/xmpp/stream-parser.js";
import { serialise } from "../../../core/xmpp/template.js";
import type { Random } from "../../support/random.js";

/** How a stream ended: `open` when more is waited for. */
export type Outcome =
  { readonly kind: "open" | "end" } | { readonly kind: "refused"; readonly condition: StreamErrorCondition };

/** What a parser makes of a stream. */
export interface Reading {
  /** What the header and each stanza say, in a form in which two parsers agree. */
  readonly told: readonly string[];
  readonly outcome: Outcome;
}

/** What Chorus makes of a stream, and what others receive of it. */
export interface ChorusReading extends Reading {
  /** The stanzas, as they are passed on. */
  readonly written: readonly string[];
}

/** How a stream arrives. */
export interface Arrival {
  readonly bytes: Buffer;
  readonly limits: StreamLimits;
  /** Ends of the chunks. */
  readonly cuts: readonly number[];
}

/** Whether two parsers told the same, in the same order, and ended in the same way. */
export function isSame(a: Reading, b: Reading): boolean {
  return isToldAlike(a, b) && a.outcome.kind === b.outcome.kind && conditionOf(a) === conditionOf(b);
}

/** Why a stream was refused; `undefined` when it was not. */
export function conditionOf({ outcome }: Reading): StreamErrorCondition | undefined {
  return outcome.kind === "refused" ? outcome.condition : undefined;
}

/** Whether two parsers told the same, however they ended. */
export function isToldAlike(a: Reading, b: Reading): boolean {
  return a.told.length === b.told.length && a.told.every((text, index) => text === b.told[index]);
}

const NS_XML = "http://www.w3.org/XML/1998/namespace";

/** Cuts a stream into chunks: at once, into a few, or byte by byte. */
export function cut(length: number, random: Random): number[] {
  const cuts: number[] = [];
  const longest = random.pick([1, 3, 20, 200, length, length]);
  for (let at = 0; at < length; cuts.push(at)) at = Math.min(length, at + 1 + random.below(longest));
  return cuts;
}

/** What Chorus makes of a stream. @throws Error when the parser throws, or says something after its end */
export function readWithChorus({ bytes, limits, cuts }: Arrival): ChorusReading {
  const told: string[] = [];
  const written: string[] = [];
  let outcome: Outcome | undefined;
  const onward = (): void => {
    if (outcome) throw new Error("the parser went on after the end");
  };
  let thrown: unknown;
  const parser = new StreamParser(limits, {
    onStreamStart: (attrs) => {
      onward();
      told.push(headerText(attrs));
    },
    onStanza: (element) => {
      onward();
      told.push(stanzaText(element));
      written.push(serialise(element));
    },
    onStreamEnd: () => {
      onward();
      outcome = { kind: "end" };
    },
    onError: ({ condition, cause }) => {
      onward();
      if (condition === "internal-server-error") thrown = cause;
      outcome = { kind: "refused", condition };
    },
    onHandlerError: (error) => {
      thrown = error;
    },
  });
  let from = 0;
  for (const to of cuts) {
    parser.write(bytes.subarray(from, to));
    from = to;
  }
  if (thrown !== undefined) throw thrown as Error;
  return { told, written, outcome: outcome ?? { kind: "open" } };
}

function headerText(attrs: Readonly<Record<string, string>>): string {
  let text = "http://etherx.jabber.org/streams\x02stream";
  // Prefixes of the header are not kept; those that are declared elsewhere than in `xml` compare by local name.
  for (const [name, value] of Object.entries(attrs)) text += `\x03${localOf(name)}\x02${value}`;
  return text;
}

function localOf(name: string): string {
  return name.slice(name.indexOf(":") + 1);
}

/** What a stanza says, in a form in which two parsers agree. */
export function stanzaText(element: Element): string {
  const attrs = element.attrs as Record<string, string>;
  const namespace = element.name.startsWith("xml:") ? NS_XML : (namespaceOf(element) ?? NS_CLIENT);
  let text = `\x01${namespace}\x02${localOf(element.name)}`;
  for (const [name, value] of Object.entries(attrs)) {
    if (name === "xmlns" || name.startsWith("xmlns:")) continue;
    const [prefix, local] = name.includes(":") ? (name.split(":") as [string, string]) : ["", name];
    const uri = prefix === "" ? "" : prefix === "xml" ? NS_XML : (attrs[`xmlns:${prefix}`] ?? "undeclared");
    text += `\x03${uri}\x02${local}\x02${value}`;
  }
  for (const child of element.children as unknown[]) {
    text += isElement(child) ? stanzaText(child) : `\x04${String(child)}`;
  }
  return `${text}\x05`;
}
