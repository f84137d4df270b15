import { inject, injectable, ModuleApiToken, xml, type Element, type ModuleApi } from "chorus-muc";
import { NS_MUC_USER } from "chorus-muc/muc";

const NS_HATS = "urn:xmpp:hats:0";
const NS_HATS_COMPAT = "xmpp:prosody.im/protocol/hats:1";

/** Hats of somebody as stored with the affiliation: by URI. */
type Hats = Readonly<
  Record<string, { readonly active?: unknown; readonly title?: unknown; readonly hue?: unknown } | undefined>
>;

function hatsElement(xmlns: string, hats: Hats): Element | undefined {
  const x = xml("hats", { xmlns });
  for (const uri of Object.keys(hats).sort()) {
    const hat = hats[uri];
    if (hat?.active !== true) continue;
    const title = typeof hat.title === "string" ? hat.title : undefined;
    const hue = typeof hat.hue === "number" ? String(hat.hue) : undefined;
    x.append(xml("hat", { uri, title, hue }));
  }
  return x.children.length === 0 ? undefined : x;
}

/**
 * Shows the hats of occupants in their presence (XEP-0317 0.3.1 §3.1). They are kept in the affiliation data, key `hats`:
 * `{ "<uri>": { active: true, title: "…", hue: 327.25 } }`; who gives and takes them is not this module's business. The
 * room is told when they change.
 *
 * `muc_hats_compat` (default false) shows them in Prosody's older namespace, too.
 */
@injectable()
export default class MucHats {
  static readonly requires = ["muc"];

  constructor(@inject(ModuleApiToken) private readonly module: ModuleApi) {}

  load(): void {
    const namespaces = [NS_HATS];
    if (this.module.getOptionBoolean("muc_hats_compat", false)) namespaces.push(NS_HATS_COMPAT);

    this.module.hook("muc-disco#info", ({ query }) => {
      query.append(xml("feature", { var: NS_HATS }));
    });

    this.module.hook("muc-build-occupant-presence", ({ room, occupant, bareJid, stanza }) => {
      const jid = occupant?.bareJid ?? bareJid;
      if (jid === undefined) return;
      const hats = room.getAffiliationData(jid, "hats");
      if (typeof hats !== "object" || hats === null) return;
      for (const xmlns of namespaces) {
        const element = hatsElement(xmlns, hats as Hats);
        if (element) stanza.append(element);
      }
    });

    this.module.hook("muc-set-affiliation-data/hats", ({ room, jid }) => {
      for (const [, occupant] of room.eachOccupant()) {
        if (occupant.bareJid !== jid) continue;
        room.invalidatePresence(occupant);
        room.publiciseOccupantStatus(occupant, xml("x", { xmlns: NS_MUC_USER }));
      }
    });
  }
}
