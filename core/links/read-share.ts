/** What one peer may send in a turn of the event loop before others go on, in bytes: what one read brings. */
const SHARE_BYTES = 65_536;
/** A smaller read has emptied the socket: nothing follows at once. It is that of a TLS record. */
const LARGE_READ = 8_192;

/** What a {@link ReadShare} works with. */
export interface ReadShareOptions {
  /** Reads no more. */
  readonly pause: () => void;
  /** The next turn has come: it may be read on. */
  readonly resume: () => void;
}

/**
 * Bounds what is read from one peer in a turn of the event loop: of one who sends faster than it is handled, Node reads
 * up to 2 MiB before anybody else is looked at.
 */
export class ReadShare {
  readonly #options: ReadShareOptions;
  #bytes = 0;

  constructor(options: ReadShareOptions) {
    this.#options = options;
  }

  /** Whether the share of this turn is used up. */
  get isUsedUp(): boolean {
    return this.#bytes >= SHARE_BYTES;
  }

  /** So many bytes were read, and handled. */
  read(bytes: number): void {
    if (bytes < LARGE_READ) return;
    if (this.#bytes === 0) {
      setImmediate(() => {
        const { isUsedUp } = this;
        this.#bytes = 0;
        if (isUsedUp) this.#options.resume();
      });
    }
    this.#bytes += bytes;
    if (this.isUsedUp) this.#options.pause();
  }
}
