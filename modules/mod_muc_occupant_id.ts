import { randomUUID } from "node:crypto";
import {
  Element,
  getChild,
  inject,
  injectable,
  ModuleApiToken,
  namespaceOf,
  removeChildren,
  xml,
  type ModuleApi,
} from "chorus-muc";
import { makeOccupantId, NS_OCCUPANT_ID, type Occupant } from "chorus-muc/muc";

declare module "chorus-muc/muc" {
  interface Room {
    /** The secret that occupant ids of this room are made with; made when first asked for. */
    getSalt(): string;
    /** Identifier of somebody in this room, the same under every nick (XEP-0421). @param of an occupant or a bare JID */
    getOccupantId(of: Occupant | string): string;
  }
}

function isOccupantId(child: Element): boolean {
  return child.name === "occupant-id" && namespaceOf(child) === NS_OCCUPANT_ID;
}

function stamp(stanza: Element, id: string): void {
  removeChildren(stanza, isOccupantId);
  // Not by `xml`, which takes the time to leave out what is undefined: each message to a room comes by here.
  const stamped = new Element("occupant-id");
  stamped.attrs = { xmlns: NS_OCCUPANT_ID, id };
  stamped.parent = stanza;
  const [only] = stanza.children;
  if (stanza.children.length === 1) stanza.children = [only as Element, stamped];
  else stanza.children.push(stamped);
}

/**
 * Gives each occupant an identifier that no change of nick hides (XEP-0421), in presence, messages and private messages.
 * What clients say in its place is taken out. Off: `muc_occupant_id = false`.
 */
@injectable()
export default class MucOccupantId {
  static readonly requires = ["muc"];

  constructor(@inject(ModuleApiToken) private readonly module: ModuleApi) {}

  load(): void {
    const salts = this.module.roomState<string>("occupant_id_salt", { persist: true });
    const subjectSetters = this.module.roomState<string>("subject_occupant_id", { persist: true });
    const known = new WeakMap<Occupant, string>();
    this.module.roomMethods({
      getSalt() {
        let salt = salts.get(this);
        if (salt === undefined) salts.set(this, (salt = randomUUID()));
        return salt;
      },
      getOccupantId(of) {
        const before = typeof of === "string" ? undefined : known.get(of);
        if (before !== undefined) return before;
        const bareJid = typeof of === "string" ? of : of.bareJid;
        const id = makeOccupantId(bareJid, this.getSalt());
        if (typeof of !== "string") known.set(of, id);
        return id;
      },
    });
    if (!this.module.getOptionBoolean("muc_occupant_id", true)) return;
    this.module.addFeature(NS_OCCUPANT_ID);

    this.module.hook("muc-disco#info", ({ query }) => {
      query.append(xml("feature", { var: NS_OCCUPANT_ID }));
    });

    this.module.hook("muc-build-occupant-presence", ({ room, occupant, bareJid, stanza }) => {
      const who = occupant ?? bareJid;
      if (who !== undefined) stamp(stanza, room.getOccupantId(who));
    });

    this.module.hook("muc-occupant-groupchat", ({ room, occupant, stanza }) => {
      if (occupant) stamp(stanza, room.getOccupantId(occupant));
      return undefined;
    });

    // Of changes of subject, too, which end the chain above; before the history and the archive (0, 1) keep them.
    this.module.hook(
      "muc-broadcast-message",
      ({ room, stanza }) => {
        const isStamped = getChild(stanza, "occupant-id", NS_OCCUPANT_ID) !== undefined;
        const isSubject = getChild(stanza, "subject") && !getChild(stanza, "body") && !getChild(stanza, "thread");
        if (isStamped && !isSubject) return undefined;
        const occupant = room.getOccupantByNick(String(stanza.attrs["from"]));
        if (occupant && !isStamped) stamp(stanza, room.getOccupantId(occupant));
        if (isSubject) subjectSetters.set(room, occupant && room.getOccupantId(occupant));
        return undefined;
      },
      10,
    );
    this.module.hook("muc-build-subject", ({ room, stanza }) => {
      const id = subjectSetters.get(room);
      if (id !== undefined) stamp(stanza, id);
    });

    this.module.hook("muc-private-message", ({ room, sender, stanza }) => {
      stamp(stanza, room.getOccupantId(sender));
      return undefined;
    });
  }
}
