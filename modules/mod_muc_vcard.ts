import { createHash } from "node:crypto";
import {
  bare,
  childElements,
  getChild,
  inject,
  injectable,
  ModuleApiToken,
  nodeOf,
  NS_VCARD,
  NS_VCARD_UPDATE,
  parseStanza,
  StanzaError,
  xml,
  type BareJid,
  type Element,
  type IqEvent,
  type KeyvalStore,
  type ModuleApi,
} from "chorus-muc";
import { MucToken, NS_MUC_USER, type Muc, type Room, type RoomState } from "chorus-muc/muc";

/** Values of the option; unset is `both`. */
const ADVERTISEMENTS = ["both", "presence", "message", "none"];

/** SHA-1 of a vCard's picture, in hex (XEP-0153 §4.1); `undefined` when it has none. */
function avatarHash(vcard: Element): string | undefined {
  const photo = getChild(vcard, "PHOTO", NS_VCARD);
  const data = photo && getChild(photo, "BINVAL", NS_VCARD)?.text();
  if (!data) return undefined;
  return createHash("sha1").update(Buffer.from(data, "base64")).digest("hex");
}

/**
 * Gives rooms a vCard and with it a picture (XEP-0486): owners set it, and its hash is in disco, in a presence of the
 * room to whoever enters, and announced when it changes.
 *
 * `muc_avatar_advertise_hashes` says how a change is announced: `"presence"`, `"message"` (status 104), both (unset) or
 * `"none"`, which tells nobody who enters either. Off: `muc_vcard = false`.
 */
@injectable()
export default class MucVcard {
  static readonly requires = ["muc"];

  /** Hash of the picture; `""`: a vCard without one; nothing: no vCard. */
  readonly #hashes: RoomState<string>;

  constructor(
    @inject(ModuleApiToken) private readonly module: ModuleApi,
    @inject(MucToken) private readonly muc: Muc,
  ) {
    this.#hashes = module.roomState<string>("avatar_hash");
  }

  load(): void {
    if (!this.module.getOptionBoolean("muc_vcard", true)) return;
    // Without it there is nobody who keeps vCards here.
    const vcards = this.module.depends("vcard", true);
    if (vcards === undefined) return;
    const how = this.module.getOptionEnum<string>("muc_avatar_advertise_hashes", "both", ...ADVERTISEMENTS);
    const store = this.module.openStore<string>(this.module.getOptionString("vcard_store_name", "vcard_muc"));
    this.#keep(store);

    this.module.hook("muc-disco#info", ({ room, query, form, showsDetails }) => {
      query.append(xml("feature", { var: NS_VCARD }));
      const hash = this.#hashes.get(room);
      if (hash && showsDetails) form.push({ name: "muc#roominfo_avatarhash", type: "text-multi", value: [hash] });
    });

    // Before mod_vcard (0): who may not see the details of the room is told what they would be if there were none.
    this.module.hook(
      `iq-get/bare/${NS_VCARD}:vCard`,
      (event) =>
        this.muc.answerIq(event, (room) => {
          if (!room.showsDetailsTo(String(event.stanza.attrs["from"]))) return nothing();
          return vcards.get(nodeOf(room.jid) ?? null).then((card) => (card ? xml("iq", {}, card) : nothing()));
        }),
      10,
    );

    // Before mod_vcard (0), which changes what it is told to.
    this.module.hook(`iq-set/bare/${NS_VCARD}:vCard`, (event) => this.#permit(event), 10);

    this.module.hook("vcard-updated", ({ stanza }) => {
      // A room that is not in memory has nobody to tell, and reads the vCard when it comes back.
      const room = this.muc.getLiveRoomFromJid(bare(String(stanza.attrs["to"])));
      if (!room) return;
      const hash = avatarHash(childElements(stanza)[0] as Element) ?? "";
      const done = room.run(() => {
        this.#hashes.set(room, hash);
        if (how === "both" || how === "presence") room.broadcast(hashPresence(room, hash));
        if (how !== "both" && how !== "message") return;
        const x = xml("x", { xmlns: NS_MUC_USER }, xml("status", { code: "104" }));
        room.broadcastMessage(xml("message", { type: "groupchat", from: room.jid }, x));
      });
      if (done instanceof Promise) done.catch(this.#report(room.jid));
    });

    // Before the history (50), as part of what the room is.
    this.module.hook(
      "muc-occupant-session-new",
      ({ room, jid }) => {
        const hash = this.#hashes.get(room);
        if (!hash || how === "none") return;
        const presence = hashPresence(room, hash);
        presence.attrs["to"] = jid;
        room.routeStanza(presence);
      },
      60,
    );
  }

  #permit(event: IqEvent): StanzaError | undefined | Promise<StanzaError | undefined> {
    const decide = (room: Room | undefined): StanzaError | undefined => {
      if (!room) return undefined;
      if (room.getAffiliation(bare(String(event.stanza.attrs["from"]))) !== "owner") {
        return new StanzaError({ type: "auth", condition: "forbidden" });
      }
      event.allowVcardModification = true;
      return undefined;
    };
    const jid = bare(String(event.stanza.attrs["to"]));
    const live = this.muc.getLiveRoomFromJid(jid);
    return live ? decide(live) : this.muc.getRoomFromJid(jid).then(decide);
  }

  #report(jid: BareJid): (error: unknown) => undefined {
    return (error) => {
      this.module.log("error", "vCard of %s: %s", jid, error);
    };
  }

  /** The vCard goes when its room goes, and a room that comes back from the store knows its picture. */
  #keep(store: KeyvalStore<string>): void {
    const restored = new Map<BareJid, string>();
    const remove = (room: Room): void => {
      this.#hashes.set(room, undefined);
      void store.set(nodeOf(room.jid) ?? null, undefined, { sync: false }).catch(this.#report(room.jid));
    };

    this.module.hook("muc-room-pre-restore", ({ jid }) => {
      const keep = (text: string | undefined): undefined => {
        if (text !== undefined) restored.set(jid, text);
      };
      const atOnce = store.getSync?.(nodeOf(jid) ?? null);
      if (atOnce) return keep(atOnce.value);
      return store
        .get(nodeOf(jid) ?? null)
        .then(keep)
        .catch(this.#report(jid));
    });
    this.module.hook("muc-room-restored", ({ jid, room }) => {
      const text = restored.get(jid);
      if (text === undefined) return;
      restored.delete(jid);
      this.#hashes.set(room, avatarHash(parseStanza(text)) ?? "");
    });
    // What an earlier room of that name has left behind is not this room's.
    this.module.hook("muc-room-created", ({ room }) => {
      const atOnce = store.getSync?.(nodeOf(room.jid) ?? null);
      if (!atOnce || atOnce.value !== undefined) remove(room);
    });
    this.module.hook("muc-room-destroyed", ({ room }) => {
      if (this.#hashes.get(room) !== undefined) remove(room);
    });
  }
}

function nothing(): StanzaError {
  return new StanzaError({ type: "cancel", condition: "item-not-found" });
}

function hashPresence(room: Room, hash: string): Element {
  const photo = hash === "" ? xml("photo") : xml("photo", {}, hash);
  return xml("presence", { from: room.jid }, xml("x", { xmlns: NS_VCARD_UPDATE }, photo));
}
