import { CONFUSABLES } from "./data.js";
import { readTable } from "./table.js";

let prototypes: ReadonlyMap<string, string> | undefined;

/** The skeleton of a text (UTS #39 §4): texts that look alike have the same one. Not for display. */
export function skeleton(text: string): string {
  const table = (prototypes ??= readTable(CONFUSABLES));
  const seen = text.normalize("NFD").replace(/\p{Default_Ignorable_Code_Point}/gu, "");
  return [...seen]
    .map((character) => table.get(character) ?? character)
    .join("")
    .normalize("NFD");
}

/**
 * What of a nick can be seen: without what formats or shows nothing, and with single blanks between words. Blanks are also
 * what only looks like one, such as the empty Braille pattern.
 */
export function visible(nick: string): string {
  return nick
    .replace(/[\s\p{Z}\u2800\u{1D159}]+/gu, " ")
    .replace(/[\p{Cf}\p{Cc}\p{Default_Ignorable_Code_Point}]/gu, "")
    .replace(/ +/g, " ")
    .trim();
}

/**
 * Keys of a nick: two nicks look alike if one of the keys of both is the same. One is made with case folded before, so
 * that `admin` is `ADMIN`; one after, since `I` looks like `l` and `i` does not.
 */
export function keysOf(nick: string): readonly [folded: string, shown: string] {
  const seen = visible(nick);
  return [`f:${skeleton(seen.toLowerCase())}`, `s:${skeleton(skeleton(seen).toLowerCase())}`];
}
