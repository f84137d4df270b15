import type { Room } from "./room-api.js";

/** How a room's state is kept; see `module.roomState`. */
export interface RoomStateOptions<T> {
  /** What `get` returns while nothing is set. */
  readonly default?: T;
  /**
   * `true`: stored with the room, as `room._data[key]`, so it must be JSON. `false` (default): lives as long as the
   * room is in memory, over a reload of the module too.
   */
  readonly persist?: boolean;
}

/**
 * A value of one kind that rooms have, in the hands of the module that owns it.
 *
 * Setting is part of the room's step: a step that fails puts it back. A persistent room is saved at the end of a step
 * that set a persistent value.
 */
export interface RoomState<T, D = undefined> {
  /** The value of a room; while none is set, the default. */
  get(room: Room): T | D;
  /**
   * `undefined` removes; so does a value that equals the default.
   * @returns false when that was the value already
   */
  set(room: Room, value: T | undefined): boolean;
}
