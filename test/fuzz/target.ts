/** What is fuzzed, and what comes of it. */

/** An input that something goes wrong with. */
export interface Finding {
  /** `crash`: something threw, hung, or was left in pieces. `difference`: another answer than there should be. */
  readonly kind: "crash" | "difference";
  /** With this seed the first inputs are those that were found. */
  readonly seed: number;
  /** How many inputs belong together. */
  readonly inputs: number;
  /** What was found, and the smallest input that still shows it. */
  readonly what: string;
}

/** How much to do. */
export interface Course {
  /** Of the first input; each further one has the next seed. */
  readonly seed: number;
  readonly inputs: number;
  /** Called with what is found; throws when that is enough. */
  found(finding: Finding): void;
  /** Called now and then with the number of inputs that were looked at. */
  progress?(inputs: number): void;
}

/** A part of Chorus that takes input from others. */
export interface Target {
  readonly name: string;
  /** Inputs of this target for each one that is asked for, as some cost more than others. */
  readonly share: number;
  /** Why it cannot be fuzzed here, or `undefined`. */
  missing?(): string | undefined;
  /** Gives it mutated input. Returns a line for the report: how often which rule explained a difference, say. */
  fuzz(course: Course): Promise<string>;
}

/** The seed after so many others. */
export function seedAfter(seed: number, inputs: number): number {
  return (seed + inputs) >>> 0;
}
