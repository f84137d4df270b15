/** The engine's part of `chorus-muc/muc`, and all of it at run time; `../declarations.ts` is what TypeScript finds there. */
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
export type { SentMessage } from "./sent-message.js";
export { instanceOf } from "./instance.js";
export { filterMucPayload } from "./client-payload.js";
export { guest, joinRoom, type GuestMethods, type RoomGuest } from "./testing.js";
