import type { Element } from "../xmpp/element.js";
import { diffLines, formatXml } from "./format-xml.js";
import type { Inbox } from "./inbox.js";
import { mismatch, type Mismatch } from "./matcher.js";

/** Looks for one expected stanza among those that come, by the rules of scenario scripts. */
export class Search {
  readonly #passedOver: { readonly stanza: Element; readonly mismatch: Mismatch }[] = [];
  #found: Element | undefined;

  /** @param inOrder the very next stanza must match; otherwise what does not is passed over, and gone */
  constructor(
    readonly expected: Element,
    readonly inOrder: boolean,
  ) {}

  /** The stanza that matches, once it has come. */
  get found(): Element | undefined {
    return this.#found;
  }

  /** Takes stanzas until one matches, which is returned, or until there is none left to look at. */
  look(take: () => Element | undefined): Element | undefined {
    while (this.#found === undefined && !this.#isExhausted) {
      const stanza = take();
      if (stanza === undefined) return undefined;
      const difference = mismatch(this.expected, stanza);
      if (difference === undefined) this.#found = stanza;
      else this.#passedOver.push({ stanza, mismatch: difference });
    }
    return this.#found;
  }

  /** Looks at what is in the inbox and what comes in time. @returns why it was not found, or `undefined` when it was */
  async lookIn(inbox: Inbox, timeoutMs: number): Promise<string | undefined> {
    const deadline = performance.now() + timeoutMs;
    while (this.look(() => inbox.take()) === undefined) {
      if (this.#isExhausted) return "something else came first";
      if (!(await inbox.arrival(deadline - performance.now()))) {
        return inbox.ended ?? `nothing that matches within ${timeoutMs} ms`;
      }
    }
    return undefined;
  }

  /** What was expected, what came instead, and the difference, below a first line. */
  explain(first: string): string {
    const expected = formatXml(this.expected);
    const lines = [first, "expected:", ...indent(expected)];
    if (this.#passedOver.length === 0) lines.push("nothing came");
    else lines.push(this.inOrder ? "came instead:" : "came instead, and passed over:");
    for (const { stanza, mismatch: difference } of this.#passedOver) {
      lines.push(...formatXml(stanza, "  "), `    (${difference.path}: ${difference.reason})`);
    }
    const nearest = this.#passedOver
      .map(({ stanza }) => diffLines(expected, formatXml(stanza)))
      .sort((a, b) => changes(a) - changes(b))[0];
    if (nearest !== undefined) lines.push("difference to the nearest (- expected, + received):", ...indent(nearest));
    return lines.join("\n");
  }

  get #isExhausted(): boolean {
    return this.inOrder && this.#passedOver.length > 0;
  }
}

/**
 * The next stanza of an inbox, or the first that matches.
 * @param expected an element, or text with one
 * @throws Error who expected what, what came instead, and the difference
 */
export async function expectIn(
  inbox: Inbox,
  expected: Element,
  options: { readonly who: string; readonly inOrder: boolean; readonly timeoutMs: number },
): Promise<Element> {
  const search = new Search(expected, options.inOrder);
  const why = await search.lookIn(inbox, options.timeoutMs);
  if (search.found === undefined) throw new Error(search.explain(`${options.who}: ${why ?? "not received"}`));
  return search.found;
}

function changes(diff: readonly string[]): number {
  return diff.filter((line) => !line.startsWith(" ")).length;
}

function indent(lines: readonly string[]): string[] {
  return lines.map((line) => `  ${line}`);
}
