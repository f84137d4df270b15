import type { RoomData } from "./room-api.js";

/** Key in `_data` of what tells a room from others of its name. */
export const INSTANCE = "instance";

/** {@link Room.instance} of a room with that data; `undefined`: it was not made here. */
export function instanceOf(data: RoomData): string | undefined {
  const instance = data[INSTANCE];
  return typeof instance === "string" ? instance : undefined;
}
