import { sizeOf } from "./backlog.js";
import type { Recipients } from "./delivery.js";
import type { TrackedRequest } from "./requests.js";
import type { Origin } from "./stanza-event.js";
import type { Element } from "../xmpp/element.js";
import type { StanzaTemplate } from "../xmpp/template.js";

/** Something on its way out: a stanza to be routed, an answer to go back, or one text for many. */
export type OutboxEntry =
  | { readonly kind: "route"; readonly stanza: Element; readonly origin: Origin | undefined }
  | {
      readonly kind: "answer";
      readonly stanza: Element;
      /** Sends it to who asked. */
      readonly write: (stanza: Element) => void;
    }
  | { readonly kind: "deliver"; readonly template: StanzaTemplate; readonly recipients: Recipients }
  | HeldEntry;

/** Something that keeps its place and leaves later; what comes after it on the same lane waits behind it. */
export interface HeldEntry {
  readonly kind: "held";
  /** What leaves when `until` resolves; dropped when it rejects. */
  readonly outbox: Outbox;
  readonly until: Promise<unknown>;
  /** `until` has rejected: what this sends leaves in that place instead. */
  readonly failed: (error: unknown) => void;
}

/** What an address among those that a text is for takes in memory, in bytes. */
const PER_TARGET = 8;

/** About what entries that wait take in memory, in bytes. */
export function sizeOfEntries(entries: readonly OutboxEntry[]): number {
  let bytes = 0;
  for (const entry of entries) {
    if (entry.kind === "deliver") {
      const { template, recipients } = entry;
      bytes += template.before.length + template.after.length + PER_TARGET * recipients.targets.length;
    } else if (entry.kind === "held") bytes += sizeOfEntries(entry.outbox.entries);
    else bytes += sizeOf(entry.stanza);
  }
  return bytes;
}

const NOTHING: readonly never[] = [];

/** What a piece of code sent, in order, held back until its effects are on disk (`Router.collect`). */
export class Outbox {
  /** In order of sending. */
  entries: readonly OutboxEntry[] = NOTHING;
  /** Requests that were answered by one of the entries; the router's. */
  answered: readonly TrackedRequest[] = NOTHING;

  /** Whether nothing waits. */
  get isEmpty(): boolean {
    return this.entries.length === 0;
  }

  /** Something is to leave after all that is there already. */
  add(entry: OutboxEntry): void {
    // Most have a single entry: a list that grows takes the room of seventeen with its first.
    if (this.entries === NOTHING) this.entries = [entry];
    else (this.entries as OutboxEntry[]).push(entry);
  }

  /** One of the entries answers that request. */
  addAnswered(request: TrackedRequest): void {
    this.answered = [...this.answered, request];
  }

  /** Takes over all of another one. */
  absorb(later: Outbox): void {
    for (const entry of later.entries) this.add(entry);
    this.answered = [...this.answered, ...later.answered];
    later.clear();
  }

  /** Nothing of it leaves any longer. */
  clear(): void {
    this.entries = this.answered = NOTHING;
  }
}
