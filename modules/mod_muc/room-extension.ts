import { isDeepStrictEqual } from "node:util";
import type { ModuleApi } from "chorus-muc";
import type { Room } from "./room-api.js";
import type { RoomState, RoomStateOptions } from "./room-state.js";
import { LiveRoom } from "./room.js";

const METHODS = "muc-room-methods";

type Methods = Readonly<Record<string, unknown>>;

/** The class of one host's rooms: methods that modules give them are on its prototype. */
export function makeRoomClass(): typeof LiveRoom {
  return class extends LiveRoom {};
}

/** Offers `module.roomState` and `module.roomMethods` to the modules of the host. */
export function offerRoomApi(module: ModuleApi, roomClass: typeof LiveRoom): void {
  module.extendApi("roomState", () => (key: string, options?: RoomStateOptions<unknown>) => {
    return new KeyedState(key, options ?? {}) as unknown as RoomState<never, never>;
  });
  module.extendApi("roomMethods", (user) => (methods) => {
    user.addItem(METHODS, methods);
  });
  keepMethods(module, roomClass);
}

/** Puts methods on rooms while the modules that gave them are loaded; of several of one name, the last given counts. */
function keepMethods(module: ModuleApi, roomClass: typeof LiveRoom): void {
  const given: Methods[] = [];
  const settle = (name: string): void => {
    const latest = given.findLast((methods) => Object.hasOwn(methods, name));
    if (!latest) Reflect.deleteProperty(roomClass.prototype, name);
    else Object.defineProperty(roomClass.prototype, name, { value: latest[name], configurable: true, writable: true });
  };
  module.handleItems<Methods>(
    METHODS,
    (methods) => {
      for (const [name, method] of Object.entries(methods)) {
        if (typeof method !== "function") throw new TypeError(`roomMethods: ${name} must be a function`);
      }
      given.push(methods);
      Object.keys(methods).forEach(settle);
    },
    (methods) => {
      given.splice(given.indexOf(methods), 1);
      Object.keys(methods).forEach(settle);
    },
  );
}

class KeyedState implements RoomState<unknown, unknown> {
  readonly #key: string;
  readonly #default: unknown;
  readonly #persist: boolean;

  constructor(key: string, options: RoomStateOptions<unknown>) {
    if (typeof key !== "string" || key === "") throw new TypeError("roomState: key must be a string that is not empty");
    this.#key = key;
    this.#default = options.default;
    this.#persist = options.persist === true;
  }

  get(room: Room): unknown {
    const value = this.#read(room as LiveRoom);
    return value === undefined ? this.#default : value;
  }

  set(room: Room, value: unknown): boolean {
    const live = room as LiveRoom;
    const next = this.#isSame(value, this.#default) ? undefined : value;
    const before = this.#read(live);
    if (this.#isSame(before, next)) return false;
    live.steps.bare(() => {
      if (this.#persist) {
        live.touchData();
        if (next === undefined) Reflect.deleteProperty(live._data, this.#key);
        else live._data[this.#key] = next;
        live.save();
      } else {
        this.#keep(live, next);
        live.onRollback(() => {
          this.#keep(live, before);
        });
      }
    });
    return true;
  }

  #read(room: LiveRoom): unknown {
    return this.#persist ? room._data[this.#key] : room.transient.get(this.#key);
  }

  #keep(room: LiveRoom, value: unknown): void {
    if (value === undefined) room.transient.delete(this.#key);
    else room.transient.set(this.#key, value);
  }

  /** Stored values are what their JSON is; others are themselves. */
  #isSame(one: unknown, other: unknown): boolean {
    return this.#persist ? isDeepStrictEqual(one, other) : Object.is(one, other);
  }
}
