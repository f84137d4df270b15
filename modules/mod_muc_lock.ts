import {
  bare,
  childElements,
  ClockToken,
  inject,
  injectable,
  ModuleApiToken,
  StanzaError,
  xml,
  type BareJid,
  type Clock,
  type Element,
  type ModuleApi,
  type Timer,
} from "chorus-muc";
import { getForm, MucToken, NS_MUC_OWNER, type JoinCondition, type Muc, type Room } from "chorus-muc/muc";

declare module "chorus-muc/muc" {
  interface Room {
    /** Whether only owners may enter, because the room is not configured yet. */
    isLocked(): boolean;
    /** Keeps others out until {@link unlock}; after `muc_room_lock_timeout` the room is destroyed. */
    lock(): void;
    /** Lets others in; fires `muc-room-unlocked`. */
    unlock(): void;
  }
}

/** Whether a request to configure a room says that nothing shall come of it. */
function isCancelled(request: Element): boolean {
  const [query] = childElements(request);
  return query !== undefined && getForm(query)?.attrs["type"] === "cancel";
}

function discard(room: Room, request: Element): Element | StanzaError {
  if (room.getAffiliation(bare(String(request.attrs["from"]))) !== "owner") {
    return new StanzaError({ type: "auth", condition: "forbidden", text: "Only owners can configure rooms" });
  }
  // Somebody may have configured it a moment ago.
  if (!room.isLocked()) return xml("iq");
  const [isDone, type, condition, error] = abandon(room);
  return isDone ? xml("iq") : (error ?? new StanzaError({ type, condition }));
}

function abandon(room: Room, reason?: string): ReturnType<Room["destroy"]> {
  // It has never been open to anybody: no tombstone keeps others from its name.
  room._data["persistent"] = undefined;
  return room.destroy(undefined, reason);
}

/**
 * Keeps a new room closed until its creator has configured it (XEP-0045 §10.1.1): `muc_room_locking` (default true).
 *
 * A room that nobody has configured after `muc_room_lock_timeout` (default 5 minutes; 0: rooms are not locked) is
 * destroyed, as one whose creator goes before that (§10.1.3). Prosody opens it with the default settings instead, which
 * whoever made it has never seen.
 */
@injectable()
export default class MucLock {
  static readonly requires = ["muc"];

  /** What ends locks. */
  readonly #timers = new WeakMap<Room, Timer>();

  constructor(
    @inject(ModuleApiToken) private readonly module: ModuleApi,
    @inject(ClockToken) private readonly clock: Clock,
    @inject(MucToken) private readonly muc: Muc,
  ) {}

  load(): void {
    const timeout = this.module.getOptionPeriod("muc_room_lock_timeout", "5 minutes");
    const isLocking = this.module.getOptionBoolean("muc_room_locking", true) && timeout > 0;
    const { module, clock } = this;
    // Unix time at which the lock ends; in a tombstone, the one at which that ends.
    const locked = module.roomState<number>("locked", { persist: true });
    const expiry = (room: Room): number | undefined =>
      room._data["destroyed"] === true ? undefined : locked.get(room);
    const expireLater = (room: Room): void => {
      this.#timers.get(room)?.stop();
      this.#timers.set(room, this.#atExpiry(room.jid, expiry, (expiry(room) ?? Infinity) - clock.now() / 1000));
    };
    const stopTimer = (room: Room): void => {
      this.#timers.get(room)?.stop();
    };
    module.roomMethods({
      isLocked() {
        return expiry(this) !== undefined;
      },
      lock() {
        module.fireEvent("muc-room-locked", { room: this });
        // An endless lock is stored as the last moment that a number can name exactly, as JSON has no infinity.
        locked.set(this, Math.min(Math.floor(clock.now() / 1000) + timeout, Number.MAX_SAFE_INTEGER));
        expireLater(this);
        this.onRollback(() => {
          stopTimer(this);
        });
      },
      unlock() {
        if (!this.isLocked()) return;
        module.fireEvent("muc-room-unlocked", { room: this });
        locked.set(this, undefined);
        // Not before: what could not be stored is still locked.
        this.onCommit(() => {
          if (!this.isLocked()) stopTimer(this);
        });
      },
    });
    module.hook("muc-room-destroyed", ({ room }) => {
      room.onCommit(() => {
        stopTimer(room);
      });
    });

    // Before the defaults (1).
    module.hook(
      "muc-room-pre-create",
      ({ room }) => {
        if (isLocking) room.lock();
        return undefined;
      },
      10,
    );

    // Rooms that come back, and those that are there when this module is loaded again.
    module.hook("muc-room-restored", ({ room }) => {
      if (room.isLocked()) expireLater(room);
    });
    for (const room of this.muc.liveRooms()) if (room.isLocked()) expireLater(room);

    // Last: whoever may not enter for another reason is told that one.
    const isOpen: JoinCondition = ({ room, bareJid, isNewRoom }) => {
      if (isNewRoom || !room.isLocked()) return undefined;
      if (room.getAffiliation(bareJid) === "owner") return undefined;
      // XEP-0045 §7.2.10: as if there was no room.
      return new StanzaError({ type: "cancel", condition: "item-not-found", by: module.host });
    };
    module.hook("muc-occupant-pre-join", isOpen, -30);
    module.addItem("muc-join-condition", isOpen);

    module.hook(
      "muc-config-submitted",
      ({ room }) => {
        room.unlock();
      },
      -1,
    );

    // XEP-0045 §10.1.3: whose creator goes without a word about its configuration is not wanted either.
    module.hook("muc-occupant-pre-leave", ({ room, isLastSession }) => {
      if (!isLastSession || room.occupantCount > 1 || !room.isLocked()) return undefined;
      return abandon(room)[0] ? true : undefined;
    });
    module.hook("muc-occupant-left", ({ room }) => {
      if (room.destroying === undefined && !room.hasOccupant() && room.isLocked()) abandon(room);
    });

    // XEP-0045 §17.2: as if there was no room. Before the engine (50) says that they are not in it.
    module.hook(
      "muc-occupant-groupchat",
      ({ room, occupant }) => {
        if (occupant || !room.isLocked()) return undefined;
        return new StanzaError({ type: "cancel", condition: "item-not-found", by: module.host });
      },
      60,
    );

    // XEP-0045 §10.1.3: who does not want the room after all does not get it. Before the engine (-2), which changes nothing.
    module.hook(
      `iq-set/bare/${NS_MUC_OWNER}:query`,
      (event) => {
        if (!isCancelled(event.stanza)) return undefined;
        const isNew = this.muc.getLiveRoomFromJid(String(event.stanza.attrs["to"]))?.isLocked() === true;
        return isNew ? this.muc.answerIq(event, (room) => discard(room, event.stanza)) : undefined;
      },
      -1,
    );
  }

  /** When its lock has ended, the room goes; unless it has been configured meanwhile, or another has its name. */
  #atExpiry(jid: BareJid, expiry: (room: Room) => number | undefined, seconds: number): Timer {
    return this.module.addTimer(Math.max(0, seconds), (now) => {
      const room = this.muc.getLiveRoomFromJid(jid);
      const at = room && expiry(room);
      if (!room || at === undefined) return undefined;
      if (at > now) return at - now;
      this.module.log("debug", "%s: nobody has configured it in time", jid);
      const done = room.run(() => abandon(room, "The room was not configured in time"));
      if (done instanceof Promise) done.catch(this.#report(jid));
      return undefined;
    });
  }

  #report(jid: BareJid): (error: unknown) => undefined {
    return (error) => {
      this.module.log("error", "%s could not be destroyed: %s", jid, error);
    };
  }
}
