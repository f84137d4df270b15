import { createHmac, timingSafeEqual } from "node:crypto";

/** Names of the headers that a webhook bears. */
export const HEADERS = { id: "chorus-event-id", timestamp: "chorus-timestamp", signature: "chorus-signature" } as const;

/** Signature of a body sent at that time: HMAC-SHA256 over `TIMESTAMP.BODY`, in hexadecimal. @param timestamp unix seconds */
export function sign(secret: string, timestamp: number, body: string): string {
  return `v1=${createHmac("sha256", secret).update(`${timestamp}.${body}`).digest("hex")}`;
}

/**
 * What a receiver does with a request before it believes it: for copying.
 * @param nowSeconds the receiver's time
 * @param windowSeconds how old a request may be, and how far ahead its clock: beyond that it may be a replay
 */
export function verify(
  secret: string,
  headers: Readonly<Record<string, string | string[] | undefined>>,
  body: string,
  nowSeconds: number,
  windowSeconds = 300,
): boolean {
  const timestamp = Number(headers[HEADERS.timestamp]);
  if (!(Math.abs(nowSeconds - timestamp) <= windowSeconds)) return false;
  const expected = Buffer.from(sign(secret, timestamp, body));
  const given = Buffer.from(String(headers[HEADERS.signature]));
  return given.length === expected.length && timingSafeEqual(given, expected);
}
