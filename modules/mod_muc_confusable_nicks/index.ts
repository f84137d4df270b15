import {
  inject,
  injectable,
  ModuleApiToken,
  resourceOf,
  StanzaError,
  xml,
  type BareJid,
  type ModuleApi,
} from "chorus-muc";
import { isAtLeast, type ChangeCondition, type JoinCondition, type Occupant, type Room } from "chorus-muc/muc";
import { ReservedLooks } from "./reserved-looks.js";
import { keysOf, visible } from "./skeleton.js";

const FIELD = "{urn:chorus-muc}roomconfig_confusable_nicks";

/** What is done about a nick that looks like that of somebody else. */
export type Handling = "allow" | "warn" | "refuse";

const HANDLINGS: readonly Handling[] = ["refuse", "warn", "allow"];

declare module "chorus-muc/muc" {
  interface Room {
    /** What becomes of nicks that look like those of others. */
    getConfusableNicks(): Handling;
    /** @returns false when it was so already */
    setConfusableNicks(handling: Handling): boolean;
  }
}

/**
 * Keeps people from looking like somebody whom the room trusts: like its moderators who are there, and like those whose
 * nicks are reserved (XEP-0045 §7.2.8 knows the very same nick only). Nicks look alike if they have the same skeleton
 * (UTS #39 §4), case and invisible characters aside. A nick of which nothing can be seen is refused in any case.
 *
 * Owners choose for their room; others have `muc_room_default_confusable_nicks` (default "refuse").
 */
@injectable()
export default class MucConfusableNicks {
  static readonly requires = ["muc", "muc_register"];

  /** Keys of the nicks that occupants had when they were last asked for. */
  readonly #known = new WeakMap<Occupant, { readonly nick: string; readonly keys: readonly string[] }>();
  readonly #reserved: ReservedLooks;

  constructor(@inject(ModuleApiToken) private readonly module: ModuleApi) {
    this.#reserved = new ReservedLooks(module);
  }

  load(): void {
    this.#setting();
    this.#reserved.load();
    const refuses = (room: Room): boolean => room.getConfusableNicks() === "refuse";
    const warns = (room: Room): boolean => room.getConfusableNicks() === "warn";

    // After the password (-20): who may not enter learns nothing of who is known here. Before the lock (-30).
    const mayJoin: JoinCondition = ({ room, bareJid, occupant }) =>
      this.#invisible(room, occupant.nick) ??
      (refuses(room) ? this.#conflict(room, bareJid, occupant.nick) : undefined);
    this.module.hook("muc-occupant-pre-join", mayJoin, -25);
    this.module.addItem("muc-join-condition", mayJoin);
    const mayChange: ChangeCondition = ({ room, bareJid, origOccupant, destOccupant }) => {
      if (destOccupant.nick === origOccupant.nick) return undefined;
      const refusal = this.#invisible(room, destOccupant.nick);
      return refusal ?? (refuses(room) ? this.#conflict(room, bareJid, destOccupant.nick) : undefined);
    };
    this.module.hook("muc-occupant-pre-change", mayChange, -25);
    this.module.addItem("muc-change-condition", mayChange);

    // Last, when nothing has been said against it.
    this.module.hook(
      "muc-occupant-pre-join",
      ({ room, bareJid, occupant, isFirstSession }) => {
        // A nick that somebody else has in the room is about to be refused.
        if (isFirstSession && !occupant.existing && warns(room))
          this.#warn(room, bareJid, resourceOf(occupant.nick) ?? "");
        return undefined;
      },
      -1000,
    );
    this.module.hook(
      "muc-occupant-pre-change",
      ({ room, bareJid, origOccupant, destOccupant }) => {
        const isOther = destOccupant.nick !== origOccupant.nick;
        if (isOther && warns(room)) this.#warn(room, bareJid, resourceOf(destOccupant.nick) ?? "");
        return undefined;
      },
      -1000,
    );

    // Nor is such a nick reserved, by whatever way. Before the last word of muc_register (-1000).
    this.module.hook(
      "muc-pre-set-affiliation",
      ({ room, jid, affiliation, data }) => {
        const nick = data?.reserved_nickname;
        if (typeof nick !== "string" || isAtLeast(affiliation, "admin") || affiliation === "none") return undefined;
        if (nick === room.getRegisteredNick(jid)) return undefined;
        if (refuses(room)) return this.#conflict(room, jid, `${room.jid}/${nick}`);
        if (warns(room)) this.#warn(room, jid, nick);
        return undefined;
      },
      -999,
    );
  }

  #setting(): void {
    const byDefault = this.module.getOptionEnum<Handling>(
      "muc_room_default_confusable_nicks",
      "refuse",
      "warn",
      "allow",
    );
    const handlings = this.module.roomState<Handling>("confusable_nicks", { persist: true });
    this.module.roomMethods({
      getConfusableNicks() {
        return handlings.get(this) ?? byDefault;
      },
      setConfusableNicks(handling) {
        return this.getConfusableNicks() !== handling && handlings.set(this, handling);
      },
    });

    // With the permissions in the room (80).
    this.module.hook(
      "muc-config-form",
      ({ room, form }) => {
        form.push({
          name: FIELD,
          type: "list-single",
          label: "Nicknames that look like those of moderators, or like reserved ones",
          value: room.getConfusableNicks(),
          options: [
            { value: "refuse", label: "Refuse" },
            { value: "warn", label: "Tell moderators" },
            { value: "allow", label: "Allow" },
          ],
        });
      },
      74,
    );
    this.module.hook(`muc-config-submitted/${FIELD}`, ({ room, value, statusCodes }) => {
      const handling = HANDLINGS.find((one) => one === value);
      if (handling && room.setConfusableNicks(handling)) statusCodes.add("104");
    });
  }

  #invisible(room: Room, occupantJid: string): StanzaError | undefined {
    if (visible(resourceOf(occupantJid) ?? "") !== "") return undefined;
    const text = "Invisible Nicknames are forbidden";
    return new StanzaError({ type: "modify", condition: "not-allowed", text, by: room.jid });
  }

