import { nodeOf, type BareJid, type KeyvalStore, type MapStore, type ModuleApi } from "chorus-muc";
import type { Room } from "chorus-muc/muc";
import type { WebhookEvent } from "./events.js";

/** An event on its way. */
export interface Entry {
  readonly event: WebhookEvent;
  /** Its place: sorts in the order in which things happened. */
  readonly key: string;
  /** What it tells of is so: the room's step is done. */
  isReady: boolean;
}

/**
 * Events that have not been delivered, by room, oldest first: on disk, and all of them in memory, as there are no more
 * than `max`.
 *
 * An event is written in the same turn as the room's step that it tells of, and so in the same batch: either both are on
 * disk, or neither is.
 */
export class Outbox {
  readonly #rooms = new Map<BareJid, Entry[]>();
  readonly #waiting: MapStore<WebhookEvent>;
  readonly #waitingRooms: KeyvalStore;
  readonly #dead: MapStore<WebhookEvent>;
  #deadKeys: string[] = [];
  #last = 0;
  #size = 0;

  constructor(
    private readonly module: ModuleApi,
    private readonly limits: { readonly max: number; readonly maxDead: number },
  ) {
    this.#waiting = module.openStore<WebhookEvent, "map">("muc_webhooks", "map");
    this.#waitingRooms = module.openStore("muc_webhooks");
    this.#dead = module.openStore<WebhookEvent, "map">("muc_webhooks_dead", "map");
  }

  /** Takes up what an earlier run has left. */
  async load(): Promise<void> {
    for await (const node of this.#waitingRooms.users()) {
      for await (const [key, event] of this.#waiting.entries(node)) {
        this.#queueOf(event.room).push({ event, key, isReady: true });
        this.#last = Math.max(this.#last, Number(key));
        this.#size++;
      }
    }
    for await (const [key] of this.#dead.entries(null)) this.#deadKeys.push(key);
  }

  get size(): number {
    return this.#size;
  }

  /** Rooms with something to deliver. */
  rooms(): BareJid[] {
    return [...this.#rooms.keys()];
  }

  /** What is to be delivered next of a room; `undefined`: nothing, or nothing yet. */
  next(room: BareJid): Entry | undefined {
    const first = this.#rooms.get(room)?.[0];
    return first?.isReady === true ? first : undefined;
  }

  /**
   * Adds an event, within the step of the room that it tells of.
   * @param onReady called when it may be delivered
   * @returns false when there is no space: it is lost
   */
  add(room: Room, event: WebhookEvent, onReady: () => void): boolean {
    if (this.#size >= this.limits.max) return false;
    const entry: Entry = { event, key: String(++this.#last).padStart(15, "0"), isReady: false };
    this.#queueOf(room.jid).push(entry);
    this.#size++;
    this.#write(this.#waiting.set(nodeOf(room.jid) ?? null, entry.key, event, { sync: "soon" }));
    room.onRollback(() => {
      this.remove(entry);
    });
    room.onCommit(() => {
      entry.isReady = true;
      onReady();
    });
    return true;
  }

  /** It was delivered. Should the machine stop before this is on disk, it is delivered once more. */
  remove({ event, key }: Entry): void {
    const queue = this.#queueOf(event.room);
    const index = queue.findIndex((entry) => entry.key === key);
    if (index >= 0) {
      queue.splice(index, 1);
      this.#size--;
    }
    if (queue.length === 0) this.#rooms.delete(event.room);
    this.#write(this.#waiting.set(nodeOf(event.room) ?? null, key, undefined, { sync: "soon" }));
  }

  /** It could not be delivered, and is put aside; of those the oldest go when there are too many. */
  bury(entry: Entry): void {
    this.remove(entry);
    const key = `${entry.event.time} ${entry.event.id}`;
    this.#deadKeys.push(key);
    const gone = this.#deadKeys.splice(0, Math.max(0, this.#deadKeys.length - this.limits.maxDead));
    this.#write(
      this.#dead.setKeys(null, { [key]: entry.event, ...Object.fromEntries(gone.map((old) => [old, undefined])) }),
    );
  }

  #queueOf(room: BareJid): Entry[] {
    let queue = this.#rooms.get(room);
    if (queue === undefined) this.#rooms.set(room, (queue = []));
    return queue;
  }

  #write(written: Promise<void>): void {
    written.catch((error: unknown) => {
      this.module.log("error", "the outbox could not be written: %s", error);
    });
  }
}
