import { decodeUtf8, misshapen, TextError } from "./text-error.js";

/**
 * A value of Erlang. Lists are arrays, and so are strings, of their code points, as in Erlang; a binary is its bytes;
 * integers that a `number` cannot hold are `bigint`.
 */
export type Term = number | bigint | Atom | Uint8Array | Tuple | readonly Term[] | ImproperList | TermMap | Opaque;

export class Atom {
  constructor(readonly name: string) {}
}

export class Tuple {
  constructor(readonly items: readonly Term[]) {}
}

/** A list whose end is not the empty list: `[1, 2 | 3]`. */
export class ImproperList {
  constructor(
    readonly items: readonly Term[],
    readonly tail: Term,
  ) {}
}

/** A map, its entries in the order in which they were written. */
export class TermMap {
  constructor(readonly entries: readonly (readonly [key: Term, value: Term])[]) {}
}

/** What can be printed and means nothing anywhere else: a process, a reference, a function, bits that make no bytes. */
export class Opaque {
  constructor(readonly text: string) {}
}

/** Name of an atom, or `undefined` for other terms. */
export function atomOf(term: Term | undefined): string | undefined {
  return term instanceof Atom ? term.name : undefined;
}

/** Items of a tuple, or `undefined` for other terms. @param size it has; default: any */
export function itemsOf(term: Term | undefined, size?: number): readonly Term[] | undefined {
  return term instanceof Tuple && (size === undefined || term.items.length === size) ? term.items : undefined;
}

/** Items of a list. @throws TextError for other terms */
export function listOf(term: Term | undefined): readonly Term[] {
  if (Array.isArray(term)) return term as readonly Term[];
  throw misshapen("expected a list");
}

export function isBinary(term: Term | undefined): term is Uint8Array {
  return term instanceof Uint8Array;
}

/** Text of a binary in UTF-8, or of a string. @throws TextError for other terms */
export function textOf(term: Term | undefined): string {
  if (isBinary(term)) return decodeUtf8(term);
  if (Array.isArray(term) && term.every((code) => typeof code === "number" && code >= 0 && code <= 0x10ffff)) {
    return String.fromCodePoint(...(term as readonly number[]));
  }
  throw misshapen("expected text");
}

/** What follows is wrong at this place of the text. */
export function syntaxError(what: string, at: number): TextError {
  return new TextError("EJABBERD_SYNTAX", what, at);
}
