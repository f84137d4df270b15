import { GLOBAL, type Config } from "../config/config.js";
import { Options } from "../config/options.js";
import type { UserRole } from "../modules/api.js";
import { nameprep } from "../xmpp/jid.js";
import type { Hosts } from "./hosts.js";
import { parseUserRole, preparedJids, type PermissionSettings } from "./permissions.js";

/** Options about roles and permissions of a host: `admins`, `parent_host`, `*_user_role`, `add_permissions`, `remove_permissions`. */
export function readPermissionSettings(config: Config, hosts: Hosts, host: string): PermissionSettings {
  const options = new Options(config, host);
  const jids = (value: unknown): Set<string> =>
    preparedJids((Array.isArray(value) ? value : value === undefined ? [] : [value]).map(String), (text) => {
      options.report("admins", `expected JIDs, got "${text}"`);
    });
  const role = (option: string, fallback: UserRole): UserRole => {
    const text = options.getOptionString(option, fallback);
    const found = parseUserRole(text);
    if (!found) options.report(option, `expected a role such as "prosody:registered", got "${text}"`);
    return found ?? fallback;
  };
  const parentHost = (): string | undefined => {
    const named = options.getOptionString("parent_host");
    if (named === undefined) return host.includes(".") ? host.slice(host.indexOf(".") + 1) : undefined;
    const prepared = nameprep(named);
    if (prepared === undefined) options.report("parent_host", `expected the name of a host, got "${named}"`);
    return prepared;
  };
  const type = hosts.get(host)?.type ?? "local";
  const anonymous = options.getOption("authentication") === "anonymous";
  const lists = (option: string): Map<string, Set<UserRole>> => {
    const byPermission = new Map<string, Set<UserRole>>();
    const table = options.getOption(option);
    for (const [name, list] of typeof table === "object" && table !== null ? Object.entries(table) : []) {
      const found = parseUserRole(name);
      if (!found) options.report(option, `expected roles as keys, got "${name}"`);
      else {
        for (const permission of [list].flat().map(String)) {
          byPermission.set(permission, (byPermission.get(permission) ?? new Set()).add(found));
        }
      }
    }
    return byPermission;
  };
  return {
    host,
    type,
    operators: jids(config.getOwn(GLOBAL, "admins")),
    admins: jids(config.getOwn(host, "admins")),
    parentHost: parentHost(),
    hostUserRole:
      type === "local"
        ? role("default_user_role", anonymous ? "prosody:guest" : "prosody:registered")
        : role("host_user_role", "prosody:registered"),
    serverUserRole: role("server_user_role", "prosody:guest"),
    publicUserRole: type === "local" ? "prosody:guest" : role("public_user_role", "prosody:guest"),
    isServedHere: (domain) => hosts.get(domain)?.type === "local",
    granted: lists("add_permissions"),
    revoked: lists("remove_permissions"),
  };
}
