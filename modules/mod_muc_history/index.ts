import {
  ClockToken,
  inject,
  injectable,
  ModuleApiToken,
  RouterToken,
  type BareJid,
  type Clock,
  type Element,
  type ModuleApi,
  type Router,
} from "chorus-muc";
import { invalidField, MucToken, type FormValue, type Muc, type Room, type RoomState } from "chorus-muc/muc";
import { historyEntry, HistoryEntry, withoutGone, type PastMessage } from "./entry.js";
import { isHistoric } from "./historic.js";
import { HistoryKeeper } from "./keeper.js";
import { KeptMessages } from "./kept.js";
import { HistoryReplay } from "./replay.js";

const FIELD = "muc#roomconfig_historylength";
const FIELD_DEFAULT = "muc#roomconfig_defaulthistorymessages";
/** Messages, of a room whose owner made no choice. */
const STANDARD_LENGTH = 20;

/** What other modules may ask of the histories. */
export interface MucHistories {
  /** Removes what is older from the history of a room, in memory and on disk. Loads no room. @param end unix seconds */
  forget(jid: BareJid, end: number): Promise<void>;
}

declare module "chorus-muc" {
  interface ModuleExports {
    muc_history: MucHistories;
  }
}

declare module "chorus-muc/muc" {
  interface Room {
    /** Messages that the room keeps. */
    getHistorylength(): number;
    /** Capped by `max_history_messages`. @returns false when it was so already */
    setHistorylength(length: number): boolean;
    /** Messages that are sent to who does not say how many. */
    getDefaulthistorymessages(): number;
    /** @returns false when it was so already */
    setDefaulthistorymessages(length: number): boolean;
    /** Messages that are kept for those who enter, oldest first, each with its `<delay/>`. */
    getHistory(): readonly PastMessage[];
    /**
     * Replaces them: an archive has more, or something has to go. The newest `getHistorylength()` are kept.
     * @param messages those that {@link getHistory} gave stay as they are; others are as they were sent, without delay
     */
    setHistory(messages: readonly PastMessage[]): void;
    /** Sends the history to who sent that presence, as much of it as the presence asks for. */
    sendHistory(presence: Element): void;
  }
}

/** A number of messages; an empty field asks for the standard. */
function parseLength(value: FormValue): number | undefined {
  if (value === undefined || value === "") return STANDARD_LENGTH;
  const length = typeof value === "string" ? Number(value) : NaN;
  return Number.isSafeInteger(length) && length >= 0 ? length : undefined;
}

/**
 * Sends the latest messages to whoever enters (XEP-0045 §7.2.13, §7.2.14), each with the time it was sent (XEP-0203).
 *
 * The history of a room is in memory, and is stored when the last occupant leaves and at shutdown. An owner says how
 * many messages it holds, up to `max_history_messages` (no limit); new rooms: `muc_room_default_history_length` (20).
 */
@injectable()
export default class MucHistory {
  static readonly requires = ["muc"];

  readonly #module: ModuleApi;
  readonly #clock: Clock;
  readonly exports: MucHistories;
  readonly #keeper: HistoryKeeper;
  readonly #replay: HistoryReplay;
  readonly #history: RoomState<readonly HistoryEntry[], readonly HistoryEntry[]>;

  constructor(
    @inject(ModuleApiToken) module: ModuleApi,
    @inject(ClockToken) clock: Clock,
    @inject(MucToken) muc: Muc,
    @inject(RouterToken) router: Router,
  ) {
    this.#module = module;
    this.#clock = clock;
    this.#history = module.roomState<readonly HistoryEntry[]>("history", { default: [] });
    this.#keeper = new HistoryKeeper(module, muc, this.#history);
    this.exports = this.#keeper;
    this.#replay = new HistoryReplay(module, router, clock, this.#history);
  }

