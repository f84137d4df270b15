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

// What TypeScript finds behind `chorus-muc/muc`: the API of rooms, with what the modules that come with Chorus add to it,
// such as `room.getSubject()`, the events that they fire and what `module.depends()` returns of them. At run time it is
// `mod_muc/index.js` alone. A test compares the list with the modules that declare something.
export * from "./mod_muc/index.js";

export type {} from "./mod_adhoc/index.js";
export type {} from "./mod_muc_confusable_nicks/index.js";
export type {} from "./mod_muc_contacts.js";
export type {} from "./mod_muc_description.js";
export type {} from "./mod_muc_hidden.js";
export type {} from "./mod_muc_history/index.js";
export type {} from "./mod_muc_language.js";
export type {} from "./mod_muc_lock.js";
export type {} from "./mod_muc_logs_url.js";
export type {} from "./mod_muc_mam/index.js";
export type {} from "./mod_muc_members_only.js";
export type {} from "./mod_muc_mention_notifications.js";
export type {} from "./mod_muc_moderated.js";
export type {} from "./mod_muc_name.js";
export type {} from "./mod_muc_occupant_id.js";
export type {} from "./mod_muc_password.js";
export type {} from "./mod_muc_persistent.js";
export type {} from "./mod_muc_presence_broadcast.js";
export type {} from "./mod_muc_register/index.js";
export type {} from "./mod_muc_register_approval/index.js";
export type {} from "./mod_muc_restrict_media.js";
export type {} from "./mod_muc_restrict_pm.js";
export type {} from "./mod_muc_retraction/index.js";
export type {} from "./mod_muc_slow_mode.js";
export type {} from "./mod_muc_subject.js";
export type {} from "./mod_muc_visitor_nicks.js";
export type {} from "./mod_muc_whois.js";
export type {} from "./mod_roster/index.js";
export type {} from "./mod_vcard.js";
