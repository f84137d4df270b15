import type { Clock } from "../timers/clock.js";
import { xml, type Element } from "../xmpp/element.js";
import { NS_PING } from "../xmpp/namespaces.js";
import { serialise } from "../xmpp/template.js";

/** What {@link LinkPings} work with. */
export interface LinkPingsOptions {
  /** Name of the component. */
  readonly host: string;
  readonly clock: Clock;
  /** Silence after which, at the latest, the server is asked whether it is there; after half of it at the earliest. */
  readonly idleMs: number;
  /** How long it may take to answer that. */
  readonly pingMs: number;
  /** Whether nothing is read at present: silence is our own doing then. */
  readonly isPaused: () => boolean;
  readonly write: (text: string) => void;
  /** The server answered. */
  readonly onPong: () => void;
  /** It did not, and sent nothing else. */
  readonly onSilent: () => void;
}

/**
 * Asks an upstream server that has been silent whether it is there; no timer is moved when something is read.
 *
 * The ping goes to ourselves, as that is the one address that is there for certain: it comes back as it went, or as an
 * error, and either shows that the server routes.
 */
export class LinkPings {
  readonly #options: LinkPingsOptions;
  /** Reads so far; the time of each is not asked for. */
  #reads = 0;
  #pingId: string | undefined;
  #timer: { cancel(): void } | undefined;

  constructor(options: LinkPingsOptions) {
    this.#options = options;
  }

  /** Something was read. */
  read(): void {
    this.#reads++;
  }

  /** Takes a stanza that is the answer to a ping. @returns whether it is */
  take({ name, attrs }: Element): boolean {
    const { host, onPong } = this.#options;
    if (this.#pingId === undefined || name !== "iq" || attrs["id"] !== this.#pingId || attrs["from"] !== host) {
      return false;
    }
    this.#pingId = undefined;
    onPong();
    return true;
  }

  /** Begins to watch. */
  start(): void {
    this.#watch(this.#options.clock.now());
  }

  /** @param silentSinceMs when something was read last, or a little before that */
  #watch(silentSinceMs: number): void {
    const { clock, idleMs, isPaused } = this.#options;
    const lookedMs = clock.now();
    const reads = this.#reads;
    this.#timer = clock.wakeAt(lookedMs + idleMs / 2, () => {
      const sinceMs = isPaused() ? clock.now() : this.#reads > reads ? lookedMs : silentSinceMs;
      if (clock.now() - sinceMs < idleMs) this.#watch(sinceMs);
      else this.#ping();
    });
  }

  /** Watches no more. */
  stop(): void {
    this.#timer?.cancel();
  }

  #ping(): void {
    const { clock, host, isPaused, onSilent, pingMs, write } = this.#options;
    const askedMs = clock.now();
    const reads = this.#reads;
    this.#pingId = `ping-${askedMs.toString(36)}`;
    write(serialise(xml("iq", { type: "get", id: this.#pingId, from: host, to: host }, xml("ping", NS_PING))));
    this.#timer = clock.wakeAt(askedMs + pingMs, () => {
      if (isPaused()) this.#watch(clock.now());
      else if (this.#reads > reads) this.#watch(askedMs);
      else onSilent();
    });
  }
}
