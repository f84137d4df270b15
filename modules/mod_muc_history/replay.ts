import {
  cloneElement,
  namespaceOf,
  removeChildren,
  type Clock,
  type Element,
  type FullJid,
  type ModuleApi,
  type Router,
} from "chorus-muc";
import { NS_MUC_USER, type GetHistoryEvent, type Room, type RoomState } from "chorus-muc/muc";
import type { HistoryEntry } from "./entry.js";
import { chooseHistory, historyLimits } from "./limits.js";

/** Length of ` to=""`, which each message gets when it is sent. */
const TO_LENGTH = 6;

/** Sends the history to those who enter (XEP-0045 §7.2.13, §7.2.14). */
export class HistoryReplay {
  /** Stanzas of the history that must not be sent before what they repeat, and not at all if that is not. */
  readonly #pending = new WeakMap<Element, Promise<void>>();

  constructor(
    private readonly module: ModuleApi,
    private readonly router: Router,
    private readonly clock: Clock,
    private readonly history: RoomState<readonly HistoryEntry[], readonly HistoryEntry[]>,
  ) {}

  load(): void {
    // Before the subject (20): it is what tells clients that the history is over (XEP-0045 §7.2.15).
    this.module.hook(
      "muc-occupant-session-new",
      ({ room, stanza }) => {
        room.sendHistory(stanza);
      },
      50,
    );

    // After archives (1), which have more.
    this.module.hook(
      "muc-get-history",
      (event) => {
        event.nextStanza = this.#replay(event);
        return true;
      },
      -1,
    );
  }

  /** See `Room.sendHistory`. */
  send(room: Room, presence: Element): void {
    const asked = historyLimits(presence, this.clock.now() / 1000);
    const isUnlimited = Object.values(asked).every((limit) => limit === undefined);
    const event: GetHistoryEvent = {
      room,
      stanza: presence,
      to: String(presence.attrs["from"]) as FullJid,
      ...asked,
      maxstanzas: isUnlimited ? room.getDefaulthistorymessages() : asked.maxstanzas,
      nextStanza: () => undefined,
    };
    this.module.fireEvent("muc-get-history", event);
    for (let next = event.nextStanza(); next; next = event.nextStanza()) this.#send(room, next);
  }

  #send(room: Room, stanza: Element): void {
    const pending = this.#pending.get(stanza);
    if (!pending) {
      room.routeStanza(stanza);
      return;
    }
    void room.run(() => {
      this.router.hold(
        pending,
        () => {
          room.routeStanza(stanza);
        },
        () => undefined, // who has sent it is told; nobody gets it
      );
    });
  }

  #replay({ room, to, maxchars, maxstanzas = Infinity, since }: GetHistoryEvent): () => Element | undefined {
    const isOpen = room.getWhois() === "anyone";
    const entries = this.history.get(room).filter(({ isGone }) => !isGone);
    const candidates = entries.map((entry) => ({
      entry,
      timestamp: entry.timestamp,
      chars: () => entry.chars + TO_LENGTH + to.length,
    }));
    const limits = { maxchars, since, maxstanzas: Math.min(maxstanzas, room.getHistorylength()) };
    const chosen = chooseHistory(candidates, limits).values();
    return () => {
      const { value } = chosen.next();
      if (!value) return undefined;
      const stanza = cloneElement(value.entry.stanza);
      stanza.attrs["to"] = to;
      // Real JIDs of a time when everybody was to see them.
      if (!isOpen) removeChildren(stanza, (child) => namespaceOf(child) === NS_MUC_USER);
      const { sent } = value.entry;
      if (sent) this.#pending.set(stanza, sent);
      return stanza;
    };
  }
}
