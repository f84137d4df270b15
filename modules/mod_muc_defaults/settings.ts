import { parseRole, type Role, type Room } from "chorus-muc/muc";

/** A setting of a room, to be made with the method of the module that keeps it. */
export interface Setting {
  /** As in the configuration. */
  readonly name: string;
  /** Method of rooms. */
  readonly method: string;
  readonly value: unknown;
}

interface Kind {
  readonly method: string;
  readonly expected: string;
  /** `undefined`: not of that kind. */
  readonly read: (value: unknown) => unknown;
}

const text = (method: string): Kind => ({
  method,
  expected: "a string",
  read: (value) => (typeof value === "string" ? value : undefined),
});
const flag = (method: string, meaning: (isOn: boolean) => unknown = (isOn) => isOn): Kind => ({
  method,
  expected: "true or false",
  read: (value) => (typeof value === "boolean" ? meaning(value) : undefined),
});

const KINDS: Readonly<Record<string, Kind>> = {
  name: text("setName"),
  description: text("setDescription"),
  lang: text("setLanguage"),
  password: text("setPassword"),
  allow_member_invites: flag("setAllowMemberInvites"),
  change_subject: flag("setChangesubject"),
  members_only: flag("setMembersOnly"),
  moderated: flag("setModerated"),
  persistent: flag("setPersistent"),
  public: flag("setPublic"),
  public_jids: flag("setWhois", (isOn) => (isOn ? "anyone" : "moderators")),
  logging: flag("setArchiving"),
  history_length: {
    method: "setHistorylength",
    expected: "a number of messages",
    read: (value) => (typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : undefined),
  },
  presence_broadcast: { method: "setPresenceBroadcast", expected: "roles", read: readRoles },
};

/** A list of roles, or Prosody's `{ visitor = true }`. */
function readRoles(value: unknown): ReadonlySet<Role> | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const words: unknown[] = Array.isArray(value)
    ? value
    : Object.entries(value).flatMap(([role, isShown]) => (isShown === true ? [role] : []));
  const roles = words.flatMap((word) => (typeof word === "string" ? (parseRole(word) ?? []) : []));
  return roles.length === 0 || roles.length < words.length ? undefined : new Set(roles);
}

/** Reads one setting; what is no setting, or has no such value, is reported and left out. */
export function readSetting(name: string, value: unknown, report: (problem: string) => void): Setting | undefined {
  const kind = Object.hasOwn(KINDS, name) ? KINDS[name] : undefined;
  if (!kind) {
    report(`config: ${name}: expected one of ${Object.keys(KINDS).join(", ")}`);
    return undefined;
  }
  const read = kind.read(value);
  if (read !== undefined) return { name, method: kind.method, value: read };
  // A password is no business of the log's.
  report(
    `config: ${name}: expected ${kind.expected}, got ${name === "password" ? typeof value : JSON.stringify(value)}`,
  );
  return undefined;
}

/** Makes a setting. @returns false when no module that is loaded keeps it */
export function applySetting(room: Room, { method, value }: Setting): boolean {
  const set: unknown = Reflect.get(room, method);
  if (typeof set !== "function") return false;
  Reflect.apply(set, room, [value]);
  return true;
}
