import {
  ClockToken,
  getChild,
  inject,
  injectable,
  joinJid,
  ModuleApiToken,
  nodeOf,
  resourceOf,
  type BareJid,
  type Clock,
  type Element,
  type KeyvalStore,
  type ModuleApi,
} from "chorus-muc";
import type { Room } from "chorus-muc/muc";

const FIELD = "{urn:xmpp:muc-activity}message-activity";
const NS_CORRECTION = "urn:xmpp:message-correct:0";
const HOUR_MS = 3_600_000;
/** Hours that are counted, after each other and over and over: the present one, and those that the answer is about. */
const HOURS = 25;

/** Messages of a room, by hour. */
interface Counts {
  /** The present hour, or that of the last message: hours since 1970. */
  hour: number;
  /** Since when is counted. */
  readonly since: number;
  /** Messages of an hour, at its remainder by {@link HOURS}. */
  readonly messages: number[];
}

/** What is counted (XEP-0502 §4): what somebody said, once. */
function isCounted(message: Element): boolean {
  return (
    resourceOf(String(message.attrs["from"])) !== undefined &&
    getChild(message, "body") !== undefined &&
    getChild(message, "replace", NS_CORRECTION) === undefined
  );
}

/**
 * Says in the disco#info of a room how many messages an hour it has (XEP-0502 0.1.0): the average of the last 24 whole
 * hours, or of as many as have been counted. Of public, persistent rooms only, that anybody may enter.
 *
 * Numbers are kept in memory and stored once an hour and on a stop, so that a crash loses those of an hour at most.
 */
@injectable()
export default class MucActivity {
  static readonly requires = ["muc"];

  readonly #rooms = new Map<BareJid, Counts>();
  /** Rooms whose numbers are not stored yet. */
  readonly #changed = new Set<BareJid>();
  readonly #store: KeyvalStore<Counts>;
  readonly #since: number;

  constructor(
    @inject(ModuleApiToken) private readonly module: ModuleApi,
    @inject(ClockToken) private readonly clock: Clock,
  ) {
    this.#store = module.openStore<Counts>();
    this.#since = this.#hour();
  }

  async load(): Promise<void> {
    for await (const node of this.#store.users()) {
      const counts = await this.#store.get(node);
      const jid = joinJid(node, this.module.host) as BareJid | undefined;
      if (counts && jid !== undefined) this.#rooms.set(jid, counts);
    }

    this.module.hook("muc-disco#info", ({ room, form }) => {
      const value = this.#activity(room)?.toFixed(2);
      if (value !== undefined) form.push({ name: FIELD, type: "text-single", label: "Messages per hour", value });
    });
    // Last: what nobody has stopped.
    this.module.hook(
      "muc-broadcast-message",
      ({ room, stanza, onFailure }) => {
        if (!isCounted(stanza)) return undefined;
        const undo = this.#count(room.jid);
        onFailure(undo);
        room.onRollback(undo);
        return undefined;
      },
      -1000,
    );
    // What a crash has left of an earlier room of that name is not this room's.
    this.module.hook("muc-room-created", ({ room }) => {
      this.#forget(room.jid);
    });
    this.module.hook("muc-room-destroyed", ({ room }) => {
      room.onCommit(() => {
        this.#forget(room.jid);
      });
    });
    this.module.addTimer(HOUR_MS / 1000, () => {
      void this.#save();
      return HOUR_MS / 1000;
    });
    this.module.hookGlobal("server-stopping", () => this.#save().then(() => undefined));
  }

  unload(): Promise<void> {
    return this.#save();
  }

  #hour(): number {
    return Math.floor(this.clock.now() / HOUR_MS);
  }

  /** Messages an hour; `undefined`: not to be told, or not known yet. */
  #activity(room: Room): number | undefined {
    if (!isOpen(room)) return undefined;
    const hour = this.#hour();
    const counts = this.#rooms.get(room.jid);
    const hours = Math.min(HOURS - 1, hour - (counts?.since ?? this.#since));
    if (hours < 1) return undefined;
    if (!counts) return 0;
    turn(counts, hour);
    const now = counts.messages[hour % HOURS] ?? 0;
    return (counts.messages.reduce((sum, messages) => sum + messages, 0) - now) / hours;
  }

  /** @returns takes it back, once */
  #count(jid: BareJid): () => void {
    const hour = this.#hour();
    const counts = this.#rooms.get(jid) ?? { hour, since: this.#since, messages: Array<number>(HOURS).fill(0) };
    this.#rooms.set(jid, counts);
    this.#changed.add(jid);
    turn(counts, hour);
    add(counts, hour, 1);
    let isCountedIn = true;
    return () => {
      if (isCountedIn && counts.hour - hour < HOURS) add(counts, hour, -1);
      isCountedIn = false;
    };
  }

  #forget(jid: BareJid): void {
    this.#changed.delete(jid);
    if (this.#rooms.delete(jid)) void this.#write(jid, undefined);
  }

  /** Stores what has changed, and forgets rooms in which nothing was said for a day. */
  async #save(): Promise<void> {
    const hour = this.#hour();
    const writes: Promise<void>[] = [];
    for (const [jid, counts] of this.#rooms) {
      if (hour - counts.hour >= HOURS) {
        this.#rooms.delete(jid);
        writes.push(this.#write(jid, undefined));
      } else if (this.#changed.has(jid)) writes.push(this.#write(jid, counts));
    }
    this.#changed.clear();
    await Promise.all(writes);
  }

  #write(jid: BareJid, counts: Counts | undefined): Promise<void> {
    return this.#store.set(nodeOf(jid) ?? "", counts, { sync: false }).catch((error: unknown) => {
      this.module.log("warn", "%s: its activity could not be stored: %s", jid, error);
    });
  }
}

/** Anybody finds and enters it, and it is there tomorrow (XEP-0502 §3.1, §8). */
function isOpen(room: Room): boolean {
  if (!room.getPersistent() || room.getHidden() || room.getMembersOnly()) return false;
  // Absent without the module.
  const { getPassword } = room as Partial<Pick<Room, "getPassword">>;
  return getPassword?.call(room) === undefined;
}

function add({ messages }: Counts, hour: number, number: number): void {
  messages[hour % HOURS] = (messages[hour % HOURS] ?? 0) + number;
}

/** Goes on to an hour: those in between had no message. */
function turn(counts: Counts, hour: number): void {
  for (let next = Math.max(counts.hour + 1, hour - HOURS + 1); next <= hour; next++) counts.messages[next % HOURS] = 0;
  counts.hour = Math.max(counts.hour, hour);
}
