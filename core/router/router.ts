import type { Backlog } from "./backlog.js";
import type { Outbox } from "./outbox.js";
import type { Origin } from "./stanza-event.js";
import type { DeliveryTarget, Recipients } from "./delivery.js";
import type { Element } from "../xmpp/element.js";
import type { StanzaTemplate } from "../xmpp/template.js";

/** Takes stanzas in, finds the host or link they belong to, and sees to it that every iq is answered exactly once. */
export interface Router {
  /** A stanza from a link: addresses are prepared and checked, then it is dispatched. Never throws. */
  receive(stanza: Element, origin: Origin): void;
  /**
   * Does something that nobody should find half done: what comes in meanwhile waits, and is handled afterwards in order.
   * Answers to Chorus' own requests do not wait; nor does anything longer than 10 s.
   */
  pauseWhile<R>(work: () => Promise<R>): Promise<R>;
  /** Routes a stanza that Chorus itself made. Inside {@link collect} it is collected instead. */
  send(stanza: Element, origin?: Origin): void;
  /**
   * What every `origin.send` does: the stanza goes back the way that `origin` came, by `write`, unless it is a second
   * answer to the same iq. Inside {@link collect} it is collected instead.
   */
  answer(stanza: Element, write: (stanza: Element) => void): void;
  /**
   * Sends an iq get or set that Chorus made, and waits for its answer.
   * @returns the result; rejects with a `StanzaError`, `wait/remote-server-timeout` after `timeoutSeconds`
   */
  request(stanza: Element, timeoutSeconds?: number): Promise<Element>;
  /**
   * One text to many, in order; a large fan-out is cut into slices so that others go on meanwhile.
   * @param lane what is delivered on one lane keeps its order; default: the recipients' own connections only
   */
  deliver(template: StanzaTemplate, to: Recipients | readonly DeliveryTarget[], lane?: object): void;
  /**
   * Runs `fn` at once, inside {@link collect}; what it sends leaves when `until` resolves, and everything that is sent
   * after it on the same lane waits behind it. If `until` rejects, nothing of it leaves, and what `failed` sends then
   * leaves in its place.
   * @throws TypeError outside of `collect`: without an outbox there is no order to keep
   */
  hold(until: Promise<unknown>, fn: () => void, failed: (error: unknown) => void): void;
  /** Runs `fn` at once; whatever is sent meanwhile, answers included, goes into `outbox` instead of out. */
  collect<R>(outbox: Outbox, fn: () => R): R;
  /**
   * Sends what was collected, in order, and empties the outbox.
   * @param backlog counts what has to wait, as something before it on the lane does
   */
  release(outbox: Outbox, lane?: object, backlog?: Backlog): void;
  /**
   * What is sent in this turn of the event loop leaves at its end and not before, when what was issued to be written is on
   * its way to the disk, though nothing waits for it: who is told of something will rarely find it forgotten by a crash.
   */
  sendAtEndOfTurn(): void;
  /** Throws away what was collected: iqs answered in it count as unanswered again. */
  drop(outbox: Outbox): void;
}
