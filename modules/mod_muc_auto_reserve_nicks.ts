import { inject, injectable, ModuleApiToken, resourceOf, type ModuleApi } from "chorus-muc";
import { isAtLeast } from "chorus-muc/muc";

/**
 * Reserves the nick under which somebody with an affiliation first enters a room, as if they had registered it
 * (XEP-0045 §7.10): `mod_muc_register` keeps it for them. It stays theirs when they change it in the room; registering
 * another one replaces it.
 */
@injectable()
export default class MucAutoReserveNicks {
  static readonly requires = ["muc", "muc_register"];

  constructor(@inject(ModuleApiToken) private readonly module: ModuleApi) {}

  load(): void {
    // After modules that give an affiliation to who comes in (10).
    this.module.hook(
      "muc-occupant-joined",
      ({ room, occupant: { bareJid, nick } }) => {
        if (!isAtLeast(room.getAffiliation(bareJid), "member") || room.getRegisteredNick(bareJid) !== undefined) return;
        const name = resourceOf(nick);
        if (name === undefined || room.getRegisteredJid(name) !== undefined) return;
        this.module.log("debug", "%s: %s is reserved for %s", room.jid, name, bareJid);
        room.setAffiliationData(bareJid, "reserved_nickname", name);
        room.save();
      },
      -1,
    );
  }
}
