import type { Timers } from "../timers/timers.js";
import type { Timer } from "../timers/clock.js";
import { bare } from "../xmpp/jid.js";
import type { Element } from "../xmpp/element.js";
import { StanzaError } from "../xmpp/stanza-error.js";
import type { DeferredRequest } from "./stanza-event.js";

/** Seconds that whoever took a request over has to answer it. */
const DEFERRED_SECONDS = 120;

/** An iq get or set under way, with the one flag that says whether it was answered. */
export class TrackedRequest implements DeferredRequest {
  answered = false;
  deferred = false;
  timer: Timer | undefined;

  /** @param answerWith sends an error for it */
  constructor(
    readonly key: string,
    readonly stanza: Element,
    private readonly answerWith: (error: StanzaError) => void,
  ) {}

  fail(error: StanzaError): void {
    if (!this.answered) this.answerWith(error);
  }
}

/** Requester, responder and id: what an answer has in common with its request. */
function keyOf(requester: string, responder: string | undefined, id: string): string {
  return `${requester}\0${responder ?? bare(requester)}\0${id}`;
}

/** The requests that entities out there have made of Chorus, until each is answered. */
export class Requests {
  readonly #pending = new Map<string, TrackedRequest[]>();
  readonly #timers: Timers;

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  /** Begins to track a request. `answerWith` sends an error in answer to it. */
  track(stanza: Element, answerWith: (error: StanzaError) => void): TrackedRequest {
    const { from, to, id } = stanza.attrs as Record<string, string | undefined>;
    const key = keyOf(from ?? "", to, id ?? "");
    const request = new TrackedRequest(key, stanza, answerWith);
    const same = this.#pending.get(key);
    if (same) same.push(request);
    else this.#pending.set(key, [request]);
    return request;
  }

  /** Somebody took it over; it fails by itself if nothing comes. */
  defer(request: TrackedRequest): DeferredRequest {
    request.deferred = true;
    request.timer ??= this.#timers.add(DEFERRED_SECONDS, () => {
      request.fail(new StanzaError({ type: "wait", condition: "recipient-unavailable" }));
      return undefined;
    });
    return request;
  }

  /**
   * An answer is about to leave or to be passed on.
   * @returns the request it answers; `"stray"` when nobody asked through here
   */
  settle(answer: Element): TrackedRequest | "stray" {
    const { from, to, id } = answer.attrs as Record<string, string | undefined>;
    const key = keyOf(to ?? "", from, id ?? "");
    const request = this.#pending.get(key)?.[0];
    if (!request) return "stray";
    request.answered = true;
    request.timer?.stop();
    this.#forget(request);
    return request;
  }

  /** Its answer was thrown away before it left. */
  reopen(request: TrackedRequest): void {
    request.answered = false;
    const same = this.#pending.get(request.key);
    if (same) same.unshift(request);
    else this.#pending.set(request.key, [request]);
    if (request.deferred) {
      request.timer = undefined;
      this.defer(request);
    }
  }

  #forget(request: TrackedRequest): void {
    const same = this.#pending.get(request.key);
    if (!same) return;
    const rest = same.filter((other) => other !== request);
    if (rest.length === 0) this.#pending.delete(request.key);
    else this.#pending.set(request.key, rest);
  }
}
