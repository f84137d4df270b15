const PATTERN = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:\.(\d+))?(Z|[+-]\d{2}:\d{2})$/;
const MICROS = 1_000_000;

/** A time as XEP-0082 writes it, as fine as it is known, down to microseconds. @param seconds unix time */
export function formatStamp(seconds: number): string {
  const micros = Math.floor(seconds * MICROS + 0.001);
  const whole = Math.floor(micros / MICROS);
  const date = new Date(whole * 1000).toISOString().slice(0, 19);
  const fraction = String(micros - whole * MICROS).padStart(6, "0");
  return `${date}.${fraction.endsWith("000") ? fraction.slice(0, 3) : fraction}Z`;
}

/**
 * Reads a time of XEP-0082 without losing what {@link formatStamp} wrote: `parseDateTime` stops at milliseconds.
 * @returns unix seconds; `undefined` when it is none
 */
export function parseStamp(text: string): number | undefined {
  const [, date, fraction = "", zone] = PATTERN.exec(text) ?? [];
  if (date === undefined || zone === undefined) return undefined;
  const whole = Date.parse(date + zone);
  if (Number.isNaN(whole)) return undefined;
  return (whole * 1000 + Number(fraction.slice(0, 6).padEnd(6, "0"))) / MICROS;
}

/** The latest moment that is still written as this one: an entry matches a query that ends at its own stamp. */
export function endOfStamp(seconds: number): number {
  return (Math.round(seconds * MICROS) + 0.999) / MICROS;
}
