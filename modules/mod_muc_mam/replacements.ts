import type { Room } from "chorus-muc/muc";

/** Messages that are replaced in archives: what was read before is no longer true then. */
export class Replacements {
  readonly #counts = new WeakMap<Room, number>();
  readonly #underWay = new WeakMap<Room, Promise<unknown>>();

  /** A message is being replaced. @param done when it is in the archive, or is not */
  add(room: Room, done: Promise<unknown>): void {
    this.#counts.set(room, this.#count(room) + 1);
    this.#underWay.set(room, Promise.allSettled([this.#underWay.get(room), done]));
  }

  /** Reads from the archive of a room, again and again until nothing was replaced meanwhile. */
  async read<T>(room: Room, read: () => Promise<T>): Promise<T> {
    for (;;) {
      const before = this.#count(room);
      await this.#underWay.get(room);
      const result = await read();
      if (this.#count(room) === before) return result;
    }
  }

  #count(room: Room): number {
    return this.#counts.get(room) ?? 0;
  }
}
