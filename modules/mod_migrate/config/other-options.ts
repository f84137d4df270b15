/** Options of Prosody 0.12 and 13.0, and of its community's modules for rooms, that are not read here. */
import type { SettingExplanation } from "chorus-muc";
import { each, notSupported } from "./knowledge.js";
import { ACCOUNT_FEATURE, FEDERATION, HTTP, PROCESS, STORAGE } from "./texts.js";

const TUNING = "what it tunes is not there: leave it out";
const NO_MODULE = "the module that it is for is not there";

const GROUPS: readonly (readonly [text: string, names: string])[] = [
  [
    FEDERATION,
    `allow_anonymous_s2s dialback_secret disallow_s2s s2s_allow_encryption s2s_close_timeout s2s_direct_tls_ports
    s2s_insecure_domains s2s_interfaces s2s_max_child_elements s2s_ports s2s_require_encryption s2s_secure_auth
    s2s_secure_domains s2s_send_queue_size s2s_stanza_size_limit s2s_tcp_keepalives s2s_timeout
    s2s_unauthed_stanza_size_limit smacks_enabled_s2s smacks_s2s_resend use_dane tls_server_end_point_hash
    unbound server_info server_info_extensions external_addresses connectivity_probe`,
  ],
  [
    HTTP,
    `access_control_allow_credentials access_control_allow_headers access_control_allow_methods
    access_control_allow_origins access_control_max_age advertise_bosh advertise_websocket body_size_limit
    bosh_max_inactivity bosh_max_polling bosh_max_wait bosh_ports bosh_interfaces buffer_size_limit
    consider_bosh_secure consider_websocket_secure cross_domain_bosh
    cross_domain_websocket http_cors_override http_default_cors_enabled http_default_host http_dir_listing
    http_errors_always_show http_errors_default_message http_errors_detailed http_errors_messages http_external_url
    http_files_cache_max_file_size http_files_cache_size http_files_dir http_host http_index_files http_interfaces
    http_legacy_x_forwarded http_max_buffer_size http_max_content_size http_path http_paths http_ports
    https_interfaces https_ports https_certificate mime_types_file trusted_proxies websocket_frame_buffer_limit
    websocket_frame_fragment_limit websocket_get_response_body websocket_get_response_text
    http_file_share_access http_file_share_allowed_file_types http_file_share_base_url http_file_share_daily_quota
    http_file_share_expires_after http_file_share_global_quota http_file_share_safe_file_types
    http_file_share_secret http_file_share_size_limit http_upload_file_size_limit`,
  ],
  [
    ACCOUNT_FEATURE,
    `additional_registration_fields allow_anonymous_storage allow_contact_invites allow_user_invites
    allow_user_invites_by_roles allowlist_registration_only archive_store autocreate_on_publish
    autocreate_on_subscribe blacklist_on_registration_throttle_overload blocklist_cache_size
    blocklist_on_registration_throttle_overload bounce_blocked_messages csi_important_payloads csi_queue_size
    csi_resume_inactive_delay default_admin_affiliation default_archive_policy default_provisioned_role
    deny_user_invites_by_roles dont_archive_namespaces expose_publisher external_service_access
    external_service_host external_service_port external_service_secret external_service_ttl external_services
    groups_file invite_expiry invites_page invites_page_module invites_page_supports mam_smart_enable
    migrate_legacy_blocking motd_jid motd_text pep_info_cache_size pep_max_items pep_service_cache_size
    proxy65_acl proxy65_address proxy65_interfaces proxy65_open_access proxy65_port proxy65_ports pubsub_max_items
    pubsub_summary_templates push_max_devices push_max_errors push_max_hibernation_timeout
    push_notification_important_body push_notification_with_body push_notification_with_sender
    register_ibr_default_role registration_allowlist registration_blacklist registration_blocklist
    registration_compat registration_delete_grace_period registration_from registration_instructions
    registration_invite_only registration_notification registration_notification_type
    registration_throttle_cache_size registration_throttle_max registration_throttle_period registration_title
    registration_watchers registration_whitelist smacks_hibernation_time smacks_max_ack_delay
    smacks_max_inactive_unacked_stanzas smacks_max_old_sessions smacks_max_queue_size
    smacks_max_unacked_stanzas tombstone_cache_size turn_external_host turn_external_port turn_external_secret
    turn_external_tcp turn_external_tls_port turn_external_ttl turn_external_user upgrade_legacy_bookmarks
    upgrade_legacy_vcards user_tombstone_expiry welcome_message whitelist_registration_only
    token_auth_access_time_granularity tokenless_grant_ttl os_version_command vcard_compatibility
    roster_allow_unapproved insecure_sasl_mechanisms legacyauth_require_encryption`,
  ],
  [
    "attach Chorus to Prosody, which has these accounts",
    `ldap_admin_filter ldap_admins ldap_base ldap_filter ldap_mode ldap_password ldap_rootdn ldap_scope ldap_server
    ldap_tls realm`,
  ],
  [PROCESS, "daemonize no_daemonize prosody_group prosody_user run_as_root umask syslog_facility"],
  [
    TUNING,
    `archive_cleanup_date_cache_size gc libevent network_backend network_default_read_size
    muc_log_cleanup_date_cache_size storage_archive_item_limit_cache_size storage_archive_experimental_fast_delete
    storage_async_check storage_memory_temporary storage_memory_temporary_stores tcp_keepalives c2s_tcp_keepalives
    component_tcp_keepalives use_ipv4 use_ipv6 use_libevent validate_from_addresses error_library
    force_module_reload strict_deprecate_is_admin prosodyctl_timeout prosodyctl_service_warnings plugin_server
    installer_plugin_path load_global_modules console_prettyprint_settings console_banner admin_shell_prompt`,
  ],
  ["a client goes on as soon as it may, whatever the time: leave it out", "limits_resolution"],
  ["use c2s_stanza_size_limit", "c2s_max_child_elements"],
  [
    "Chorus takes no components in: attach it and them to the same server",
    `component_ports component_interfaces component_conflict_resolve component_port
    component_interface`,
  ],
  ["chorusctl works over admin_socket; there is no console", "console_ports console_interfaces console_port"],
  [STORAGE, "sql_manage_tables sqlite_tune"],
  ["rooms are written in one way, and the importer reads both of Prosody's", "new_muc_storage_format"],
  ["write muc_log_include_total", "mam_include_total"],
  ["c2s_interfaces holds for these ports, too", "c2s_direct_tls_interfaces"],
  ["write c2s_direct_tls_ports", "legacy_ssl_ports legacy_ssl_port ssl_ports legacy_ssl_interfaces legacy_ssl_ssl"],
  ["write c2s_ports", "ports c2s_port"],
  ["write interfaces or c2s_interfaces", "interface local_interfaces c2s_interface"],
  ['write authentication = "anonymous"', "anonymous_login"],
  ["write c2s_require_encryption", "require_encryption"],
  ["write certificates, or ssl = { certificate = …, key = … }", "certificate c2s_certificate client_https_ssl c2s_ssl"],
  ["TLS 1.2 or later, with Node's choice of ciphers", "tls_profile ssl_compression"],
  ["write contact_info, with the module server_contact_info", "disco_expose_admins"],
  ["there are the five roles of Prosody; add_permissions gives them more", "custom_roles"],
  ["roles are built in", "authorization"],
  ["passwords get keys of SHA-1 and SHA-256 both", "password_hash"],
  ['what is measured is told by "chorusctl metrics"', "statistics statistics_config statistics_interval"],
  ['what is measured is told by "chorusctl metrics"', "openmetrics_allow_cidr openmetrics_allow_ips"],
  ["there is no port for several protocols", "multiplex_buffer_size"],
  [
    NO_MODULE,
    `muc_access_lists adhoc_bots badge_count badge_template muc_ban_ip_trust_local_restricted_services
    muc_ban_ip_trusted_services bots_get_messages ignore_bot_errors known_bots muc_dicebot_rooms
    muc_room_default_hide_media muc_inject_mentions_append_mentions muc_inject_mentions_disabled_rooms
    muc_inject_mentions_enabled_rooms muc_inject_mentions_mention_delimiters
    muc_inject_mentions_prefix_mandatory muc_inject_mentions_prefixes muc_inject_mentions_reserved_nicks
    muc_inject_mentions_strip_out_prefixes muc_inject_mentions_suffixes muc_inject_mentions_use_bare_jid
    muc_local_only muc_marker_rewrite_id muc_marker_summary_on_join muc_marker_type muc_members_json_mucs
    muc_members_json_url muc_notification_invite muc_offline_delivery_default muc_rai_max_subscribers
    tos_no_message tos_welcome_message tos_yes_message muc_reserve_nick_patterns muc_restrict_nick_pattern
    muc_rtbl_jid muc_rtbl_node muc_log_http http_muc_kick_authorization_header`,
  ],
  [
    `${NO_MODULE}; examples/mod_muc_http_join asks a web service before each join`,
    `muc_http_auth_authorization_header muc_http_auth_authorize_registration muc_http_auth_disabled_for
    muc_http_auth_enabled_for muc_http_auth_insecure muc_http_auth_url muc_create_api_auth muc_create_api_url`,
  ],
  [
    "muc_max_room_id and muc_regexp_room_id say what rooms may be called",
    "muc_restrict_allow_admins muc_restrict_exceptions muc_restrict_matching",
  ],
];

/** Names that follow a rule. */
const PATTERNS: readonly (readonly [pattern: RegExp, text: string])[] = [
  [/^(s2s|dialback)_/, FEDERATION],
  [/^(https?|bosh|websocket)_/, HTTP],
  [/_(ports?|interfaces?|ssl|certificate)$/, "nothing here listens there"],
  [/^(smacks|csi|pep|push|mam|invites?|registration|proxy65|turn|external_service)_/, ACCOUNT_FEATURE],
  [/^ldap_/, "attach Chorus to Prosody, which has these accounts"],
];

const BY_NAME = new Map(GROUPS.flatMap(([text, names]) => each(names, notSupported(text))));

/** Options that are known, and not read here. */
export const OTHER_OPTIONS: ReadonlySet<string> = new Set(BY_NAME.keys());

/** What is told of one of them. */
export function explainOther(name: string): SettingExplanation | undefined {
  const pattern = PATTERNS.find(([expression]) => expression.test(name));
  return BY_NAME.get(name) ?? (pattern && notSupported(pattern[1]));
}
