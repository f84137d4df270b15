import { cloneElement, type ArchiveEntry, type HostEvents, type ModuleApi, type PayloadOf } from "chorus-muc";
import { occupantIdOf, type Room } from "chorus-muc/muc";
import type { RoomArchives } from "./archive.js";
import type { Replacements } from "./replacements.js";

type Found = PayloadOf<HostEvents["muc-find-messages"]>["found"];

/** Entries that are looked at for the messages of one occupant. */
const MAX_SCAN = 10_000;

/** Lets messages be found in the archive, and be replaced there by what is left of them. */
export class KeptMessages {
  constructor(
    private readonly module: ModuleApi,
    private readonly archives: RoomArchives,
    private readonly replacements: Replacements,
  ) {}

  load(): void {
    this.module.hook("muc-find-messages", async ({ room, query, found }) => {
      if ("id" in query) await this.#findOne(room, query.id, found);
      else await this.#findOf(room, query, found);
      return undefined;
    });
    this.module.hook("muc-replace-message", ({ room, message, replacement, holdUntil, onFailure }) => {
      const { store, user } = this.archives.placeOf(room);
      // Synced, whatever is said of messages: what somebody wants to be gone is gone.
      const put = (stanza: typeof replacement): Promise<boolean> => {
        const written = store.set(user, message.id, stanza);
        this.replacements.add(room, written);
        return written;
      };
      const putBack = (): void => {
        put(message.stanza).catch((error: unknown) => {
          this.module.log("error", "%s: a message that was not retracted may be gone: %s", room.jid, error);
        });
      };
      holdUntil(put(cloneElement(replacement)));
      onFailure(putBack);
      room.onRollback(putBack);
    });
  }

  async #findOne(room: Room, id: string, found: Found): Promise<void> {
    const { store, user } = this.archives.placeOf(room);
    const entry = await store.get(user, id);
    if (entry?.stanza.name === "message") found.set(id, { id, stanza: entry.stanza, timestamp: entry.when });
  }

  async #findOf(
    room: Room,
    { occupantId, since }: { readonly occupantId: string; readonly since: number },
    found: Found,
  ): Promise<void> {
    const { store, user } = this.archives.placeOf(room);
    // The latest first: they matter most, should there be too many.
    const page = await store.find(user, { start: since, reverse: true, limit: MAX_SCAN });
    const entries: ArchiveEntry[] = [];
    for await (const entry of page?.items ?? []) {
      if (entry.stanza.name === "message" && occupantIdOf(entry.stanza) === occupantId) entries.push(entry);
    }
    // In the archive's order, which tells apart what was said in the same millisecond.
    for (const { id, stanza, when } of entries.reverse()) found.set(id, { id, stanza, timestamp: when });
  }
}
