import type { StreamParser } from "../xmpp/stream-parser.js";

/** A time that is waited for. */
export interface Wait {
  /** It is waited for no more. */
  cancel(): void;
}

/** What a {@link StanzaDeadline} works with. */
export interface StanzaDeadlineOptions {
  /** Calls `fn` when a stanza has had its time. */
  readonly wait: (fn: () => void) => Wait;
  /** A stanza is still not whole; called once. */
  readonly onLate: () => void;
}

/**
 * Bounds how long a peer may take over one stanza: who sends half of it and then nothing, or a byte now and then, looks
 * alive for ever otherwise. No timer is moved while whole stanzas come.
 */
export class StanzaDeadline {
  readonly #options: StanzaDeadlineOptions;
  #wait: Wait | undefined;
  #isPaused = false;
  /** Nothing was read for some of the time: that is our own doing. */
  #wasPaused = false;

  constructor(options: StanzaDeadlineOptions) {
    this.#options = options;
  }

  /** Something was read. @param parser which has read it */
  read(parser: StreamParser): void {
    if (this.#wait || !parser.isWithinStanza) return;
    const before = parser.stanzasRead;
    this.#wait = this.#options.wait(() => {
      this.#wait = undefined;
      if (!parser.isWithinStanza) return;
      if (parser.stanzasRead === before && !this.#wasPaused) {
        this.#options.onLate();
        return;
      }
      this.#wasPaused = this.#isPaused;
      this.read(parser);
    });
  }

  /** Nothing is read until {@link resume}. */
  pause(): void {
    this.#isPaused = this.#wasPaused = true;
  }

  /** What is still missing has all its time. */
  resume(): void {
    this.#isPaused = false;
  }

  /** Nothing more is expected. */
  stop(): void {
    this.#wait?.cancel();
    this.#wait = undefined;
  }
}
