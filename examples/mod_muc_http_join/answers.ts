import type { Answer, Question } from "./service.js";

/** Answers that still hold: for a short time, and no more than so many. */
export class Answers {
  /** Oldest first. */
  readonly #answers = new Map<string, { readonly answer: Answer; readonly untilMs: number }>();

  /** @param keepMs 0: nothing is kept */
  constructor(
    private readonly keepMs: number,
    private readonly max: number,
  ) {}

  get(question: Question, nowMs: number): Answer | undefined {
    const known = this.#answers.get(keyOf(question));
    return known && nowMs < known.untilMs ? known.answer : undefined;
  }

  set(question: Question, answer: Answer, nowMs: number): void {
    if (this.keepMs === 0 || this.max === 0) return;
    const key = keyOf(question);
    // Deleted first, so that it becomes the youngest.
    this.#answers.delete(key);
    this.#answers.set(key, { answer, untilMs: nowMs + this.keepMs });
    const [oldest] = this.#answers.keys();
    if (this.#answers.size > this.max && oldest !== undefined) this.#answers.delete(oldest);
  }
}

/** The same for questions that are the same. */
export function keyOf(question: Question): string {
  const { room, jid, nick, affiliation, isNewRoom } = question;
  return JSON.stringify([room, jid, nick, affiliation, isNewRoom]);
}
