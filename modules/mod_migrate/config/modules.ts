/** Modules of Prosody 0.12 and 13.0, and those of its community that concern rooms or that Debian packages. */
import type { SettingExplanation } from "chorus-muc";
import { differently, each, notSupported, same } from "./knowledge.js";
import { ACCOUNT_FEATURE, FEDERATION, HTTP, PROCESS, STORAGE } from "./texts.js";

const SAME = `adhoc auth_anonymous auth_insecure auth_internal_hashed c2s cron disco iq message muc muc_mam muc_unique
  ping presence private register register_ibr roster saslauth server_contact_info time uptime
  user_account_management vcard version muc_config_restrict muc_defaults muc_auto_reserve_nicks muc_occupant_id
  muc_restrict_media muc_webchat_url muc_slow_mode`;

const WITH_A_WORD: readonly (readonly [name: string, explanation: SettingExplanation])[] = [
  ["tls", same("for clients; Chorus has no connections to other servers")],
  ["muc_moderation", same("also for clients of XEP-0425 0.3.0, and for all that somebody has said lately")],
  ["admin_socket", differently("is the socket of chorusctl; prosodyctl does not understand it")],
  ["vcard_legacy", differently("announces the picture of the vCard; there is no PEP to take one from")],
  ["muc_auto_member", differently("nobody is made a member in a moderated room, where members have a voice")],
  ["limits", differently("holds for clients (c2s): Chorus has no other connections to limit")],
  ["muc_limits", differently("limits each user, too, and not the room alone (muc_occupant_event_rate)")],
  ["muc_mention_notifications", differently("the room's owner, or muc_room_default_forward_mentions, has to want it")],
  ["muc_hats_adhoc", differently("its commands are those of XEP-0317 0.3.1")],
  ["muc_search", differently("searches by XEP-0433, and by fields (XEP-0055)")],
];

const PORT = "there is none here; docs/porting-from-lua.md tells how to bring a module over";
const BUILT_IN = "it is built in: leave it out";
const LOGS =
  "the module muc_mam keeps what is said, and muc_logs_url tells of the page of a room's logs; there is no page";

const NOT_SUPPORTED: readonly (readonly [text: string, names: string])[] = [
  [FEDERATION, "dialback s2s s2s_auth_certs s2s_auth_dane_in s2s_bidi server_info s2s_idle_timeout s2s_smacks_timeout"],
  [
    HTTP,
    `bosh http http_altconnect http_errors http_file_share http_files websocket atom bob http_libjs http_pep_avatar
    http_upload http_upload_external invites_api invites_page invites_register_web migrate_http_upload pastebin
    register_apps register_json register_web server_status webpresence unified_push`,
  ],
  [
    ACCOUNT_FEATURE,
    `account_activity announce auth_ldap auth_ccert auth_cyrus auth_dovecot auth_ha1 auth_ldap2 auth_oauthbearer
    auth_sql authz_internal blocklist block_strangers blocking broadcast c2s_conn_throttle carbons
    carbons_adhoc carbons_copies client_certs cloud_notify csi csi_battery_saver csi_simple default_bookmarks
    delegation external_services filter_chatstates firewall flags groups host_guard invites invites_adhoc
    invites_register ipcheck lastactivity lastlog lastlog2 legacyauth list_inactive log_auth mam mam_adhoc
    measure_active_users mimicking motd net_dovecotauth offline onions pep pep_plus pep_simple privacy_lists
    private_adhoc privilege proxy65 pubsub pubsub_feeds pubsub_mqtt pubsub_subscription pubsub_text_interface
    register_redirect require_otr sasl2 sasl2_bind2 sasl2_fast sasl2_sm sasl_oauthbearer seclabels smacks
    stanza_counter storage_ldap support_contact throttle_presence tokenauth tombstones turn_external
    turncredentials vjud watch_spam_reports watchregistrations welcome`,
  ],
  [PROCESS, "posix windows"],
  ["Chorus takes no components in: attach it and them to the same server", "component"],
  ['chorusctl does it: "chorusctl help" lists the commands', "admin_adhoc admin_shell admin_telnet adhoc_blacklist"],
  ['"chorusctl module reload" loads modules anew', "reload_modules"],
  ['"chorusctl metrics" tells what is measured', "http_openmetrics"],
  ['"chorusctl scenario" plays such scripts', "scansion_record"],
  [
    "debug lines of the log tell what happens (log = { debug = … })",
    "debug_reset debug_sql debug_stanzas stanza_debug",
  ],
  ["min_seconds_between_registrations limits them, with register_ibr", "register_limits"],
  ["there is no port for several protocols", "net_multiplex"],
  ["the module vcard keeps profiles", "vcard4"],
  ["the module private keeps bookmarks of rooms, where clients ask for it", "bookmarks"],
  [
    'write authentication = "internal_hashed": it reads clear-text passwords, and puts hashed ones in their place when they are used',
    "auth_internal_plain",
  ],
  ['there is "memory"', "storage_memory"],
  [STORAGE, "storage_internal storage_none storage_sql storage_xep0227 storage_muc_log storage_muconference_readonly"],
  [BUILT_IN, "muc_ping muc_lang"],
  ["it does nothing that is missed: leave it out", "unknown compat_muc_admin"],
  ["the module muc_hats_adhoc gives hats", "muc_hats_api"],
  [`rooms have vCards (muc_vcard): ${BUILT_IN}`, "vcard_muc"],
  ["write muc_mam, with the same options", "mam_muc muc_archive"],
  ["owners say in the room's form who may send private messages: leave it out", "muc_block_pm"],
  [LOGS, "muc_log muc_log_http http_muc_log"],
  ["muc_max_room_id and muc_regexp_room_id say what rooms may be called", "muc_restrict_rooms"],
  ["the module muc_confusable_nicks keeps nicks apart; a rule for nicks is a module of yours", "muc_restrict_nick"],
  [
    "the module muc_confusable_nicks keeps nicks apart; a rule for nicks is a module of yours",
    "muc_reserve_nick_pattern",
  ],
  ["examples/mod_muc_http_join asks a web service before each join", "muc_http_auth muc_http_defaults"],
  ["examples/mod_muc_webhooks posts what happens in rooms", "muc_eventsource"],
  ["the module muc_mention_notifications tells people of mentions", "muc_cloud_notify muc_notifications"],
  ["the module muc_restrict_media makes links of the media of strangers", "muc_hide_media"],
  ["the archive keeps marks and heeds hints: leave it out", "muc_mam_hints muc_mam_markers"],
  [
    PORT,
    `csi_muc_priorities groups_muc_bookmarks http_muc_kick measure_muc muc_access_control muc_adhoc_bots muc_badge
    muc_ban_ip muc_batched_probe muc_bot muc_dicebot muc_gc10 muc_inject_mentions muc_intercom muc_local_only
    muc_markers muc_media_metadata muc_members_json muc_offline_delivery muc_rai muc_require_tos
    muc_restrict_avatars muc_rtbl ping_muc saslauth_muc support_room track_muc_joins muc_auto_role`,
  ],
];

/** What is known of modules, by name. */
export const MODULES: ReadonlyMap<string, SettingExplanation> = new Map([
  ...each(SAME, same()),
  ...WITH_A_WORD,
  ...NOT_SUPPORTED.flatMap(([text, names]) => each(names, notSupported(text))),
]);
