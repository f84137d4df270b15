import { inject, injectable, ModuleApiToken, type FullJid, type ModuleApi } from "chorus-muc";
import { isAtLeast, type FormValue, type Room } from "chorus-muc/muc";

const FIELD = "muc#roomconfig_getmemberlist";

/** Whom an owner may choose: roles of those inside, and members wherever they are. */
const READERS = [
  { value: "moderator", label: "Moderators" },
  { value: "participant", label: "Participants" },
  { value: "visitor", label: "Visitors" },
  { value: "member", label: "Members, also when they are not in the room" },
] as const;

/** In the order of the form, each once. */
function readersIn(value: FormValue): string[] {
  const chosen = new Set(Array.isArray(value) ? (value as readonly string[]) : []);
  return READERS.map((reader) => reader.value).filter((reader) => chosen.has(reader));
}

/**
 * Lets owners decide who may read the lists of owners, admins and members of a room, beside its owners and admins
 * (XEP-0045 §9.5, §16.5.3, `muc#roomconfig_getmemberlist`). Without a choice members may, where everybody sees real
 * JIDs: clients need the lists to encrypt for all of them.
 *
 * The lists are of real JIDs, so whoever does not see these in the room does not get a list either (§5.2.1).
 */
@injectable()
export default class MucMemberList {
  static readonly requires = ["muc"];

  constructor(@inject(ModuleApiToken) private readonly module: ModuleApi) {}

  load(): void {
    const stored = this.module.roomState<readonly string[]>("getmemberlist", { persist: true });
    const byDefault = (room: Room): readonly string[] => (room.getWhois() === "anyone" ? ["member"] : []);

    this.module.hook(
      "muc-config-form",
      ({ room, form }) => {
        form.push({
          name: FIELD,
          type: "list-multi",
          label: "Roles and affiliations that may retrieve the member list",
          desc: "Of those who see real addresses; owners and admins always may",
          value: stored.get(room) ?? byDefault(room),
          options: READERS,
        });
      },
      75,
    );

    this.module.hook(`muc-config-submitted/${FIELD}`, ({ room, value, statusCodes }) => {
      const readers = readersIn(value);
      const isDefault = String(readers) === String(byDefault(room));
      if (stored.set(room, isDefault ? undefined : readers)) statusCodes.add("104");
      return undefined;
    });

    this.module.hook("muc-may-see-list", ({ room, actor, affiliation }) => {
      const readers = stored.get(room);
      const own = room.getAffiliation(actor);
      // Bans, and what admins may see, are none of an owner's choice.
      if (readers === undefined || affiliation === "outcast" || isAtLeast(own, "admin")) return undefined;
      return !room.isAnonymousFor(actor) && isAmong(readers, room, actor);
    });
  }
}

function isAmong(readers: readonly string[], room: Room, actor: FullJid): boolean {
  if (readers.includes("member") && room.getAffiliation(actor) === "member") return true;
  const role = room.getOccupantByRealJid(actor)?.role;
  return role !== undefined && readers.includes(role);
}
