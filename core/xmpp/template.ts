import type { Element } from "./element.js";
import { StanzaWriter } from "./stanza-writer.js";

export { escapeAttribute } from "./stanza-writer.js";

/** How often a tree was turned into text since the process started; the test kit reads it to count, nothing else does. */
export const counters = { serialisations: 0 };

/** What turns stanzas into text, one at a time. */
const writer = new StanzaWriter();

const ASCII = /^[\x00-\x7f]*$/;

/** Whether text has a byte per character in UTF-8, and the same in Latin-1. */
export function isAscii(text: string): boolean {
  return ASCII.test(text);
}

/** Text of a whole element. Stanzas for many recipients go through a {@link StanzaTemplate} instead. */
export function serialise(element: Element): string {
  counters.serialisations++;
  writer.clear();
  writer.element(element);
  return writer.text(0, writer.length);
}

/** What stands before the recipient's address. */
const TO = ' to="';

/**
 * A stanza turned into text once, to be sent to any number of recipients: per recipient it costs one string splice.
 *
 * The tree may be changed or thrown away afterwards; the template does not see it.
 */
export class StanzaTemplate {
  /** `message`, `presence` or `iq`. */
  readonly name: string;
  /** Address the stanza comes from; decides which link it leaves by. */
  readonly from: string;
  /** Whether all of it is ASCII, but for the recipient. */
  readonly isAscii: boolean;
  /** What comes before the recipient's address, and what comes after it. */
  readonly before: string;
  readonly after: string;

  /** @param stanza its `from` must be set; its `to`, if any, is left out */
  constructor(stanza: Element) {
    counters.serialisations++;
    this.name = stanza.name;
    this.from = String(stanza.attrs["from"] ?? "");
    writer.clear();
    writer.openingTag(stanza, "to");
    writer.asIs(TO);
    const split = writer.length;
    writer.asIs('"');
    writer.contentAndEnd(stanza);
    this.isAscii = writer.isAscii;
    this.before = writer.text(0, split);
    this.after = writer.text(split, writer.length);
  }

  /** The stanza for one recipient. @param escapedTo the recipient's JID, through {@link escapeAttribute} */
  spliced(escapedTo: string): string {
    return this.before + escapedTo + this.after;
  }

  /** The text of the stanza without a `to`. */
  unaddressed(): string {
    return this.before.slice(0, -TO.length) + this.after.slice(1);
  }
}
