import { inject, injectable, ModuleApiToken, xml, type ModuleApi } from "chorus-muc";
import { invalidField, NS_MUC_USER, parseRole, type Role, type Room } from "chorus-muc/muc";

const FIELD = "muc#roomconfig_presencebroadcast";
const OPTION = "muc_room_default_presence_broadcast";
/** In the order in which they are shown. `none`: people with an affiliation who are not in the room. */
const ROLES: readonly Role[] = ["none", "visitor", "participant", "moderator"];
const STANDARD: ReadonlySet<Role> = new Set<Role>(["visitor", "participant", "moderator"]);

declare module "chorus-muc/muc" {
  interface Room {
    /** Who becomes visible is announced, who does not stay so is withdrawn. @returns false when it was so already */
    setPresenceBroadcast(roles: ReadonlySet<Role>): boolean;
  }
}

/** As stored: roles are keys. */
type StoredRoles = Readonly<Partial<Record<Role, boolean>>>;

function isSame(a: ReadonlySet<Role>, b: ReadonlySet<Role>): boolean {
  return ROLES.every((role) => a.has(role) === b.has(role));
}

/** A set of roles from words; `undefined` when one is no role, or there is none. */
function rolesFrom(words: readonly unknown[]): ReadonlySet<Role> | undefined {
  const roles = new Set<Role>();
  for (const word of words) {
    const role = typeof word === "string" ? parseRole(word) : undefined;
    if (role === undefined) return undefined;
    roles.add(role);
  }
  return roles.size === 0 ? undefined : roles;
}

/** The option: a list of roles, Prosody 0.12's `{ visitor = true }`, or one role. */
function rolesFromOption(value: unknown): ReadonlySet<Role> | undefined {
  if (Array.isArray(value)) return rolesFrom(value);
  if (typeof value === "string") return rolesFrom([value]);
  if (typeof value !== "object" || value === null) return undefined;
  return rolesFrom(Object.keys(value).filter((key) => (value as Record<string, unknown>)[key] === true));
}

/**
 * Shows only the presence of certain roles (XEP-0045 §16.5.3, `muc#roomconfig_presencebroadcast`), so that large rooms
 * need not hear of every listener. With `none` among them, members who are not in the room are shown as unavailable.
 *
 * New rooms: `muc_room_default_presence_broadcast` (a list of roles; default: everybody in the room).
 */
@injectable()
export default class MucPresenceBroadcast {
  static readonly requires = ["muc"];

  constructor(@inject(ModuleApiToken) private readonly module: ModuleApi) {}

  load(): void {
    const option = this.module.getOption(OPTION);
    const fallback = option === undefined ? STANDARD : rolesFromOption(option);
    if (!fallback) this.module.log("error", "%s: expected a list of roles; all are shown", OPTION);

    const stored = this.module.roomState<StoredRoles>("presence_broadcast", { persist: true });
    this.module.roomMethods({
      getPresenceBroadcast() {
        const roles = stored.get(this);
        return roles === undefined ? STANDARD : new Set(ROLES.filter((role) => roles[role] === true));
      },
      setPresenceBroadcast(roles) {
        const before = this.getPresenceBroadcast();
        if (isSame(before, roles)) return false;
        const value = Object.fromEntries([...roles].map((role) => [role, true]));
        stored.set(this, isSame(roles, STANDARD) ? undefined : value);
        announce(this, before, roles);
        return true;
      },
    });

    this.module.hook("muc-room-defaults", ({ room }) => {
      room.setPresenceBroadcast(fallback ?? STANDARD);
    });

    this.module.hook(
      "muc-config-form",
      ({ room, form }) => {
        const shown = room.getPresenceBroadcast();
        form.push({
          name: FIELD,
          type: "list-multi",
          label: "Only show participants with roles:",
          value: ROLES.filter((role) => shown.has(role)),
          options: ROLES.map((role) => ({ value: role, label: role })),
        });
      },
      63,
    );

    this.module.hook(`muc-config-submitted/${FIELD}`, ({ room, value, statusCodes }) => {
      const roles = Array.isArray(value) ? rolesFrom(value) : undefined;
      if (!roles) return invalidField(FIELD, "Required value missing");
      if (room.setPresenceBroadcast(roles)) statusCodes.add("104");
      return undefined;
    });
  }
}

function announce(room: Room, before: ReadonlySet<Role>, now: ReadonlySet<Role>): void {
  for (const [, occupant] of room.eachOccupant()) {
    const { role } = occupant;
    if (before.has(role) === now.has(role)) continue;
    const x = xml("x", { xmlns: NS_MUC_USER });
    room.publiciseOccupantStatus(occupant, x, undefined, undefined, undefined, undefined, before.has(role));
  }
}
