import { namespaceOf, removeChildren, type ArchiveEntry, type BareJid, type ModuleApi } from "chorus-muc";
import { NS_MUC_USER, stanzaId, stanzaIdOf, type Room } from "chorus-muc/muc";
import type { RoomArchives } from "./archive.js";
import type { ArchivePlace } from "./page.js";
import type { Replacements } from "./replacements.js";
import { isSubjectChange } from "./subject.js";

const LENGTH_FIELD = "muc#roomconfig_historylength";
/** Messages of history that a room has whose owner made no choice. */
const STANDARD_LENGTH = 20;
/** Entries that are looked at for each message of history: changes of subject and presence are none. */
const LOOKED_AT = 5;
const MOST_LOOKED_AT = 100_000;

interface PastMessage {
  readonly stanza: ArchiveEntry["stanza"];
  readonly timestamp: number;
}

/**
 * Makes the archive the history of those who enter: a room that comes back into memory takes its latest messages from
 * there, so that also after a crash none is missing. From then on the history has each message as it is sent, and
 * nothing is read when somebody enters.
 */
export class ArchiveHistory {
  readonly #restored = new Map<BareJid, readonly ArchiveEntry[]>();

  constructor(
    private readonly module: ModuleApi,
    private readonly archives: RoomArchives,
    /** Whether a room with that data is archived. */
    private readonly isArchiving: (data: Room["_data"]) => boolean,
    private readonly replacements: Replacements,
  ) {}

  load(): void {
    const max = this.module.getOptionInteger("max_history_messages", Number.MAX_SAFE_INTEGER, 0);
    this.module.hook(
      "muc-room-pre-restore",
      ({ jid, data: { _data } }) => {
        if (_data["destroyed"] === true || !this.isArchiving(_data)) return undefined;
        const chosen = _data["history_length"];
        const length = Math.min(typeof chosen === "number" ? chosen : STANDARD_LENGTH, max);
        const place = { store: this.archives.store, user: this.archives.userOf(jid, _data) };
        return this.#latest(jid, place, length).then((entries) => {
          if (entries.length > 0) this.#restored.set(jid, entries);
          return undefined;
        });
      },
      0,
      { onTimeout: "continue" },
    );
    // After the history (0) has taken what it had stored itself.
    this.module.hook(
      "muc-room-restored",
      ({ jid, room }) => {
        const entries = this.#restored.get(jid);
        this.#restored.delete(jid);
        if (entries) merge(room, entries);
      },
      -1,
    );
    // After the history (0) has taken the new length.
    this.module.hook(
      `muc-config-submitted/${LENGTH_FIELD}`,
      ({ room }) => {
        const { length } = room.getHistory();
        if (!this.isArchiving(room._data) || room.getHistorylength() <= length) return undefined;
        room.onCommit(() => {
          const read = (): Promise<ArchiveEntry[]> => {
            return this.#latest(room.jid, this.archives.placeOf(room), room.getHistorylength());
          };
          // What is retracted while it is read does not come back by it.
          void this.replacements.read(room, read).then((entries) => {
            // What the history has stays what it is: it may be on its way yet, and never arrive.
            const had = new Map(room.getHistory().map((message) => [stanzaIdOf(message.stanza, room.jid), message]));
            merge(room, entries, had);
          });
        });
        return undefined;
      },
      -1,
    );
  }

  /** The latest messages, oldest first. Never rejects: a room without its history is better than no room. */
  async #latest(jid: string, { store, user }: ArchivePlace, length: number): Promise<ArchiveEntry[]> {
    const found: ArchiveEntry[] = [];
    if (length === 0) return found;
    try {
      const page = await store.find(user, { reverse: true, limit: Math.min(length * LOOKED_AT, MOST_LOOKED_AT) });
      for await (const entry of page?.items ?? []) {
        if (entry.stanza.name !== "message" || isSubjectChange(entry.stanza)) continue;
        found.push(entry);
        if (found.length === length) break;
      }
    } catch (error) {
      this.module.log("error", "%s: the archive could not be read for the history: %s", jid, error);
    }
    return found.reverse();
  }
}

/** Puts what the archive has in place of what the history had, up to the latest message that both know. */
function merge(
  room: Room,
  entries: readonly ArchiveEntry[],
  known?: ReadonlyMap<string | undefined, PastMessage>,
): void {
  const last = entries.at(-1);
  if (!last) return;
  const had = room.getHistory();
  const at = had.findIndex(({ stanza }) => stanzaIdOf(stanza, room.jid) === last.id);
  const later = at === -1 ? had.filter(({ timestamp }) => timestamp > last.when) : had.slice(at + 1);
  room.setHistory([...entries.map((entry) => known?.get(entry.id) ?? pastMessage(room, entry)), ...later]);
}

function pastMessage(room: Room, { id, when, stanza }: ArchiveEntry): PastMessage {
  removeChildren(stanza, (child) => namespaceOf(child) === NS_MUC_USER);
  if (stanzaIdOf(stanza, room.jid) === undefined) stanza.append(stanzaId(room.jid, id));
  return { stanza, timestamp: when };
}
