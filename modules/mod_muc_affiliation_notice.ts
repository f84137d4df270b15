import { inject, injectable, ModuleApiToken, nodeOf, xml, type ModuleApi } from "chorus-muc";
import { NS_MUC_USER, type Affiliation } from "chorus-muc/muc";

/** What somebody has become, for clients that know no status codes. */
const TEXTS: Readonly<Record<Affiliation, string>> = {
  owner: "You are now an owner of",
  admin: "You are now an admin of",
  member: "You are now a member of",
  none: "You no longer have an affiliation with",
  outcast: "You have been banned from",
};

/**
 * Tells users who are not in the room that their affiliation with it has changed (XEP-0045 §18.1): a message with status
 * 101, from the room to the bare JID.
 */
@injectable()
export default class MucAffiliationNotice {
  static readonly requires = ["muc"];

  constructor(@inject(ModuleApiToken) private readonly module: ModuleApi) {}

  load(): void {
    // After modules that say it in words of their own (0).
    this.module.hook(
      "muc-set-affiliation",
      (event) => {
        const { room, jid, affiliation, previousAffiliation, reason } = event;
        // Nobody reads what is sent to a domain.
        if (event.inRoom || event.isTold === true || affiliation === previousAffiliation || nodeOf(jid) === undefined)
          return;
        const item = xml("item", { affiliation });
        if (reason !== undefined) item.append(xml("reason", {}, reason));
        const text = `${TEXTS[affiliation]} ${room.jid}${reason === undefined ? "" : `: ${reason}`}`;
        const x = xml("x", { xmlns: NS_MUC_USER }, item, xml("status", { code: "101" }));
        room.routeStanza(xml("message", { from: room.jid, to: jid }, xml("body", {}, text), x));
      },
      -1,
    );
  }
}
