import type { Origin } from "./stanza-event.js";
import type { DeliveryTarget } from "./delivery.js";
import type { Element } from "../xmpp/element.js";
import type { StanzaTemplate } from "../xmpp/template.js";

/** Collects what is sent while a piece of code runs, in order; see {@link Router.collect}. */
export interface Outbox {
  readonly entries: OutboxEntry[];
}

/** Something on its way out: one stanza, or one text for many. */
export type OutboxEntry =
  | { readonly stanza: Element; readonly origin: Origin | undefined }
  | { readonly template: StanzaTemplate; readonly targets: readonly DeliveryTarget[] };

/** Takes stanzas in, finds the host or link they belong to, and sees to it that every iq is answered exactly once. */
export interface Router {
  /** A stanza from a link: addresses are prepared and checked, then it is dispatched. Never throws. */
  receive(stanza: Element, origin: Origin): void;
  /** Routes a stanza that Chorus itself made. Inside {@link collect} it is collected instead. */
  send(stanza: Element, origin?: Origin): void;
  /** One text to many, in order; a large fan-out is cut into slices so that others go on meanwhile. */
  deliver(template: StanzaTemplate, targets: readonly DeliveryTarget[], lane?: object): void;
  /** Runs `fn` at once; whatever is sent meanwhile, answers included, goes into `outbox` instead of out. */
  collect<R>(outbox: Outbox, fn: () => R): R;
  /** Sends what was collected, in order. `lane`: outboxes released on the same lane keep their order among each other. */
  release(outbox: Outbox, lane?: object): void;
}
