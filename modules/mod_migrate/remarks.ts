/** Something that did not come over as it was. */
export interface Remark {
  /** `lost`: it is not there; `left`: it was left out on purpose; `note`: it is there, and somebody should know this. */
  readonly kind: "lost" | "left" | "note";
  readonly file: string;
  /** Which record of the file: a room, a user, a JID, a number. */
  readonly record: string | undefined;
  readonly reason: string;
}

const KINDS = ["lost", "left", "note"] as const satisfies readonly Remark["kind"][];

/** Remarks of a kind that are told one by one. */
const TOLD = 100;

/**
 * What there is to say of a store: so many of each kind as a person reads, and how many more there were, as a damaged
 * archive may have a million of them.
 */
export class Remarks implements Iterable<Remark> {
  readonly #told: Remark[] = [];
  readonly #counts: Record<Remark["kind"], number> = { lost: 0, left: 0, note: 0 };

  push(...remarks: readonly Remark[]): void {
    for (const remark of remarks) {
      if (this.#counts[remark.kind]++ < TOLD) this.#told.push(remark);
    }
  }

  /** How many there were of a kind, those that are not told included. */
  count(kind: Remark["kind"]): number {
    return this.#counts[kind];
  }

  /** How many there were of each kind beyond those that are told; kinds without such are not there. */
  get more(): Partial<Record<Remark["kind"], number>> {
    const beyond = KINDS.map((kind) => [kind, this.#counts[kind] - TOLD] as const);
    return Object.fromEntries(beyond.filter(([, count]) => count > 0));
  }

  /** For people. */
  *lines(): Generator<string> {
    for (const { kind, file, record, reason } of this.#told) {
      yield `${kind}: ${record === undefined ? file : `${file}: ${record}`}: ${reason}`;
    }
    for (const [kind, count] of Object.entries(this.more)) yield `${kind}: and ${count} more`;
  }

  [Symbol.iterator](): Iterator<Remark> {
    return this.#told[Symbol.iterator]();
  }
}
