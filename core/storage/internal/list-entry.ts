import { positionOf } from "../archive-position.js";

/** Digits of a stamp. */
const STAMP_LENGTH = 32;

/** Where a message of a list stands. */
export interface ListEntry {
  readonly id: string;
  readonly when: number;
  /** Among entries of the same time, the earlier: its number in the file, or digits that sort after any number. */
  readonly stamp: number | string;
  readonly offset: number;
  readonly length: number;
}

/** Where an entry is, as `RecordArchiveStore` names it. */
export function positionIn({ when, stamp }: ListEntry): string {
  return positionOf(when, digitsOf(stamp));
}

/** Puts entries in order: of time, and of those of the same time, of their stamps. */
export function sorted(entries: ListEntry[]): ListEntry[] {
  return entries.sort((a, b) => a.when - b.when || compareStamps(a.stamp, b.stamp));
}

function compareStamps(a: number | string, b: number | string): number {
  if (typeof a === "number" && typeof b === "number") return a - b;
  return digitsOf(a) < digitsOf(b) ? -1 : 1;
}

function digitsOf(stamp: number | string): string {
  return typeof stamp === "string" ? stamp : stamp.toString(16).padStart(STAMP_LENGTH, "0");
}
