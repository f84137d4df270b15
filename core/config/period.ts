const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Seconds of a unit by its unambiguous beginnings; the longer is tried first. */
const UNITS: readonly (readonly [beginning: string, seconds: number])[] = [
  ["mon", 31 * DAY],
  ["min", MINUTE],
  ["s", 1],
  ["h", HOUR],
  ["d", DAY],
  ["w", 7 * DAY],
  ["y", 365.2425 * DAY],
];

/** Beginnings that leave the unit open, as Prosody reads them: `5m` is five months. */
const AMBIGUOUS: Readonly<Record<string, number>> = { "": 1, m: 31 * DAY, mo: 31 * DAY, mi: MINUTE };

/** A period, and whether its unit had to be guessed. */
export interface ReadPeriod {
  readonly seconds: number;
  readonly isAmbiguous: boolean;
}

/** Reads a period that may leave its unit open; `undefined` when it is none. */
export function readPeriod(value: string | number): ReadPeriod | undefined {
  if (typeof value === "number") return { seconds: value < 0 ? Infinity : value, isAmbiguous: false };
  if (value === "never") return { seconds: Infinity, isAmbiguous: false };
  const [, amount, unit = ""] = /^\s*(\d+)\s*([a-z]*)\s*$/.exec(value.toLowerCase()) ?? [];
  if (amount === undefined) return undefined;
  const known = UNITS.find(([beginning]) => unit.startsWith(beginning));
  if (known) return { seconds: Number(amount) * known[1], isAmbiguous: false };
  const guess = AMBIGUOUS[unit];
  return guess === undefined ? undefined : { seconds: Number(amount) * guess, isAmbiguous: true };
}

/**
 * Seconds of a period as options give it: a number of seconds, `"2 weeks"`, `"never"` (`Infinity`, as are negative
 * numbers). Units are recognised by their beginning: `s`, `min`, `h`, `d`, `w`, `mon` (31 days), `y` (365.2425 days).
 *
 * @returns `undefined` for anything else, strings without a clear unit (`5m`, `90`) included
 */
export function parsePeriod(value: string | number): number | undefined {
  const read = readPeriod(value);
  return read === undefined || read.isAmbiguous ? undefined : read.seconds;
}
