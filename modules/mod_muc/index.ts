/**
 * The public API of rooms: what a module may import from `chorus-muc/muc`. Sections are those of XEP-0045 1.35.5.
 *
 * A module that works with rooms says `static requires = ["muc"]`, hooks the events of {@link MucEvents} through its
 * `module` object, and keeps what belongs to a room with `module.roomState()`. It may give rooms methods of its own:
 *
 * ```ts
 * declare module "chorus-muc/muc" {
 *   interface Room { getMotto(): string | undefined }
 * }
 *
 * load(): void {
 *   const motto = this.module.roomState<string>("motto", { persist: true });
 *   this.module.roomMethods({ getMotto() { return motto.get(this); } });
 * }
 * ```
 *
 * The methods are on every room of the host, the ones that exist already too, and go when the module is unloaded.
 *
 * @module chorus-muc/muc
 */
export * from "./namespaces.js";
export * from "./affiliations.js";
export * from "./roles.js";
export * from "./delay.js";
export * from "./form.js";
export * from "./stanza-ids.js";
export * from "./rsm.js";
export type * from "./occupant-api.js";
export type * from "./room-action.js";
export type * from "./room-api.js";
export type * from "./room-command.js";
export * from "./muc-api.js";
export type * from "./muc-events.js";
export type * from "./room-state.js";
export { instanceOf } from "./instance.js";
export { filterMucPayload } from "./client-payload.js";
export { guest, joinRoom, type GuestMethods, type RoomGuest } from "./testing.js";
