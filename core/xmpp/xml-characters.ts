/** Characters of XML as they stand in bytes: of several in UTF-8 each, or referred to. */

const TAB = 0x09;
const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const NUMBER_SIGN = 0x23;
const SEMICOLON = 0x3b;

/** What is longer is written in an odd way: `&#x10FFFF;`, from its "&" to its ";". */
const LONGEST_REFERENCE = 9;
const NUMBER = /^#(?:x([0-9A-Fa-f]{1,6})|([0-9]{1,7}))$/;

/** The ";" of the reference that starts there; -1 when there is none that near. */
export function endOfReference(bytes: Uint8Array, start: number): number {
  const last = Math.min(start + LONGEST_REFERENCE, bytes.length - 1);
  for (let at = start + 1; at <= last; at++) if (bytes[at] === SEMICOLON) return at;
  return -1;
}

/** The last byte of a character of several; -1 when it is none of UTF-8, or none that is allowed. */
export function endOfCharacter(bytes: Uint8Array, at: number): number {
  const first = bytes[at] as number;
  if (first < 0xc2 || first > 0xf4) return -1;
  const length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  let code = first & (0x7f >> length);
  for (let index = 1; index < length; index++) {
    const next = bytes[at + index] as number;
    if ((next & 0xc0) !== 0x80) return -1;
    code = (code << 6) | (next & 0x3f);
  }
  const isShortest = code >= (length === 2 ? 0x80 : length === 3 ? 0x800 : 0x10000);
  return isShortest && isCharacter(code) ? at + length - 1 : -1;
}

/** Whether XML 1.0 §2.2 has that character. */
function isCharacter(code: number): boolean {
  if (code < SPACE) return code === TAB || code === LF || code === CR;
  return code < 0xd800 || (code > 0xdfff && code <= 0x10ffff && code !== 0xfffe && code !== 0xffff);
}

/** The character that a reference stands for whose name, or number, is there; `undefined` when it stands for none. */
export function referredCharacter(bytes: Uint8Array, start: number, end: number): string | undefined {
  if (bytes[start] === NUMBER_SIGN) return numbered(String.fromCharCode(...bytes.subarray(start, end)));
  // The 1 in front tells how long the name is: a NUL at its beginning would add nothing.
  let name = 1;
  for (let at = start; at < end; at++) name = name * 256 + (bytes[at] as number);
  switch (name) {
    case 0x16c74:
      return "<";
    case 0x16774:
      return ">";
    case 0x1616d70:
      return "&";
    case 0x171756f74:
      return '"';
    case 0x161706f73:
      return "'";
    default:
      return undefined;
  }
}

function numbered(name: string): string | undefined {
  const [, hexadecimal, decimal = ""] = NUMBER.exec(name) ?? [];
  const code = hexadecimal === undefined ? Number.parseInt(decimal, 10) : Number.parseInt(hexadecimal, 16);
  return isCharacter(code) ? String.fromCodePoint(code) : undefined;
}
