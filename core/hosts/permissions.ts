import type { UserRole } from "../modules/api.js";
import { bare, domainOf, parseBareJid } from "../xmpp/jid.js";

/** Roles in order; each may do what those before it may (Prosody: `mod_authz_internal`). */
const USER_ROLES: readonly UserRole[] = [
  "prosody:guest",
  "prosody:registered",
  "prosody:member",
  "prosody:admin",
  "prosody:operator",
];

/** Parser of the closed vocabulary; Prosody's names, with or without `prosody:`. */
export function parseUserRole(name: string): UserRole | undefined {
  return USER_ROLES.find((role) => role === name || role === `prosody:${name}`);
}

/** What a host's roles depend on: its options, already read. */
export interface PermissionSettings {
  readonly host: string;
  readonly type: "local" | "component";
  /** JIDs of the global section, who administer everything. */
  readonly operators: ReadonlySet<string>;
  /** JIDs of the host's own section. */
  readonly admins: ReadonlySet<string>;
  /** Component: whose users count as local. Default: the name without its first label. */
  readonly parentHost: string | undefined;
  /** Role of users of this VirtualHost, or of the component's parent host. */
  readonly hostUserRole: UserRole;
  /** Component: role of users of other hosts served here. */
  readonly serverUserRole: UserRole;
  /** Role of everybody else. */
  readonly publicUserRole: UserRole;
  /** Roles that were given or denied a permission by the operator (`add_permissions`, `remove_permissions`). */
  readonly granted: ReadonlyMap<string, ReadonlySet<UserRole>>;
  readonly revoked: ReadonlyMap<string, ReadonlySet<UserRole>>;
  readonly isServedHere: (domain: string) => boolean;
}

/** Who may do what on one host. JIDs are compared as prepared bare JIDs. */
export class Permissions {
  #settings: PermissionSettings;
  /** Roles that modules gave a permission, as often as they did. */
  readonly #defaults = new Map<string, readonly UserRole[]>();

  constructor(settings: PermissionSettings) {
    this.#settings = settings;
  }

  /** Puts the options of a configuration that was read again in place of the old ones; what modules granted stays. */
  configure(settings: PermissionSettings): void {
    this.#settings = settings;
  }

  /** The host itself, in whose name `chorusctl` acts, may do what its operators may; nobody else can have its JID. */
  roleOf(jid: string): UserRole {
    const settings = this.#settings;
    const user = bare(jid);
    if (user === settings.host) return "prosody:operator";
    if (settings.operators.has(user)) return "prosody:operator";
    if (settings.admins.has(user)) return "prosody:admin";
    const domain = domainOf(jid);
    const own = settings.type === "local" ? settings.host : settings.parentHost;
    if (domain === own) return settings.hostUserRole;
    if (settings.type === "component" && settings.isServedHere(domain)) return settings.serverUserRole;
    return settings.publicUserRole;
  }

  /**
   * Gives a role and those above it a permission, by default: the operator may have revoked it.
   * @returns how to take it back
   */
  grant(role: UserRole, permission: string): () => void {
    const rolesOf = (): readonly UserRole[] => this.#defaults.get(permission) ?? [];
    this.#defaults.set(permission, [...rolesOf(), role]);
    return () => {
      this.#defaults.set(permission, rolesOf().toSpliced(rolesOf().indexOf(role), 1));
    };
  }

  may(role: UserRole, permission: string): boolean {
    const { granted, revoked } = this.#settings;
    const rank = USER_ROLES.indexOf(role);
    return USER_ROLES.some(
      (each, at) =>
        at <= rank &&
        revoked.get(permission)?.has(each) !== true &&
        (granted.get(permission)?.has(each) === true || this.#defaults.get(permission)?.includes(each) === true),
    );
  }
}

/** The prepared bare JIDs in a set of texts; what is none is told to `onInvalid`. */
export function preparedJids(texts: Iterable<string>, onInvalid: (text: string) => void): Set<string> {
  const jids = new Set<string>();
  for (const text of texts) {
    const jid = parseBareJid(text);
    if (jid === undefined) onInvalid(text);
    else jids.add(jid);
  }
  return jids;
}
