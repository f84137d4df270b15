/** How many strings are known at most, a power of two. */
const PLACES = 512;
/** Bytes of a place: the first says of what kind the string is, and how long, and the others are the string. */
const ROOM = 64;
/** How many places a string may have, one after the other. */
const CHOICE = 4;

/**
 * Strings that come again and again, such as names, found by the bytes they are written in: to read one that is known
 * makes no string and checks nothing. Each has its place by what is in it, and stays there until that is wanted for
 * another one, so that what peers make up does not fill the memory.
 */
export class KnownStrings {
  readonly #kinds: readonly RegExp[];
  readonly #strings: string[] = new Array<string>(PLACES).fill("");
  readonly #bytes = new Uint8Array(PLACES * ROOM);

  /** @param kinds which strings there are of each kind: of ASCII alone, and none that is empty; three kinds at most */
  constructor(kinds: readonly RegExp[]) {
    this.#kinds = kinds;
  }

  /**
   * The string that is written there; empty when there is none such of that kind.
   * @param text the bytes as Latin-1
   * @param hash a number that follows from the bytes of the string, zero or above
   */
  get(kind: number, bytes: Uint8Array, text: string, start: number, end: number, hash: number): string {
    const length = end - start;
    const head = headOf(kind, length);
    const known = this.#bytes;
    for (let place = hash; place < hash + CHOICE; place++) {
      const first = (place & (PLACES - 1)) * ROOM;
      if (known[first] !== head) continue;
      let index = 0;
      while (index < length && known[first + 1 + index] === bytes[start + index]) index++;
      if (index === length) return this.#strings[place & (PLACES - 1)] as string;
    }
    return this.#learn(kind, text.slice(start, end), hash);
  }

  #learn(kind: number, string: string, hash: number): string {
    if (!this.#kinds[kind]?.test(string)) return "";
    // The key is a string of its own; a slice would keep all of the text.
    const [own = ""] = Object.keys({ [string]: "" });
    if (own.length >= ROOM) return own;
    const places = Array.from({ length: CHOICE }, (_, index) => (hash + index) & (PLACES - 1));
    const place = places.find((each) => this.#strings[each] === "") ?? hash & (PLACES - 1);
    this.#strings[place] = own;
    this.#bytes[place * ROOM] = headOf(kind, own.length);
    this.#bytes.set(Buffer.from(own), place * ROOM + 1);
    return own;
  }
}

/** The first byte of a place; of what is too long for any, nothing that a byte can be. */
function headOf(kind: number, length: number): number {
  return length < ROOM ? (kind + 1) * ROOM + length : -1;
}
