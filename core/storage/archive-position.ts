/** Where entries of an archive are: text that sorts as they do, by time and then by a stamp. */

/** Digits of a time in a position. */
export const TIME_LENGTH = 16;
/** Past every digit, for the end of a time that is included. */
export const PAST_DIGITS = "~";

/** To look at the bits of a number. */
const double = new DataView(new ArrayBuffer(8));
const SIGN = 0x8000_0000;
/** Much is archived in the same millisecond. */
let latest = { seconds: NaN, text: "" };

/** Where an entry is among those of its user: sorts as times do, then by `stamp`. */
export function positionOf(when: number, stamp: string): string {
  return timeText(when) + stamp;
}

/** An id that {@link archiveIds} makes: its first part is a time. */
const MADE_ID = /^([0-9a-f]{8})-([0-9a-f]{4})-(7[0-9a-f]{3})-([89ab][0-9a-f]{3})-([0-9a-f]{12})$/;

/**
 * Where an entry is whose id the store has made, and whose time is that of its id, as nearly all are; so that no record
 * has to tell. `undefined` for ids that are made otherwise. An entry that is there may still be another's.
 */
export function positionById(id: string): string | undefined {
  const parts = MADE_ID.exec(id)?.slice(1);
  if (!parts) return undefined;
  return positionOf(parseInt(parts.slice(0, 2).join(""), 16) / 1000, parts.join(""));
}

/** A time as a position begins with it: hexadecimal digits that sort as the numbers do: IEEE 754's own order, with the sign turned around. */
export function timeText(seconds: number): string {
  if (seconds === latest.seconds) return latest.text;
  double.setFloat64(0, seconds + 0);
  const high = double.getInt32(0);
  const low = double.getInt32(4);
  const text = high < 0 ? digits(~high) + digits(~low) : digits(high | SIGN) + digits(low);
  latest = { seconds, text };
  return text;
}

function digits(bits: number): string {
  return (bits >>> 0).toString(16).padStart(8, "0");
}

/** The time of a position, in unix seconds. */
export function timeOf(position: string): number {
  const bytes = Buffer.from(position.slice(0, TIME_LENGTH), "hex");
  const isNegative = (bytes[0] ?? 0) < 0x80;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] ?? 0;
    if (isNegative) bytes[at] = ~byte & 0xff;
    else if (at === 0) bytes[at] = byte & 0x7f;
  }
  return bytes.readDoubleBE();
}
