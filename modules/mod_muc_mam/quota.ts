import type { ArchiveStore, ModuleApi } from "chorus-muc";
import type { Room } from "chorus-muc/muc";
import type { ArchivePlace } from "./page.js";

/** Part of the limit that is left when an archive has reached it, and that may be added before it is counted again. */
const KEPT = 0.99;

/** Bounds the number of entries of an archive: the oldest go. */
export class Quota {
  /** Entries that may be added to a room's archive before it is counted. */
  readonly #left = new WeakMap<Room, number>();

  /** @param limit entries of one archive */
  constructor(
    private readonly module: ModuleApi,
    private readonly limit: number,
  ) {}

  /** An entry was added. */
  added(room: Room, place: ArchivePlace): void {
    const { limit } = this;
    const left = this.#left.get(room) ?? 0;
    if (left > 0) {
      this.#left.set(room, left - 1);
      return;
    }
    // One at a time: a second one would take the same entries for too many.
    this.#left.set(room, Infinity);
    this.#cut(place, limit)
      .catch((error: unknown) => {
        this.module.log("error", "%s: the archive could not be cut to its limit: %s", room.jid, error);
      })
      .finally(() => {
        this.#left.set(room, Math.ceil(limit * (1 - KEPT)));
      });
  }

  async #cut({ store, user }: ArchivePlace, limit: number): Promise<void> {
    const total = await countOf(store, user);
    if (total <= limit) return;
    await store.delete(user, { limit: total - Math.floor(limit * KEPT) }, { sync: false });
  }
}

async function countOf(store: ArchiveStore, user: string): Promise<number> {
  return (await store.find(user, { total: true, limit: 0 }))?.total ?? 0;
}
