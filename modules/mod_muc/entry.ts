import {
  bare,
  getChild,
  isRequest,
  mayBeAnswered,
  parseStrictJid,
  StanzaError,
  xml,
  type BareJid,
  type FullJid,
  type IqEvent,
  type OccupantJid,
  type StanzaEvent,
} from "chorus-muc";
import { enter } from "./join.js";
import { NS_MUC } from "./namespaces.js";
import { isStopped, refuse } from "./refusal.js";
import type { LiveRoom } from "./room.js";
import type { Service } from "./service.js";
import type { Task } from "./step.js";
import { goneError, isTombstone, isWeathered } from "./tombstone.js";

/** A stanza as it came in, whatever was made of it since. */
export interface ReceivedStanza {
  /** Answers it with an error. */
  refuse(error: StanzaError): void;
}

/** What is done with a stanza once its room is there, within the room's step. */
export type RoomHandler<E extends StanzaEvent> = (room: LiveRoom, event: E, received: ReceivedStanza) => void;

/** Whether an error would be an answer that nobody expects: to errors, results, and to somebody who is leaving. */
function isUnanswerable({ stanza }: StanzaEvent): boolean {
  return !mayBeAnswered(stanza) || (stanza.name === "presence" && stanza.attrs["type"] === "unavailable");
}

/** Whether a stanza asks for a room to enter (XEP-0045 §7.2.2). */
function isEntering({ stanza }: StanzaEvent): boolean {
  return (
    stanza.name === "presence" && stanza.attrs["type"] === undefined && getChild(stanza, "x", NS_MUC) !== undefined
  );
}

/**
 * The way of every stanza into a room: finds it (or has it made, for a join), waits for its turn, and handles it there.
 * @returns `true`: it is taken care of
 */
export function admit<E extends StanzaEvent>(service: Service, event: E, handle: RoomHandler<E>): true {
  const jid = bare(String(event.stanza.attrs["to"]));
  const { directory } = service;
  if (directory.isCreating(jid)) {
    const over = wait(event);
    directory.afterCreation(jid, () => {
      over?.();
      admit(service, event, handle);
    });
    return true;
  }
  try {
    const found = directory.find(jid);
    if (found instanceof Promise) {
      const over = wait(event);
      found.then(
        () => {
          over?.();
          admit(service, event, handle);
        },
        (error: unknown) => {
          over?.();
          notFound(service, event, jid, error);
        },
      );
    } else hand(service, event, jid, found, handle);
  } catch (error) {
    notFound(service, event, jid, error);
  }
  return true;
}

/**
 * A request to a room that is not there, or is a tombstone, is answered so whatever it asks for.
 * @returns `undefined` when the room is there
 */
export function refuseWithoutRoom(service: Service, event: IqEvent): undefined | true | Promise<undefined | true> {
  if (!isRequest(event.stanza)) return undefined;
  const jid = bare(String(event.stanza.attrs["to"]));
  const { directory } = service;
  if (directory.isCreating(jid)) {
    const decided = new Promise<void>((resolve) => {
      directory.afterCreation(jid, resolve);
    });
    return decided.then(() => refuseWithoutRoom(service, event));
  }
  const decide = (room: LiveRoom | undefined): undefined | true => {
    if (room && !isTombstone(room)) return undefined;
    return admit(service, event, () => {
      refuse(event, new StanzaError({ type: "cancel", condition: "service-unavailable" }));
    });
  };
  try {
    const found = directory.find(jid);
    return found instanceof Promise ? found.then(decide, () => decide(undefined)) : decide(found);
  } catch {
    return decide(undefined);
  }
}

/** What becomes of a stanza, the answer to an iq too, comes later. @returns says that it is finished */
function wait(event: StanzaEvent | IqEvent): (() => void) | undefined {
  if ("defer" in event && mayBeAnswered(event.stanza)) event.defer();
  return event.origin.backlog?.keep(event.stanza);
}

/** The room could not be restored: refused, or unreadable. */
function notFound(service: Service, event: StanzaEvent, jid: BareJid, error: unknown): void {
  if (isUnanswerable(event)) return;
  if (error instanceof StanzaError) refuse(event, error);
  else {
    service.module.log("error", "%s could not be read: %s", jid, error);
    refuse(event, new StanzaError({ type: "wait", condition: "internal-server-error", by: jid }));
  }
}

function hand<E extends StanzaEvent>(
  service: Service,
  event: E,
  jid: BareJid,
  room: LiveRoom | undefined,
  handle: RoomHandler<E>,
): void {
  const { module, directory, stores, clock } = service;
  if (!room) {
    unknownRoom(service, event, jid);
    return;
  }
  if (!isTombstone(room)) {
    new StanzaTask(service, event, room, handle).begin();
    return;
  }
  const mayRecreate = isEntering(event) && module.may(":recreate-destroyed-room", event);
  if (mayRecreate || isWeathered(room, clock.now() / 1000)) {
    directory.drop(room);
    stores.remove(room).catch((error: unknown) => {
      module.log("error", "%s: a tombstone could not be removed: %s", jid, error);
    });
    unknownRoom(service, event, jid);
  } else if (!isUnanswerable(event)) refuse(event, goneError(room, String(event.stanza.attrs["from"])));
}

