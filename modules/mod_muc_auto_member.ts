import { inject, injectable, ModuleApiToken, type ModuleApi } from "chorus-muc";

/**
 * Makes a member of everybody who enters a room without an affiliation (XEP-0045 §5.2).
 *
 * In a moderated room nobody is made one: a member may speak there, which is for moderators to grant (§4.2).
 */
@injectable()
export default class MucAutoMember {
  static readonly requires = ["muc"];

  constructor(@inject(ModuleApiToken) private readonly module: ModuleApi) {}

  load(): void {
    // Before modules that do something for members who have come (0 and below).
    this.module.hook(
      "muc-occupant-joined",
      ({ room, occupant: { bareJid } }) => {
        if (room.getAffiliation(bareJid) !== "none") return;
        // A getter of mod_muc_moderated, which may be left out.
        if (room._data["moderated"] === true) return;
        const [isDone, , condition] = room.setAffiliation(true, bareJid, "member");
        if (isDone) this.module.log("debug", "%s: %s has become a member", room.jid, bareJid);
        else this.module.log("debug", "%s: %s does not become a member: %s", room.jid, bareJid, condition);
      },
      10,
    );
  }
}
