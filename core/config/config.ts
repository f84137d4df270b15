/** The configuration after `prosody.cfg.lua` was evaluated: plain values with the place each was set at. */

/** A Lua value as data: a table with keys 1..n is an array, any other an object. */
export type ConfigValue = string | number | boolean | ConfigValue[] | { [key: string]: ConfigValue };

/** Name of the global section, and of the "host" that global modules are loaded on. */
export const GLOBAL = "*";

/** Where something was written. */
export interface Position {
  readonly file: string;
  /** From 1. */
  readonly line: number;
}

/** Something the operator should mend. Printed as `file:line: what, expected, got`. */
export interface ConfigProblem {
  readonly severity: "error" | "warning";
  readonly position: Position | undefined;
  /** The whole sentence behind the position: `muc_max_rooms: expected an integer, got "many"`. */
  readonly message: string;
}

/** A `VirtualHost` or `Component` section. */
export interface HostSection {
  readonly name: string;
  readonly type: "VirtualHost" | "Component";
  /** Second argument of `Component`; `"component"` when left out. */
  readonly componentModule: string | undefined;
  readonly position: Position;
}

/** Collects problems, so that all are told at once; the same one is kept once. */
export interface ProblemSink {
  /** Adds a problem, to be told with all others. */
  report(problem: ConfigProblem): void;
}

/** A loaded configuration. */
export interface Config extends ProblemSink {
  /** The main file, absolute. */
  readonly file: string;
  /** In the order of the file, `enabled = false` ones included. */
  readonly hosts: readonly HostSection[];
  /** Value for a host (`"*"`, `"*"`: the global one): the host's section, else the global one. Never merged. */
  get(host: string, key: string): ConfigValue | undefined;
  /** Value in that very section only. */
  getOwn(host: string, key: string): ConfigValue | undefined;
  /**
   * Where `get` found its value.
   * @param item a string in the list that is the value: where that stands, as well as it is known
   */
  positionOf(host: string, key: string, item?: string): Position | undefined;
  /** Option names of that very section. */
  keys(host: string): readonly string[];
  readonly problems: readonly ConfigProblem[];
}
