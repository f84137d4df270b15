import {
  CASE_FOLDING_EXPANSIONS,
  CASE_FOLDING_RUNS,
  LEFT_TO_RIGHT,
  MAPPED_TO_NOTHING,
  PROHIBITED,
  RIGHT_TO_LEFT,
  UNASSIGNED,
} from "./stringprep-tables.js";

/** What tells one profile of stringprep from another. */
export interface StringprepProfile {
  /** Maps upper case to lower case (RFC 3454 table B.2). */
  readonly foldsCase: boolean;
  /** ASCII characters it refuses, beside the prohibited tables. */
  readonly refusedAscii: RegExp;
}

/** Ranges of code points: start and end in turn, ascending, so that one binary search tells inside from outside. */
type CodePointSet = Uint32Array;

function parseSet(text: string): CodePointSet {
  const bounds: number[] = [];
  for (const range of text.trim().split(/\s+/)) {
    const [first = "", last = first] = range.split("-");
    bounds.push(Number.parseInt(first, 16), Number.parseInt(last, 16) + 1);
  }
  return Uint32Array.from(bounds);
}

function contains(set: CodePointSet, codePoint: number): boolean {
  let low = 0;
  let high = set.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((set[middle] as number) <= codePoint) low = middle + 1;
    else high = middle;
  }
  return (low & 1) === 1;
}

function parseFolding(): Map<number, string> {
  const folding = new Map<number, string>();
  for (const run of CASE_FOLDING_RUNS.trim().split(/\s+/)) {
    const [, first = "", last = first, step = "1", target = ""] =
      /^([^-/:]+)(?:-([^/:]+))?(?:\/(\d))?:(.+)$/.exec(run) ?? [];
    const start = Number.parseInt(first, 16);
    const offset = Number.parseInt(target, 16) - start;
    for (let at = start; at <= Number.parseInt(last, 16); at += Number(step)) {
      folding.set(at, String.fromCodePoint(at + offset));
    }
  }
  for (const expansion of CASE_FOLDING_EXPANSIONS.trim().split(/\s+/)) {
    const [from = "", to = ""] = expansion.split(":");
    folding.set(
      Number.parseInt(from, 16),
      String.fromCodePoint(...to.split(",").map((hex) => Number.parseInt(hex, 16))),
    );
  }
  return folding;
}

/** Built at the first name that is not plain ASCII: many a service never sees one. */
let tables: ReturnType<typeof buildTables> | undefined;

function buildTables() {
  return {
    unassigned: parseSet(UNASSIGNED),
    nothing: parseSet(MAPPED_TO_NOTHING),
    prohibited: parseSet(PROHIBITED),
    rightToLeft: parseSet(RIGHT_TO_LEFT),
    leftToRight: parseSet(LEFT_TO_RIGHT),
    folding: parseFolding(),
  };
}

/**
 * Prepares text by a profile of stringprep (RFC 3454 §2): map, normalise, prohibit, check the direction of writing.
 *
 * Normalisation (NFKC) leaves alone what Unicode 3.2 does not assign, as ICU does, so that a later Unicode gives no
 * other result.
 * @param strict refuses code points that Unicode 3.2 does not assign (a "stored string"); lenient keeps them (a "query")
 * @returns `undefined` when the text is refused
 */
export function stringprep(text: string, profile: StringprepProfile, strict: boolean): string | undefined {
  tables ??= buildTables();
  let prepared = "";
  let assigned = ""; // what awaits normalisation
  for (const char of text) {
    const codePoint = char.codePointAt(0) as number;
    if (contains(tables.nothing, codePoint)) continue;
    if (!contains(tables.unassigned, codePoint)) {
      assigned += (profile.foldsCase && tables.folding.get(codePoint)) || char;
      continue;
    }
    if (strict) return undefined;
    prepared += assigned.normalize("NFKC") + char;
    assigned = "";
  }
  prepared += assigned.normalize("NFKC");
  return isAllowed(prepared, profile, tables) ? prepared : undefined;
}

function isAllowed(
  text: string,
  profile: StringprepProfile,
  { prohibited, ...sets }: ReturnType<typeof buildTables>,
): boolean {
  if (profile.refusedAscii.test(text)) return false;
  let first: number | undefined;
  let last = 0;
  let hasRightToLeft = false;
  let hasLeftToRight = false;
  for (const char of text) {
    last = char.codePointAt(0) as number;
    first ??= last;
    if (contains(prohibited, last)) return false;
    hasRightToLeft ||= contains(sets.rightToLeft, last);
    hasLeftToRight ||= contains(sets.leftToRight, last);
  }
  // RFC 3454 §6: right-to-left text has no left-to-right character in it, and begins and ends with its own.
  if (!hasRightToLeft) return true;
  return !hasLeftToRight && contains(sets.rightToLeft, first as number) && contains(sets.rightToLeft, last);
}
