/** Stores whose shape is known here, by kind of host; whatever else there is stays as it is. */
export const STORES = {
  muc: ["config", "persistent", "state", "muc_log", "vcard_muc"],
  accounts: ["accounts", "roster", "private", "vcard"],
} as const;

/** Names under which Chorus keeps what Prosody has not, and which are no store's of Prosody. */
export const OWN_STORES: ReadonlySet<string> = new Set([
  "auth_decoy",
  "muc_history",
  "occupants",
  "prosody_stores",
  "public_rooms",
]);

/** Which stores of Prosody's there are that nothing here reads: a map of the host, by name what they hold. */
export const KEPT_STORES = "prosody_stores";

/** Has another name for the store of vCards. */
export const CARDS_OPTION = "vcard_store_name";

export function isCards(store: string): boolean {
  return store === "vcard" || store === "vcard_muc";
}
