/** Options that are read here: as in Prosody, or in another way. */
import { differently, each, notSupported, same, type Concern, type OptionKnowledge } from "./knowledge.js";

const of = (concern: Concern, explanation: Omit<OptionKnowledge, "concern">): OptionKnowledge => ({
  concern,
  ...explanation,
});

const ROOMS: readonly [string, OptionKnowledge][] = [
  ...each(
    `admins enabled name modules_enabled modules_disabled disco_hidden parent_host
    host_user_role server_user_role public_user_role add_permissions remove_permissions contact_info
    muc_max_rooms muc_tombstones muc_tombstone_expiry muc_room_locking muc_room_allow_persistent muc_room_allow_public
    muc_occupant_id muc_hats_compat muc_vcard muc_avatar_advertise_hashes vcard_store_name
    muc_room_default_public muc_room_default_persistent muc_room_default_members_only
    muc_room_default_allow_member_invites muc_room_default_moderated muc_room_default_public_jids
    muc_room_default_change_subject muc_room_default_history_length muc_room_default_language
    muc_room_default_allow_pm muc_room_default_always_allow_moderator_pms
    allow_unaffiliated_register enforce_registered_nickname muc_registration_include_form
    max_history_messages muc_log_by_default muc_log_all_rooms muc_log_presences muc_log_expires_after
    muc_log_include_total max_archive_query_results muc_mam_remove_expired_messages_period storage_archive_item_limit
    default_mucs muc_defaults muc_config_restricted muc_room_default_restrict_media muc_webchat_baseurl
    muc_mmn_notify_unaffiliated_users
    muc_event_rate muc_burst_factor muc_limit_base_cost muc_line_count_multiplier muc_max_nick_length
    muc_max_char_count muc_max_line_count muc_limit_joins_only`,
    of("rooms", same()),
  ),
  [
    "component_admins_as_room_owners",
    of("rooms", same("when it is not set it is false, as in Prosody 13; Prosody 0.12 takes it for true")),
  ],
  [
    "restrict_room_creation",
    of("rooms", { ...same(), values: { admin: differently('Prosody 0.12 takes "admin" for true: write true') } }),
  ],
  [
    "muc_room_default_presence_broadcast",
    of("rooms", same("a table of roles, as in Prosody 0.12; Prosody 13 passes over it")),
  ],
  [
    "muc_room_lock_timeout",
    of("rooms", differently("a room that nobody has configured by then is destroyed; Prosody opens it")),
  ],
  ["muc_room_cache_size", of("rooms", differently("counts the rooms without occupants only"))],
  [
    "archive_expires_after",
    of(
      "rooms",
      differently(
        "is the default of muc_log_expires_after; archives of accounts, which it is for in Prosody, are not here",
      ),
    ),
  ],
];

const ACCOUNTS: readonly [string, OptionKnowledge][] = [
  ...each(
    `allow_registration min_seconds_between_registrations allow_unencrypted_plain_auth disable_sasl_mechanisms
    c2s_ports c2s_direct_tls_ports c2s_interfaces c2s_require_encryption c2s_stanza_size_limit
    c2s_unauthed_stanza_size_limit c2s_timeout c2s_close_timeout conflict_resolve certificates
    default_iteration_count default_user_role disco_items ignore_presence_priority insecure_open_authentication
    interfaces unlimited_jids`,
    of("accounts", same()),
  ),
  ["limits", of("accounts", differently("holds for clients (c2s): Chorus has no other connections to limit"))],
  ["network_settings", of("accounts", differently("send_timeout is read; what the others tune is not there"))],
  ["hide_os_type", of("accounts", same("when it is not set it is true; Prosody takes it for false"))],
  [
    "authentication",
    of("accounts", {
      ...same(),
      values: {
        internal_plain: notSupported(
          'write "internal_hashed": it reads clear-text passwords, and puts hashed ones in their place when they are used',
        ),
        ldap: notSupported("attach Chorus to Prosody, which has these accounts"),
      },
    }),
  ],
  [
    "ssl",
    of(
      "accounts",
      differently("certificate and key are read; protocol and ciphers are TLS 1.2 or later with Node's choice"),
    ),
  ],
];

const SERVER: readonly [string, OptionKnowledge][] = [
  ...each("cron_initial_delay cron_check_delay cron_spread_factor debug log", of("server", same())),
  [
    "data_path",
    of("server", differently("is the folder of Chorus's own database: give it one of its own, and import into it")),
  ],
  [
    "plugin_paths",
    of(
      "server",
      differently("modules there are TypeScript or JavaScript; Lua ones are not loaded (docs/porting-from-lua.md)"),
    ),
  ],
  [
    "admin_socket",
    of("server", differently("is the socket of chorusctl; Prosody's prosodyctl does not understand it")),
  ],
  [
    "component_secret",
    of(
      "server",
      differently("is the secret by which Chorus attaches to component_upstream; Chorus takes no components in"),
    ),
  ],
  [
    "storage",
    of("server", {
      ...same(),
      values: {
        none: notSupported("leave the store out: what is written is kept"),
      },
    }),
  ],
  ["default_storage", of("server", same())],
  ["sql", of("server", same('with storage = "sql", which shares the database with Prosody, by turns'))],
  ["pidfile", of("server", differently("keeps Chorus from starting on data of a Prosody that runs; none is written"))],
  ["component_stanza_size_limit", of("server", differently("of what the server sends that Chorus is attached to"))],
];

/** Options that Prosody has not. */
const OWN: readonly [string, OptionKnowledge][] = [
  ...each(
    `archive_durability muc_affiliation_versioning_max_changes muc_explicit_kick muc_hats_max muc_hook_timeout
    muc_invite_new_members muc_kept_voices muc_max_occupants muc_max_occupants_reserve muc_max_password
    muc_max_room_desc muc_max_room_id muc_max_room_name muc_max_subject muc_mmn_max_per_minute muc_mmn_max_recipients
    muc_occupant_burst_factor muc_occupant_event_rate muc_regexp_room_id muc_registration_requests
    muc_room_default_allow_visitor_nick_change muc_room_default_confusable_nicks muc_room_default_forward_mentions
    muc_room_default_registration_approval muc_search_allow_all muc_search_max_results muc_shutdown_notice
    muc_slow_mode_duration vcard_max_size module_max_failures`,
    of("rooms", same("Chorus's own")),
  ),
  ...each(
    "c2s_max_auth_failures c2s_max_backlog c2s_max_pending c2s_stanza_timeout max_resources self_signed_certificates",
    of("accounts", same("Chorus's own")),
  ),
  ...each(
    "component_max_backlog component_max_pending component_send_timeout component_stanza_timeout component_upstream",
    of("server", same("Chorus's own")),
  ),
];

/** What is read here, by name. */
export const READ_OPTIONS: ReadonlyMap<string, OptionKnowledge> = new Map([...ROOMS, ...ACCOUNTS, ...SERVER, ...OWN]);

/** Those of them that are periods, which Prosody reads where Chorus asks for a clear unit. */
export const PERIODS: ReadonlySet<string> = new Set(
  `archive_expires_after muc_log_expires_after muc_mam_remove_expired_messages_period muc_room_lock_timeout
  muc_tombstone_expiry c2s_timeout c2s_close_timeout min_seconds_between_registrations`.split(/\s+/),
);
