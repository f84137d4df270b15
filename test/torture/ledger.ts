/** What clients have been told of a service, and what it may be found to hold after a crash. */

/** One thing that changes as a whole: the value last acknowledged, and the one that is asked for and not answered. */
interface Cell {
  known: string | undefined;
  pending: { readonly value: string | undefined } | undefined;
}

/**
 * Cells by name, each with one change under way at most. A value stands for everything that must change together, the
 * whole of a form or all items of a request: a half of it is a value that nobody asked for. `undefined` is nothing.
 */
export class Ledger {
  readonly #cells = new Map<string, Cell>();
  #differences: string[] = [];
  /** Changes that were acknowledged. */
  acknowledged = 0;

  /** What was found that should not be, since this was last asked. */
  takeDifferences(): string[] {
    const differences = this.#differences;
    this.#differences = [];
    return differences;
  }

  /** Notes something that should not be. */
  report(difference: string): void {
    this.#differences.push(difference);
  }

  known(cell: string): string | undefined {
    return this.#cells.get(cell)?.known;
  }

  /** Whether a change of it has been asked for, and not been answered. */
  isPending(cell: string): boolean {
    return this.#cells.get(cell)?.pending !== undefined;
  }

  /** A change is asked for. */
  ask(cell: string, value: string | undefined): void {
    const entry = this.#cells.get(cell) ?? { known: undefined, pending: undefined };
    if (entry.pending !== undefined) throw new TypeError(`${cell}: a change is under way already`);
    entry.pending = { value };
    this.#cells.set(cell, entry);
  }

  /** Somebody was told that a change is done. Nothing, if it is not the one under way: others are told the same. */
  told(cell: string, value: string | undefined): void {
    const entry = this.#cells.get(cell);
    if (entry?.pending === undefined || entry.pending.value !== value) return;
    entry.known = value;
    entry.pending = undefined;
    this.acknowledged++;
  }

  /** A change was refused: what was there before is still there. None here should be. */
  refused(cell: string, why: string): void {
    const entry = this.#cells.get(cell);
    if (entry) entry.pending = undefined;
    this.report(`${cell}: refused: ${why}`);
  }

  /** What is there now, after a crash: what was told, or what was asked for and not answered. */
  found(cell: string, value: string | undefined): void {
    const entry = this.#cells.get(cell);
    const { known, pending } = entry ?? {};
    if (value !== known && !(pending && value === pending.value)) {
      const asked = pending ? `, asked for and not answered: ${shown(pending.value)}` : "";
      this.report(`${cell}: told: ${shown(known)}${asked}; found: ${shown(value)}`);
    }
    this.#cells.set(cell, { known: value, pending: undefined });
  }

  /** Names of the cells that begin so. */
  names(prefix: string): string[] {
    return [...this.#cells.keys()].filter((name) => name.startsWith(prefix));
  }
}

function shown(value: string | undefined): string {
  return value ?? "nothing";
}
