import {
  bare,
  childElements,
  inject,
  injectable,
  ModuleApiToken,
  nodeOf,
  NS_VCARD,
  NS_VCARD_UPDATE,
  reply,
  StanzaError,
  xml,
  type BareJid,
  type Element,
  type ExportsOf,
  type IqEvent,
  type ModuleApi,
} from "chorus-muc";
import { MucToken, NS_MUC_USER, type Muc, type Room, type RoomState } from "chorus-muc/muc";

/** Values of the option; unset is `both`. */
const ADVERTISEMENTS = ["both", "presence", "message", "none"];

/** What is known of a room's vCard: the hashes of its pictures; nothing: it has none. */
type Hashes = readonly string[];

/**
 * Gives rooms a vCard (XEP-0054) and with it a picture (XEP-0486): owners set it, and its hash is in disco, in a presence
 * of the room to whoever enters (XEP-0153), and announced when it changes. It goes when its room goes.
 *
 * `muc_avatar_advertise_hashes` says how a change is announced: `"presence"`, `"message"` (status 104), both (unset) or
 * `"none"`, which tells nobody who enters either. Off: `muc_vcard = false`.
 */
@injectable()
export default class MucVcard {
  static readonly requires = ["muc"];

  readonly #hashes: RoomState<Hashes>;
  #vcards!: ExportsOf<"vcard">;
  #how = "both";

  constructor(
    @inject(ModuleApiToken) private readonly module: ModuleApi,
    @inject(MucToken) private readonly muc: Muc,
  ) {
    this.#hashes = module.roomState<Hashes>("avatar_hashes");
  }

  load(): void {
    if (!this.module.getOptionBoolean("muc_vcard", true)) return;
    const vcards = this.module.depends("vcard", true);
    // Without it there is nobody who keeps vCards here.
    if (vcards === undefined) return;
    this.#vcards = vcards;
    this.#how = this.module.getOptionEnum<string>("muc_avatar_advertise_hashes", "both", ...ADVERTISEMENTS);
    this.#keep();

    this.module.hook("muc-disco#info", ({ room, query, form, showsDetails }) => {
      query.append(xml("feature", { var: NS_VCARD }));
      const hashes = this.#hashes.get(room) ?? [];
      if (!showsDetails || hashes.length === 0) return;
      form.push({ name: "muc#roominfo_avatarhash", type: "text-multi", value: hashes });
    });

    // Before mod_vcard (0), which knows no rooms.
    this.module.hook(
      `iq-get/bare/${NS_VCARD}:vCard`,
      (event) => this.muc.answerIq(event, (room) => this.#show(room, String(event.stanza.attrs["from"]))),
      10,
    );
    this.module.hook(
      `iq-set/bare/${NS_VCARD}:vCard`,
      (event) => this.muc.answerIq(event, (room) => this.#change(room, event)),
      10,
    );

    // Before the history (50), as part of what the room is.
    this.module.hook(
      "muc-occupant-session-new",
      ({ room, jid }) => {
        const [hash] = this.#hashes.get(room) ?? [];
        if (hash === undefined || this.#how === "none") return;
        const presence = hashPresence(room, hash);
        presence.attrs["to"] = jid;
        room.routeStanza(presence);
      },
      60,
    );
  }

  /** Who may not see the details of the room is told what they would be if it had no vCard. */
  #show(room: Room, asker: string): StanzaError | Promise<Element | StanzaError> {
    const nothing = new StanzaError({ type: "cancel", condition: "item-not-found" });
    if (!room.showsDetailsTo(asker)) return nothing;
    return this.#vcards.get(nodeOf(room.jid) ?? null).then((card) => (card ? xml("iq", {}, card) : nothing));
  }

  /** The answer is sent, and the room told, when the vCard is on disk. */
  #change(room: Room, event: IqEvent): StanzaError | Promise<true> {
    const { stanza, allowVcardModification } = event;
    if (allowVcardModification !== true && room.getAffiliation(bare(String(stanza.attrs["from"]))) !== "owner") {
      return new StanzaError({ type: "auth", condition: "forbidden", text: "Only owners may change it" });
    }
    const card = childElements(stanza)[0] as Element;
    const refused = this.#vcards.check(card);
    return refused ?? this.#store(room, event, childElements(card).length > 0 ? card : undefined);
  }

  /** @param card `undefined`: an empty one unpublishes the picture (XEP-0486 §3.2) */
  async #store(room: Room, event: IqEvent, card: Element | undefined): Promise<true> {
    const node = nodeOf(room.jid) ?? null;
    await this.#vcards.set(node, card);
    await room.run(() => {
      // A room that has ended meanwhile answers for itself.
      if (this.muc.getLiveRoomFromJid(room.jid) !== room) return;
      const before = this.#hashes.get(room) ?? [];
      const hashes = card && this.#vcards.hashesOf(card);
      this.#hashes.set(room, hashes);
      this.module.fireEvent("vcard-updated", Object.assign(event, { node }));
      const [hash = ""] = hashes ?? [];
      const isShown = hash !== "" || before.length > 0;
      if (isShown && (this.#how === "both" || this.#how === "presence")) room.broadcast(hashPresence(room, hash));
      event.origin.send(reply(event.stanza));
      if (this.#how !== "both" && this.#how !== "message") return;
      const x = xml("x", { xmlns: NS_MUC_USER }, xml("status", { code: "104" }));
      room.broadcastMessage(xml("message", { type: "groupchat", from: room.jid }, x));
    });
    return true;
  }

  /** The vCard goes when its room goes, and a room that comes back from the store knows its picture. */
  #keep(): void {
    const restored = new Map<BareJid, Element>();

    this.module.hook("muc-room-pre-restore", ({ jid }) => {
      const keep = (card: Element | undefined): undefined => {
        if (card) restored.set(jid, card);
      };
      const node = nodeOf(jid) ?? null;
      const atOnce = this.#vcards.getSync(node);
      if (atOnce) return keep(atOnce.card);
      return this.#vcards
        .get(node)
        .then(keep)
        .catch((error: unknown) => {
          this.module.log("error", "the vCard of %s cannot be read: %s", jid, error);
          return undefined;
        });
    });
    this.module.hook("muc-room-restored", ({ jid, room }) => {
      const card = restored.get(jid);
      restored.delete(jid);
      if (card) this.#hashes.set(room, this.#vcards.hashesOf(card));
    });
    // What an earlier room of that name has left behind is not this room's.
    this.module.hook("muc-room-created", ({ room }) => {
      const atOnce = this.#vcards.getSync(nodeOf(room.jid) ?? null);
      if (!atOnce || atOnce.card) this.#remove(room);
    });
    this.module.hook("muc-room-destroyed", ({ room }) => {
      if (this.#hashes.get(room) === undefined) return;
      this.#hashes.set(room, undefined);
      // Not before: a room that could not be destroyed keeps it.
      room.onCommit(() => {
        this.#remove(room);
      });
    });
  }

  #remove(room: Room): void {
    this.#vcards.set(nodeOf(room.jid) ?? null, undefined, { sync: false }).catch((error: unknown) => {
      this.module.log("error", "the vCard of %s, which is gone, is still stored: %s", room.jid, error);
    });
  }
}

/** @param hash empty: there is no picture (XEP-0153 §4.1) */
function hashPresence(room: Room, hash: string): Element {
  const photo = hash === "" ? xml("photo") : xml("photo", {}, hash);
  return xml("presence", { from: room.jid }, xml("x", { xmlns: NS_VCARD_UPDATE }, photo));
}
