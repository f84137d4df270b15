/**
 * Keys of records: tuples of strings and `null`, as bytes whose order is that of the tuples, part by part, in code-point
 * order, with `null` before every string. No two tuples share a key, whatever their strings hold, and the key of a tuple
 * is a prefix of the keys of exactly those tuples that begin with it.
 *
 * A string is `02`, its UTF-8 with `00` written as `00 FF`, and `00`; `null` is `01`. What follows a whole part is
 * therefore `01`, `02` or the end. A surrogate without its pair, which UTF-8 has no form for, is written as the three
 * bytes of its number (WTF-8), so that two strings which differ only there stay apart.
 */
export type KeyPart = string | null;

const NULL = 0x01;
const STRING = 0x02;
const PAST_STRING = 0x03;
const LONE_SURROGATE = /\p{Surrogate}/u;
const SURROGATE_BYTES = 0xed;

/** The key of a tuple. */
export function encodeKey(parts: readonly KeyPart[]): Buffer {
  return Buffer.concat(parts.map(encodePart));
}

/** The key of the tuple that `prefix` is the key of, with one part more. */
export function extendKey(prefix: Buffer, part: KeyPart): Buffer {
  return (part === null ? undefined : extendPlain(prefix, part)) ?? Buffer.concat([prefix, encodePart(part)]);
}

/** The same for a string that is written as it is, as nearly all are: ASCII, without `00`. */
function extendPlain(prefix: Buffer, text: string): Buffer | undefined {
  const key = Buffer.allocUnsafe(prefix.length + text.length + 2);
  key.set(prefix);
  let to = prefix.length;
  key[to++] = STRING;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 0 || code > 0x7f) return undefined;
    key[to++] = code;
  }
  key[to] = 0;
  return key;
}

/** The first key past every tuple that begins with the one that `prefix` is the key of. */
export function pastKey(prefix: Buffer): Buffer {
  return Buffer.concat([prefix, Buffer.of(PAST_STRING)]);
}

/** The tuple of a key that {@link encodeKey} made. */
export function decodeKey(key: Uint8Array): KeyPart[] {
  const bytes = Buffer.from(key.buffer, key.byteOffset, key.byteLength);
  const parts: KeyPart[] = [];
  for (let at = 0; at < bytes.length;) {
    if (bytes[at] === NULL) {
      parts.push(null);
      at++;
      continue;
    }
    if (bytes[at] !== STRING) throw new RangeError(`not a key of this store: ${bytes.toString("hex")}`);
    let end = bytes.indexOf(0, at + 1);
    while (end !== -1 && bytes[end + 1] === 0xff) end = bytes.indexOf(0, end + 2);
    if (end === -1) throw new RangeError(`not a key of this store: ${bytes.toString("hex")}`);
    parts.push(decodeText(bytes.subarray(at + 1, end)));
    at = end + 1;
  }
  return parts;
}

/** Orders strings as their keys are ordered: by code point, which is not JavaScript's order past U+FFFF. */
export function compareCodePoints(a: string, b: string): number {
  return Buffer.compare(encodeText(a), encodeText(b));
}

function encodePart(part: KeyPart): Buffer {
  if (part === null) return Buffer.of(NULL);
  const text = encodeText(part);
  if (!text.includes(0)) {
    const out = Buffer.allocUnsafe(text.length + 2);
    out[0] = STRING;
    text.copy(out, 1);
    out[text.length + 1] = 0;
    return out;
  }
  const bytes: number[] = [STRING];
  for (const byte of text) {
    bytes.push(byte);
    if (byte === 0) bytes.push(0xff);
  }
  bytes.push(0);
  return Buffer.from(bytes);
}

function encodeText(text: string): Buffer {
  if (!LONE_SURROGATE.test(text)) return Buffer.from(text, "utf8");
  const pieces: Buffer[] = [];
  for (const character of text) {
    const code = character.charCodeAt(0);
    pieces.push(
      LONE_SURROGATE.test(character)
        ? Buffer.of(0xe0 | (code >> 12), 0x80 | ((code >> 6) & 0x3f), 0x80 | (code & 0x3f))
        : Buffer.from(character, "utf8"),
    );
  }
  return Buffer.concat(pieces);
}

function decodeText(escaped: Buffer): string {
  const bytes = escaped.includes(0) ? unescape(escaped) : escaped;
  let text = "";
  let from = 0;
  for (let at = bytes.indexOf(SURROGATE_BYTES); at !== -1; at = bytes.indexOf(SURROGATE_BYTES, at + 1)) {
    const second = bytes[at + 1] ?? 0;
    const third = bytes[at + 2] ?? 0;
    if (second < 0xa0) continue; // an ordinary character, U+D000 to U+D7FF
    text += bytes.toString("utf8", from, at) + String.fromCharCode(0xd000 | ((second & 0x3f) << 6) | (third & 0x3f));
    from = at + 3;
  }
  return text + bytes.toString("utf8", from);
}

function unescape(escaped: Buffer): Buffer {
  const bytes: number[] = [];
  for (let at = 0; at < escaped.length; at++) {
    const byte = escaped[at] ?? 0;
    bytes.push(byte);
    if (byte === 0) at++;
  }
  return Buffer.from(bytes);
}
