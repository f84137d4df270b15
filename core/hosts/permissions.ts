import type { UserRole } from "../modules/api.js";
import { bare, domainOf, parseBareJid } from "../xmpp/jid.js";

/** Roles in order; each may do what those before it may (Prosody: `mod_authz_internal`). */
export const USER_ROLES: readonly UserRole[] = [
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
  readonly isServedHere: (domain: string) => boolean;
}

/** Who may do what on one host. JIDs are compared as prepared bare JIDs. */
export class Permissions {
  readonly #settings: PermissionSettings;
  /** Lowest role that has a permission, by default or by configuration. */
  readonly #granted = new Map<string, Set<UserRole>>();
  readonly #revoked = new Map<string, Set<UserRole>>();

  constructor(settings: PermissionSettings) {
    this.#settings = settings;
  }

  roleOf(jid: string): UserRole {
    const settings = this.#settings;
    const user = bare(jid);
    if (settings.operators.has(user)) return "prosody:operator";
    if (settings.admins.has(user)) return "prosody:admin";
    const domain = domainOf(jid);
    const own = settings.type === "local" ? settings.host : settings.parentHost;
    if (domain === own) return settings.hostUserRole;
    if (settings.type === "component" && settings.isServedHere(domain)) return settings.serverUserRole;
    return settings.publicUserRole;
  }

  grant(role: UserRole, permission: string): void {
    entryOf(this.#granted, permission).add(role);
  }

  /** Takes a permission from one role, whatever modules granted it (`remove_permissions`). */
  revoke(role: UserRole, permission: string): void {
    entryOf(this.#revoked, permission).add(role);
  }

  may(role: UserRole, permission: string): boolean {
    const granted = this.#granted.get(permission);
    const revoked = this.#revoked.get(permission);
    const rank = USER_ROLES.indexOf(role);
    return USER_ROLES.some((each, at) => at <= rank && granted?.has(each) === true && revoked?.has(each) !== true);
  }
}

function entryOf(map: Map<string, Set<UserRole>>, permission: string): Set<UserRole> {
  let roles = map.get(permission);
  if (!roles) map.set(permission, (roles = new Set()));
  return roles;
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
