import { bare, getChild, inject, injectable, ModuleApiToken, xml, type ModuleApi } from "chorus-muc";
import { invalidField, NS_MUC_USER, type Whois } from "chorus-muc/muc";

const FIELD = "muc#roomconfig_whois";

declare module "chorus-muc/muc" {
  interface Room {
    /** Nobody is told anew who is who. @returns false when it was so already @throws TypeError for another word */
    setWhois(whois: Whois): boolean;
  }
}

function isWhois(word: unknown): word is Whois {
  return word === "anyone" || word === "moderators";
}

/**
 * Decides who sees real JIDs: moderators only, or everybody (XEP-0045 §4.2, Semi-Anonymous and Non-Anonymous Room).
 *
 * New rooms: `muc_room_default_public_jids` (default false: moderators).
 */
@injectable()
export default class MucWhois {
  static readonly requires = ["muc"];

  constructor(@inject(ModuleApiToken) private readonly module: ModuleApi) {}

  load(): void {
    const isPublicByDefault = this.module.getOptionBoolean("muc_room_default_public_jids", false);
    const stored = this.module.roomState<Whois>("whois", { persist: true, default: "moderators" });
    this.module.roomMethods({
      getWhois() {
        return stored.get(this);
      },
      setWhois(whois) {
        if (!isWhois(whois)) throw new TypeError(`setWhois: "anyone" or "moderators", received ${String(whois)}`);
        if (!stored.set(this, whois)) return false;
        this.invalidatePresence();
        return true;
      },
    });

    this.module.hook("muc-room-defaults", ({ room }) => {
      room.setWhois(isPublicByDefault ? "anyone" : "moderators");
    });

    this.module.hook("muc-disco#info", ({ room, query }) => {
      query.append(xml("feature", { var: room.getWhois() === "anyone" ? "muc_nonanonymous" : "muc_semianonymous" }));
    });

    this.module.hook(
      "muc-config-form",
      ({ room, form }) => {
        form.push({
          name: FIELD,
          type: "list-single",
          label: "Addresses (JIDs) of room occupants may be viewed by:",
          value: room.getWhois(),
          options: [
            { value: "moderators", label: "Moderators only" },
            { value: "anyone", label: "Anyone" },
          ],
        });
      },
      76,
    );

    this.module.hook(`muc-config-submitted/${FIELD}`, ({ room, value, statusCodes }) => {
      if (!isWhois(value)) return invalidField(FIELD, "Required value missing");
      // XEP-0045 §10.2.1: this change has codes of its own, by which clients warn their users.
      if (room.setWhois(value)) statusCodes.add(value === "anyone" ? "172" : "173");
      return undefined;
    });

    // Before the engine writes the inviter into the text for clients that know no invitations (0).
    this.module.hook(
      "muc-invite",
      ({ room, stanza, incoming }) => {
        if (room.getWhois() === "anyone") return;
        const invitee = bare(String(stanza.attrs["to"]));
        if (room.getDefaultRole(room.getAffiliation(invitee)) === "moderator") return;
        const x = getChild(stanza, "x", NS_MUC_USER);
        const invite = x && getChild(x, "invite", NS_MUC_USER);
        const nick = room.getOccupantJid(String(incoming.attrs["from"]));
        if (invite && nick !== undefined) invite.attrs["from"] = nick;
      },
      50,
    );
  }
}
