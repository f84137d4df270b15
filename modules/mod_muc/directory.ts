import { joinJid, nodeOf, StanzaError, type BareJid, type Json } from "chorus-muc";
import { thaw } from "./freeze.js";
import type { LiveRoom } from "./room.js";
import type { Service } from "./service.js";
import { isTombstone } from "./tombstone.js";

/** A room, or none, at once or once the store has been asked. */
export type Found = LiveRoom | undefined | Promise<LiveRoom | undefined>;

/** Finds rooms: in memory, or in the store, from which one is restored when it is first asked for. */
export class Directory {
  readonly #service: Service;
  readonly #rooms = new Map<BareJid, LiveRoom>();
  /** Rooms without occupants, the one used last at the end. */
  readonly #idle = new Set<LiveRoom>();
  /** Rooms that were let go, while somebody holds them: a room is one object for as long as anybody has it. */
  readonly #evicted = new Map<BareJid, WeakRef<LiveRoom>>();
  readonly #forgotten = new FinalizationRegistry((jid: BareJid) => {
    if (this.#evicted.get(jid)?.deref() === undefined) this.#evicted.delete(jid);
  });
  /** Rooms whose end is not on disk yet: until then the store still has them, and they may come back. */
  readonly #ending = new Map<BareJid, Promise<void>>();
  readonly #loading = new Map<BareJid, Promise<LiveRoom | undefined>>();
  /** Rooms whose creation is not decided yet, and who waits for that. */
  readonly #creating = new Map<BareJid, (() => void)[]>();

  constructor(service: Service) {
    this.#service = service;
  }

  /** A room that is in memory; tombstones are. */
  get(jid: string): LiveRoom | undefined {
    return this.#rooms.get(jid as BareJid);
  }

  /** Rooms in memory, without tombstones; a snapshot. */
  live(): LiveRoom[] {
    return [...this.#rooms.values()].filter((room) => !isTombstone(room));
  }

  /**
   * A room, restored if need be.
   * @throws StanzaError, or rejects with it, when it was refused; with a `StorageError` when the store cannot tell
   */
  find(jid: BareJid): Found {
    const room = this.#rooms.get(jid);
    if (room) {
      this.touch(room);
      return room;
    }
    const evicted = this.#evicted.get(jid)?.deref();
    if (evicted) {
      if (!isTombstone(evicted) && !this.hasSpace()) throw this.#tooMany();
      this.track(evicted);
      return evicted;
    }
    const ending = this.#ending.get(jid);
    if (ending) return ending.then(() => this.find(jid));
    const loading = this.#loading.get(jid);
    if (loading) return loading;
    const node = nodeOf(jid);
    if (node === undefined) return undefined;
    const { config } = this.#service.stores;
    const stored = config.getSync?.(node);
    const found = stored
      ? this.#restore(jid, stored.value)
      : config.get(node).then((value) => this.#restore(jid, value));
    if (!(found instanceof Promise)) return found;
    const restored = found.finally(() => this.#loading.delete(jid));
    this.#loading.set(jid, restored);
    return restored;
  }

  #restore(jid: BareJid, stored: Json | undefined): Found {
    const frozen = thaw(jid, stored);
    if (!frozen) return undefined;
    const { module, roomClass } = this.#service;
    const verdict = module.fireEventAsync("muc-room-pre-restore", { jid, data: frozen });
    const finish = (answer: StanzaError | false | undefined): LiveRoom => {
      if (answer instanceof StanzaError) throw answer;
      if (answer === false) throw this.#tooMany();
      const room = new roomClass(this.#service, jid, frozen);
      room.stored = room.getPersistent() ? "durable" : "temporary";
      room.storedData = JSON.stringify(room._data);
      if (!isTombstone(room) && !this.hasSpace()) throw this.#tooMany();
      this.track(room);
      if (!isTombstone(room)) {
        room.steps.bare(() => {
          module.fireEvent("muc-room-restored", { jid, room });
        });
      }
      return room;
    };
    return verdict instanceof Promise ? verdict.then(finish) : finish(verdict);
  }

  #tooMany(): StanzaError {
    return new StanzaError({ type: "wait", condition: "resource-constraint", by: this.#service.module.host });
  }

  /** Whether one more room may be in memory. */
  hasSpace(): boolean {
    const { maxRooms } = this.#service.options;
    if (maxRooms === undefined || this.live().length < maxRooms) return true;
    for (const room of this.#idle) {
      if (!isTombstone(room) && this.#evict(room)) return true;
    }
    return false;
  }

  /** Takes a room in. */
  track(room: LiveRoom): void {
    this.#rooms.set(room.jid, room);
    this.#evicted.delete(room.jid);
    room.isTracked = true;
    room.isEvicted = false;
    this.touch(room);
  }

  /** Takes a room out, as part of its step. */
  forget(room: LiveRoom): void {
    this.drop(room);
    const { jid } = room;
    let resolve = (): void => undefined;
    const promise = new Promise<void>((over) => {
      resolve = over;
    });
    this.#ending.set(jid, promise);
    const isOver = (): void => {
      if (this.#ending.get(jid) === promise) this.#ending.delete(jid);
      resolve();
    };
    room.onCommit(isOver);
    room.onRollback(() => {
      this.track(room);
      isOver();
    });
  }

  /** A room is about to do something, which it cannot do unseen: a module may have held it while it was let go. */
  wake(room: LiveRoom): void {
    if (room.isEvicted) this.track(room);
  }

  /** Takes a room out. */
  drop(room: LiveRoom): void {
    if (this.#rooms.get(room.jid) === room) this.#rooms.delete(room.jid);
    this.#evicted.delete(room.jid);
    this.#idle.delete(room);
    room.isTracked = false;
    room.isEvicted = false;
  }

  /** A room was used: of those without occupants only so many are kept, those used last. */
  touch(room: LiveRoom): void {
    if (this.#idle.size > 0) this.#idle.delete(room);
    if (!room.isTracked || room.hasOccupant()) return;
    this.#idle.add(room);
    if (this.#idle.size <= this.#service.options.roomCacheSize) return;
    for (const oldest of this.#idle) {
      if (oldest !== room && this.#evict(oldest)) return;
    }
  }

  /** Lets a room go that the store can give back. @returns whether it could go */
  #evict(room: LiveRoom): boolean {
    if (room.hasOccupant() || !room.steps.isIdle) return false;
    if (room.stored === "no") {
      // Made by a module, and left alone since: it is not for the cache to end it.
      this.#service.stores.put(room, { sync: false }).catch((error: unknown) => {
        this.#service.module.log("error", "%s: could not be written: %s", room.jid, error);
      });
    }
    this.drop(room);
    room.isEvicted = true;
    this.#evicted.set(room.jid, new WeakRef(room));
    this.#forgotten.register(room, room.jid);
    return true;
  }

  /** Somebody is creating a room; whoever else asks for it waits. */
  reserve(jid: BareJid): void {
    this.#creating.set(jid, []);
  }

  /** It is decided whether the room exists. */
  decided(jid: BareJid): void {
    const waiting = this.#creating.get(jid) ?? [];
    this.#creating.delete(jid);
    for (const go of waiting) go();
  }

  isCreating(jid: BareJid): boolean {
    return this.#creating.size > 0 && this.#creating.has(jid);
  }

  /** Calls `go` once it is decided whether the room exists. @returns false when nobody is creating it */
  afterCreation(jid: BareJid, go: () => void): boolean {
    const waiting = this.#creating.get(jid);
    waiting?.push(go);
    return waiting !== undefined;
  }

  /** Every room: those in memory, then the stored ones. */
  async *all(): AsyncGenerator<LiveRoom> {
    const seen = new Set<string>();
    for (const room of this.live()) {
      seen.add(room.node);
      if (room.isTracked) yield room;
    }
    for await (const node of this.#service.stores.config.users()) {
      if (seen.has(node)) continue;
      const room = await this.find(joinJid(node, this.#service.module.host) as BareJid);
      if (room && !isTombstone(room)) yield room;
    }
  }
}