  load(): void {
    this.#settings();
    this.#configuration();
    this.#replay.load();
    this.#collecting();
    this.#keeper.load();
    new KeptMessages(this.#module, this.#keeper).load();
  }

  #settings(): void {
    const max = this.#module.getOptionInteger("max_history_messages", Number.MAX_SAFE_INTEGER, 0);
    const byDefault = this.#module.getOptionInteger("muc_room_default_history_length", STANDARD_LENGTH, 0);
    const options = { persist: true, default: STANDARD_LENGTH } as const;
    const lengths = this.#module.roomState<number>("history_length", options);
    const defaults = this.#module.roomState<number>("default_history_messages", options);
    const replay = this.#replay;
    const history = this.#history;
    this.#module.roomMethods({
      getHistorylength() {
        return Math.min(lengths.get(this), max);
      },
      setHistorylength(length) {
        return lengths.set(this, Math.min(length, max));
      },
      getDefaulthistorymessages() {
        return Math.min(defaults.get(this), this.getHistorylength());
      },
      setDefaulthistorymessages(length) {
        return defaults.set(this, length);
      },
      getHistory() {
        return withoutGone(history.get(this));
      },
      setHistory(messages) {
        const length = this.getHistorylength();
        const kept = length === 0 ? [] : messages.slice(-length);
        history.set(
          this,
          kept.map((one) => (one instanceof HistoryEntry ? one : historyEntry(this.jid, one))),
        );
      },
      sendHistory(presence) {
        replay.send(this, presence);
      },
    });

    this.#module.hook("muc-room-defaults", ({ room }) => {
      room.setHistorylength(byDefault);
    });
  }

  #configuration(): void {
    this.#module.hook("muc-disco#info", ({ room, form }) => {
      form.push({ name: "muc#maxhistoryfetch", type: "text-single", value: String(room.getHistorylength()) });
    });

    this.#module.hook(
      "muc-config-form",
      ({ room, form }) => {
        form.push(
          {
            name: FIELD,
            type: "text-single",
            datatype: "xs:integer",
            label: "Maximum number of history messages returned by room",
            desc: "How many messages the room keeps for those who enter",
            value: String(room.getHistorylength()),
          },
          {
            name: FIELD_DEFAULT,
            type: "text-single",
            datatype: "xs:integer",
            label: "Default number of history messages returned by room",
            desc: "How many messages are sent to clients that do not say how many they want",
            value: String(room.getDefaulthistorymessages()),
          },
        );
      },
      65,
    );

    this.#module.hook(`muc-config-submitted/${FIELD}`, ({ room, value, statusCodes }) => {
      const length = parseLength(value);
      if (length === undefined) return invalidField(FIELD, "Not a number of messages");
      if (room.setHistorylength(length)) statusCodes.add("104");
      return undefined;
    });
    this.#module.hook(`muc-config-submitted/${FIELD_DEFAULT}`, ({ room, value, statusCodes }) => {
      const length = parseLength(value);
      if (length === undefined) return invalidField(FIELD_DEFAULT, "Not a number of messages");
      if (length !== room.getDefaulthistorymessages() && room.setDefaulthistorymessages(length)) statusCodes.add("104");
      return undefined;
    });
  }

  #collecting(): void {
    this.#module.hook("muc-broadcast-message", (event) => {
      if (this.#module.fireEvent("muc-message-is-historic", event)) this.#module.fireEvent("muc-add-history", event);
      return undefined;
    });

    // After other modules, which may know better.
    this.#module.hook("muc-message-is-historic", ({ stanza }) => isHistoric(stanza), -1);

    // After archives (0), so that what they add, the stanza's id, is kept.
    this.#module.hook(
      "muc-add-history",
      (event) => {
        const { room, sent } = event;
        const entry = new HistoryEntry(room.jid, sent, this.#clock.now() / 1000);
        this.#append(room, entry);
        entry.await(event, () => {
          room.setHistory(room.getHistory().filter((other) => other !== entry));
        });
        return true;
      },
      -1,
    );
  }
  /** As `setHistory` would, with one copy of the list. */
  #append(room: Room, entry: HistoryEntry): void {
    const length = room.getHistorylength();
    const before = withoutGone(this.#history.get(room));
    const after = Math.min(before.length + 1, length);
    // Of just the size: a list that grows takes half as much again.
    const entries = new Array<HistoryEntry>(after);
    for (let index = 1; index < after; index++)
      entries[after - 1 - index] = before[before.length - index] as HistoryEntry;
    if (after > 0) entries[after - 1] = entry;
    this.#history.set(room, entries);
  }
}
