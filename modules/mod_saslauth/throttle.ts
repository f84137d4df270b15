/** Failures that cost nothing: people mistype. */
const FREE = 3;
const LONGEST_SECONDS = 16;
/** A peer that fails no more is forgotten after that time. */
const FORGET_SECONDS = 300;
/** Peers remembered; the oldest go first, so that a flood of addresses cannot fill the memory. */
const MAX_PEERS = 10_000;

/** Slows down who guesses passwords: the answer to a failed attempt waits longer each time, by address of the peer. */
export class LoginThrottle {
  readonly #failures = new Map<string, { count: number; at: number }>();
  readonly #now: () => number;

  /** @param now seconds */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Notes a failure. @returns seconds to wait before telling it */
  failed(peer: string): number {
    const before = this.#failures.get(peer);
    const now = this.#now();
    const count = before && now - before.at < FORGET_SECONDS ? before.count + 1 : 1;
    this.#failures.delete(peer);
    this.#failures.set(peer, { count, at: now });
    if (this.#failures.size > MAX_PEERS) this.#failures.delete(this.#failures.keys().next().value as string);
    return count <= FREE ? 0 : Math.min(2 ** (count - FREE - 1), LONGEST_SECONDS);
  }

  succeeded(peer: string): void {
    this.#failures.delete(peer);
  }
}
