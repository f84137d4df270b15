/** Longest text that is searched for, in characters. */
const MAX_LENGTH = 256;
/** Most words of it. */
const MAX_TERMS = 10;

/** Text as it is compared: case, accents and forms of characters make no difference. */
function fold(text: string): string {
  return text
    .normalize("NFKD")
    .replaceAll(/\p{Mark}/gu, "")
    .toLowerCase();
}

/** What is searched for: words, and phrases in quotation marks, all of which must be found. */
export class Terms {
  readonly #terms: readonly string[];

  private constructor(terms: readonly string[]) {
    this.#terms = terms;
  }

  /** @returns what is wrong with the text, for humans, when nothing can be searched for by it */
  static parse(text: string): Terms | string {
    if (text.length > MAX_LENGTH) return `Search terms may have at most ${MAX_LENGTH} characters.`;
    const words = [...text.matchAll(/"([^"]*)"|[^\s"]+/g)].map(([word, phrase]) => fold(phrase ?? word).trim());
    const terms = [...new Set(words)].filter((word) => /[\p{Letter}\p{Number}]/u.test(word));
    if (terms.length === 0) return "Search terms must have a letter or a digit.";
    if (terms.length > MAX_TERMS) return `There may be at most ${MAX_TERMS} search terms.`;
    return new Terms(terms);
  }

  /** Whether each term is in one of the texts; those that are none are passed over. */
  areIn(texts: readonly (string | false | undefined)[]): boolean {
    const folded = texts.flatMap((text) => (text ? [fold(text)] : []));
    return this.#terms.every((term) => folded.some((text) => text.includes(term)));
  }
}
