/** What the main thread and the evaluator's worker say to each other. */
import type { ConfigErrorCode } from "./config-error.js";
import type { ConfigProblem, ConfigValue, HostSection, Position } from "./config.js";

/** What the worker is started with. */
export interface EvaluationInput {
  /** Name of the main file, as it appears in messages; relative ones count from the working directory. */
  readonly file: string;
  /** Its content. */
  readonly source: Uint8Array;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly credentialsDirectory: string | undefined;
  /** Bytes that Lua may allocate. */
  readonly memoryBytes: number;
  /** Number of the file (from 1) and line being evaluated; the main thread reads it when time is up. */
  readonly progress: SharedArrayBuffer;
}

/** A problem, and the code with which it makes the configuration unusable, if it does. */
export interface Finding {
  readonly code: ConfigErrorCode | undefined;
  readonly problem: ConfigProblem;
}

/** One option as it was set. */
export interface EvaluatedOption {
  readonly section: string;
  readonly key: string;
  readonly value: ConfigValue;
  readonly position: Position;
  /** Lines of the strings in its table. */
  readonly items: ReadonlyMap<string, number>;
}

/** Messages from the worker, in the order in which things happen. */
export type EvaluationMessage =
  | { readonly kind: "started" }
  | { readonly kind: "file"; readonly number: number; readonly name: string }
  | { readonly kind: "finding"; readonly finding: Finding }
  | { readonly kind: "result"; readonly hosts: readonly HostSection[]; readonly options: readonly EvaluatedOption[] };
