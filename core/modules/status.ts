/** How a module is doing, from bad to fine. */
export type StatusType = "error" | "warn" | "info" | "core";

const RANKS: Readonly<Record<StatusType, number>> = { core: 0, info: 1, warn: 2, error: 3 };

/** What a module last said of itself (Prosody: `module:set_status`). */
export class ModuleStatus {
  #type: StatusType | undefined;
  #message = "";
  #time = 0;

  /** Type, message and unix seconds; nothing was said yet: `core`, an empty message and 0. */
  get(): [type: StatusType, message: string, time: number] {
    return [this.#type ?? "core", this.#message, this.#time];
  }

  /**
   * An error stays when something milder follows, unless `override` is true; with `override` false nothing milder takes
   * the place of anything.
   * @returns whether it was taken
   */
  set(type: StatusType, message: string, override: boolean | undefined, now: number): boolean {
    const isMilder = this.#type !== undefined && RANKS[this.#type] > RANKS[type];
    if (isMilder && (override === false || (override === undefined && this.#type === "error"))) return false;
    this.#type = type;
    this.#message = message;
    this.#time = now;
    return true;
  }
}
