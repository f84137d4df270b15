import { inject, injectable, ModuleApiToken, StanzaError, type ModuleApi } from "chorus-muc";
import { invalidField, isAtLeast, type FormValue, type JoinCondition, type Room } from "chorus-muc/muc";

const FIELD = "muc#roomconfig_maxusers";
/** What clients say for no limit (XEP-0045 §16.5.3). */
const NO_CAP = "none";

/** A number of occupants, 0 for no limit; `undefined`: neither. */
function parseCap(value: FormValue): number | undefined {
  if (value === undefined || value === "" || value === NO_CAP) return 0;
  const cap = typeof value === "string" && /^\d{1,9}$/.test(value) ? Number(value) : 0;
  return cap > 0 ? cap : undefined;
}

/**
 * Caps the number of occupants of a room (XEP-0045 §7.2.9): `muc_max_occupants` (occupants, default 0: no limit), which
 * an owner may change for the room.
 *
 * Owners and admins are let in past the cap, up to `muc_max_occupants_reserve` (occupants, default 5), so that a flood
 * of joins cannot lock them out. More sessions of who is in the room do not count.
 */
@injectable()
export default class MucMaxOccupants {
  static readonly requires = ["muc"];

  constructor(@inject(ModuleApiToken) private readonly module: ModuleApi) {}

  load(): void {
    const byDefault = this.module.getOptionInteger("muc_max_occupants", 0, 0);
    const reserve = this.module.getOptionInteger("muc_max_occupants_reserve", 5, 0);
    const caps = this.module.roomState<number>("max_occupants", { persist: true });
    const capOf = (room: Room): number => caps.get(room) ?? byDefault;

    this.module.hook("muc-disco#info", ({ room, form }) => {
      if (capOf(room) > 0) form.push({ name: FIELD, type: "text-single", value: String(capOf(room)) });
    });

    // Beside the other limits of who gets in: members only (87), password (88).
    this.module.hook(
      "muc-config-form",
      ({ room, form }) => {
        form.push({
          name: FIELD,
          type: "text-single",
          label: "Maximum number of occupants",
          desc: "Owners and admins get in all the same; empty: no limit",
          value: String(capOf(room) || ""),
        });
      },
      86,
    );

    this.module.hook(`muc-config-submitted/${FIELD}`, ({ room, value, statusCodes }) => {
      const cap = parseCap(value);
      if (cap === undefined) return invalidField(FIELD, "Not a number of occupants");
      if (cap === capOf(room)) return undefined;
      caps.set(room, cap);
      statusCodes.add("104");
      return undefined;
    });

    const hasSpace: JoinCondition = ({ room, bareJid, occupant }) => {
      const cap = capOf(room);
      // By the nick that they enter under, which may be another than they asked for.
      if (cap === 0 || room.getOccupantByNick(occupant.nick)?.bareJid === bareJid) return undefined;
      const isPrivileged = isAtLeast(room.getAffiliation(bareJid), "admin");
      if (room.occupantCount < (isPrivileged ? cap + reserve : cap)) return undefined;
      this.module.log("debug", "%s is full (%d), %s refused", room.jid, cap, bareJid);
      return new StanzaError({ type: "wait", condition: "service-unavailable", by: room.jid });
    };
    // After the ban check (-10) and before the password (-20): a full room says nothing about passwords.
    this.module.hook("muc-occupant-pre-join", hasSpace, -15);
    this.module.addItem("muc-join-condition", hasSpace);
  }
}
