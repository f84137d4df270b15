import type { Config } from "../config/config.js";
import { Options } from "../config/options.js";
import type { UserRole } from "../modules/api.js";
import { nameprep } from "../xmpp/jid.js";
import type { Hosts } from "./hosts.js";
import { Permissions, parseUserRole, preparedJids } from "./permissions.js";

const GLOBAL = "*";

/** Roles and permissions of a host from `admins`, `parent_host`, `*_user_role`, `add_permissions`, `remove_permissions`. */
export function readPermissions(config: Config, hosts: Hosts, host: string): Permissions {
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
  const permissions = new Permissions({
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
  });
  const each = (option: string, apply: (role: UserRole, permission: string) => void): void => {
    const table = options.getOption(option);
    if (typeof table !== "object" || table === null) return;
    for (const [name, list] of Object.entries(table)) {
      const found = parseUserRole(name);
      if (!found) options.report(option, `expected roles as keys, got "${name}"`);
      else for (const permission of Array.isArray(list) ? list : [list]) apply(found, String(permission));
    }
  };
  each("add_permissions", (found, permission) => {
    permissions.grant(found, permission);
  });
  each("remove_permissions", (found, permission) => {
    permissions.revoke(found, permission);
  });
  return permissions;
}
