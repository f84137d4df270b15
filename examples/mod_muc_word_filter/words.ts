import { childElements, isElement, type Element } from "chorus-muc";

/** A word as people see it; characters that nobody sees (soft hyphens, joiners) are part of it. */
const WORD = /[\p{L}\p{M}\p{N}\p{Cf}]+/gu;

/** What readers take for the same word is the same: case, also where it changes the length (ß), and looks (ﬁ, wide). */
function fold(word: string): string {
  return word
    .replace(/\p{Cf}/gu, "")
    .normalize("NFKC")
    .toUpperCase()
    .toLowerCase();
}

/** Words that are not welcome. Looking a message over takes time in proportion to its length, whatever is listed. */
export class WordList {
  readonly #words: ReadonlySet<string>;

  /** @param text one word on a line; `#` begins a comment */
  constructor(text: string) {
    const lines = text.split(/\r?\n/).map((line) => fold(line.replace(/#.*/, "").trim()));
    this.#words = new Set(lines.filter((line) => line !== ""));
  }

  get size(): number {
    return this.#words.size;
  }

  isIn(text: string): boolean {
    return (text.match(WORD) ?? []).some((word) => this.#words.has(fold(word)));
  }

  /** The text with an asterisk for each character of such words. */
  mask(text: string): string {
    return text.replace(WORD, (word) => (this.#words.has(fold(word)) ? "*".repeat([...word].length) : word));
  }
}

/** What of a message is text for readers: in several languages, perhaps, and perhaps formatted (XEP-0071). */
function readable(message: Element): Element[] {
  return childElements(message).filter(({ name }) => ["body", "subject", "html"].includes(name));
}

/** The text of an element and all in it. */
function textOf(element: Element): string {
  return element.children.map((child) => (isElement(child) ? textOf(child) : String(child))).join("");
}

function maskIn(element: Element, words: WordList): void {
  for (const [index, child] of element.children.entries()) {
    if (isElement(child)) maskIn(child, words);
    else element.children[index] = words.mask(String(child));
  }
}

/** Whether readers of a message would see one of the words. */
export function contains(message: Element, words: WordList): boolean {
  return readable(message).some((element) => words.isIn(textOf(element)));
}

/** Masks the words in place. What would still show them, as a word is cut in two by formatting, is taken out. */
export function mask(message: Element, words: WordList): void {
  for (const element of readable(message)) {
    maskIn(element, words);
    if (words.isIn(textOf(element))) message.remove(element);
  }
}