function unknownRoom(service: Service, event: StanzaEvent, jid: BareJid): void {
  if (isUnanswerable(event)) return;
  const { host } = service.module;
  if (parseStrictJid(jid) !== jid)
    refuse(event, new StanzaError({ type: "modify", condition: "jid-malformed", by: host }));
  else if (isEntering(event) && event.stanza.attrs["to"] !== jid) create(service, event, jid);
  else refuse(event, new StanzaError({ type: "cancel", condition: "item-not-found", by: host }));
}

/** What a stanza has to do in its room. */
class StanzaTask<E extends StanzaEvent> implements Task, ReceivedStanza {
  readonly #service: Service;
  readonly #room: LiveRoom;
  readonly #handle: RoomHandler<E>;
  /** What is done with a stanza may change it, its sender too: an error is an answer to what came in. */
  readonly #attrs: Record<string, string>;
  #isOver = false;
  #onOver: (() => void) | undefined;

  constructor(
    service: Service,
    readonly event: E,
    room: LiveRoom,
    handle: RoomHandler<E>,
  ) {
    this.#service = service;
    this.#room = room;
    this.#handle = handle;
    this.#attrs = { ...event.stanza.attrs };
  }

  /** Begins, or takes its place among those that wait. */
  begin(): void {
    this.#room.steps.take(String(this.#attrs["from"]), this);
    if (!this.#isOver) this.#onOver = wait(this.event);
  }

  work(): void {
    // Its room may have ended while it waited for its turn.
    if (this.#room.isTracked) this.#handle(this.#room, this.event, this);
    else admit(this.#service, this.event, this.#handle);
  }

  fail(error: StanzaError): void {
    this.done();
    if (!isUnanswerable(this.event)) this.refuse(error);
  }

  refuse(error: StanzaError): void {
    const { origin, stanza } = this.event;
    refuse({ origin, stanza: xml(stanza.name, this.#attrs) }, error);
  }

  done(): void {
    this.#isOver = true;
    this.#onOver?.();
  }
}

/** Somebody enters a room that is not there: it is made for them (XEP-0045 §10.1). */
function create(service: Service, event: StanzaEvent, jid: BareJid): void {
  const { directory, roomClass } = service;
  const room = new roomClass(service, jid);
  directory.reserve(jid);
  let isDecided = false;
  let over: (() => void) | undefined;
  const decided = (): void => {
    isDecided = true;
    over?.();
    directory.decided(jid);
  };
  room.steps.take(String(event.stanza.attrs["from"]), {
    event,
    work: () => {
      firstPresence(service, event, room);
    },
    fail: (error) => {
      refuse(event, error);
      decided();
    },
    done: decided,
  });
  if (!isDecided) over = wait(event);
}

function firstPresence(service: Service, event: StanzaEvent, room: LiveRoom): void {
  const { module, directory } = service;
  const { origin, stanza } = event;
  room.found();
  const verdict = module.fireEventAsync("muc-room-pre-create", { room, origin, stanza });
  room.steps.decide(verdict, (answer) => {
    if (isStopped(event, answer)) return;
    if (!directory.hasSpace()) {
      refuse(event, new StanzaError({ type: "wait", condition: "resource-constraint", by: module.host }));
      return;
    }
    directory.track(room);
    room.onRollback(() => {
      directory.drop(room);
    });
    enter(room, event, stanza.attrs["to"] as OccupantJid, true);
  });
}

/** What the service does with a room that is being created. */
export function hookCreation(service: Service): void {
  const { module } = service;
  const restriction = module.getOptionEnum<boolean | string>("restrict_room_creation", false, true, false, "local");
  module.defaultPermission("prosody:admin", ":create-room");
  if (restriction !== true) module.defaultPermission("prosody:registered", ":create-room");
  // After the lock (10), which is set whatever the defaults are.
  module.hook(
    "muc-room-pre-create",
    ({ room, stanza }) => {
      module.fireEvent("muc-room-defaults", { room, stanza });
      return undefined;
    },
    1,
  );
  if (restriction !== false) {
    module.hook("muc-room-pre-create", (event) => {
      if (module.may(":create-room", event)) return undefined;
      const text = "Room creation is restricted";
      return new StanzaError({ type: "cancel", condition: "not-allowed", text, by: module.host });
    });
  }
  // When it is allowed: whoever makes the room owns it (XEP-0045 §10.1.1).
  module.hook(
    "muc-room-pre-create",
    ({ room, stanza }) => {
      room.setAffiliation(true, bare(stanza.attrs["from"] as FullJid), "owner");
      return undefined;
    },
    -1,
  );
}
