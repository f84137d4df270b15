import { cloneElement, namespaceOf, removeChildren, type HostEvents, type ModuleApi, type PayloadOf } from "chorus-muc";
import { NS_MUC_USER, occupantIdOf, stanzaId, stanzaIdOf, type Room } from "chorus-muc/muc";
import { historyEntry, type HistoryEntry, type PastMessage } from "./entry.js";
import type { HistoryKeeper } from "./keeper.js";

type FindMessages = PayloadOf<HostEvents["muc-find-messages"]>;

/** Lets messages be found in the history, and be replaced there by what is left of them. */
export class KeptMessages {
  constructor(
    private readonly module: ModuleApi,
    private readonly keeper: HistoryKeeper,
  ) {}

  load(): void {
    // After the archive (0), which may know more of them.
    this.module.hook(
      "muc-find-messages",
      ({ room, query, found }) => {
        for (const { stanza, timestamp } of room.getHistory()) {
          const id = stanzaIdOf(stanza, room.jid);
          if (id === undefined || found.has(id) || !isMeant(query, id, stanza, timestamp)) continue;
          found.set(id, { id, stanza, timestamp });
        }
        return undefined;
      },
      -1,
    );

    this.module.hook("muc-replace-message", ({ room, message, replacement, holdUntil, onFailure }) => {
      const stanza = cloneElement(replacement);
      // Of real JIDs the history has none.
      removeChildren(stanza, (child) => namespaceOf(child) === NS_MUC_USER);
      stanza.append(stanzaId(room.jid, message.id));
      const before = room.getHistory().find((entry) => stanzaIdOf(entry.stanza, room.jid) === message.id);
      if (!before) return;
      const after = historyEntry(room.jid, { stanza, timestamp: before.timestamp });
      exchange(room, before, after);
      onFailure(() => {
        exchange(room, after, before);
      });
      const written = this.keeper.writeAgain(room, room.getHistory().at(-1) as HistoryEntry);
      if (written) holdUntil(written);
    });
  }
}

function isMeant(query: FindMessages["query"], id: string, stanza: PastMessage["stanza"], timestamp: number): boolean {
  if ("id" in query) return id === query.id;
  return timestamp >= query.since && occupantIdOf(stanza) === query.occupantId;
}

function exchange(room: Room, before: PastMessage, after: PastMessage): void {
  room.setHistory(room.getHistory().map((entry) => (entry === before ? after : entry)));
}