  #conflict(room: Room, jid: BareJid, occupantJid: string): StanzaError | undefined {
    const nick = resourceOf(occupantJid) ?? "";
    const other = this.#lookalike(room, jid, nick);
    if (other === undefined) return undefined;
    this.module.log("debug", "%s: %j of %s looks like %j", room.jid, nick, jid, other);
    const text = "This nickname looks like that of somebody else";
    return new StanzaError({ type: "cancel", condition: "conflict", text, by: room.jid });
  }

  #warn(room: Room, jid: BareJid, nick: string): void {
    const other = this.#lookalike(room, jid, nick);
    if (other === undefined) return;
    this.module.log("info", "%s: %j of %s looks like %j", room.jid, nick, jid, other);
    const text = `Beware: the nickname “${nick}” of ${jid} looks like “${other}”, who is somebody else.`;
    const message = xml("message", { type: "groupchat", from: room.jid }, xml("body", {}, text));
    room.broadcast(message, (_nick, occupant) => occupant.role === "moderator");
  }

  /** A nick that somebody else is trusted under, and that looks like this one. Owners and admins are trusted themselves. */
  #lookalike(room: Room, jid: BareJid, nick: string): string | undefined {
    if (isAtLeast(room.getAffiliation(jid), "admin") || room.getRegisteredNick(jid) === nick) return undefined;
    const keys = keysOf(nick);
    return this.#moderatorLike(room, jid, keys) ?? this.#reserved.find(room, keys, jid);
  }

  #moderatorLike(room: Room, jid: BareJid, keys: readonly string[]): string | undefined {
    for (const [, occupant] of room.eachOccupant()) {
      if (occupant.role !== "moderator" || occupant.bareJid === jid) continue;
      if (this.#keysOf(occupant).some((key) => keys.includes(key))) return resourceOf(occupant.nick);
    }
    return undefined;
  }

  #keysOf(occupant: Occupant): readonly string[] {
    const known = this.#known.get(occupant);
    if (known?.nick === occupant.nick) return known.keys;
    const keys = keysOf(resourceOf(occupant.nick) ?? "");
    this.#known.set(occupant, { nick: occupant.nick, keys });
    return keys;
  }
}
