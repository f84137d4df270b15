/** What the large archive consists of: numbered messages, one a second. */

export const ARCHIVE_ROOM = "archive";
/** When its first message was sent, unix seconds. */
export const ARCHIVE_BEGINS = Date.UTC(2026, 0, 1) / 1000;

export function messageId(number: number): string {
  return `id-${String(number).padStart(9, "0")}`;
}

/** 100 bytes that begin with the number. */
export function messageBody(number: number): string {
  return String(number).padStart(9, "0").padEnd(100, " is its number");
}
