import {
  ClockToken,
  inject,
  injectable,
  ModuleApiToken,
  resourceOf,
  StanzaError,
  xml,
  type BareJid,
  type Clock,
  type ModuleApi,
} from "chorus-muc";
import { isAtLeast, MucToken, type JoinCondition, type Muc, type PreJoinEvent, type Room } from "chorus-muc/muc";
import { Decisions, decides } from "./decisions.js";
import { Guests } from "./guests.js";
import { lobbyJidOf, LobbyRooms } from "./lobby-rooms.js";
import { NS_LOBBY, question } from "./messages.js";

const FIELD = `{${NS_LOBBY}}roomconfig_lobby`;

declare module "chorus-muc/muc" {
  interface Room {
    /** Whether who is no member waits in a lobby until a moderator lets them in. */
    getLobby(): boolean;
    /** @returns false when it was so already */
    setLobby(isOn: boolean): boolean;
  }
}

/**
 * A lobby beside a room: while it is on, who is no member is refused, waits in the room `ROOM-lobby`, and enters only
 * when a moderator has said so; see README.md.
 */
@injectable()
export default class MucLobby {
  static readonly requires = ["muc"];
  /** It guards the rooms: where it does not work, nobody gets in. */
  static readonly failsClosed = true;

  readonly #guests: Guests;
  readonly #lobbies: LobbyRooms;

  constructor(
    @inject(ModuleApiToken) private readonly module: ModuleApi,
    @inject(MucToken) private readonly muc: Muc,
    @inject(ClockToken) clock: Clock,
  ) {
    const periods = {
      waiting: module.getOptionPeriod("lobby_waiting_period", "1 hour", 60), // seconds
      admitted: module.getOptionPeriod("lobby_admission_period", "5 minutes", 10), // seconds
      denied: module.getOptionPeriod("lobby_denial_period", "5 minutes", 0), // seconds
    };
    this.#guests = new Guests(module, clock, periods, module.getOptionInteger("lobby_max_waiting", 50, 1)); // people
    this.#lobbies = new LobbyRooms(module, muc);
  }

  load(): void {
    this.#setting();
    const { module } = this;
    const decisions = new Decisions(module, this.#guests, this.#lobbies);

    // After all other conditions, the lock (-30) included: who may not enter anyway need not wait. Before services that
    // are asked (-40).
    module.hook("muc-occupant-pre-join", (event) => this.#receive(event), -35);
    const isAllowed: JoinCondition = (event) => (this.#mayEnter(event) ? undefined : sentToLobby(event.room));
    module.addItem("muc-join-condition", isAllowed);

    module.hook("muc-occupant-joined", ({ room, occupant }) => {
      const { bareJid, nick } = occupant;
      if (this.#lobbies.mainJidOf(room) !== undefined) this.#inMain(room, (main) => this.#knock(main, bareJid, nick));
      else this.#entered(room, bareJid);
    });
    module.hook("muc-occupant-left", ({ room, occupant: { bareJid, role } }) => {
      // Who has another nick by now has not left.
      if (role !== "none") return;
      this.#inMain(room, (main) => {
        if (this.#guests.get(main, bareJid)?.state === "waiting") this.#guests.drop(main, bareJid);
      });
    });
    // After history and subject (50, 20).
    module.hook(
      "muc-occupant-session-new",
      ({ room, occupant, jid }) => {
        if (!decides(room, occupant)) return;
        for (const [guest, state] of this.#guests.waiting(room)) {
          const message = question(room, guest, state);
          message.attrs["to"] = jid;
          room.routeStanza(message);
        }
      },
      10,
    );
    module.hook(`muc-form-submitted/${NS_LOBBY}`, (event) => decisions.byForm(event));
    // After the check for voice (50), before anything that counts or keeps messages.
    module.hook("muc-occupant-groupchat", (event) => decisions.byWord(event), 40);
    module.hook("muc-room-destroyed", ({ room }) => {
      if (!room.getLobby()) return;
      room.onCommit(() => {
        this.#lobbies.close(room);
      });
    });
  }

  #setting(): void {
    const isDefault = this.module.getOptionBoolean("lobby_default", false);
    const lobby = this.module.roomState<boolean>("lobby", { persist: true, default: false });
    const close = (room: Room): void => {
      this.#guests.clear(room);
      room.onCommit(() => {
        this.#lobbies.close(room, room.jid);
      });
    };
    this.module.roomMethods({
      getLobby() {
        return lobby.get(this);
      },
      setLobby(isOn) {
        if (!lobby.set(this, isOn)) return false;
        if (!isOn) close(this);
        return true;
      },
    });
    this.module.hook("muc-room-defaults", ({ room, stanza }) => {
      // Not for rooms that modules make: a lobby has no lobby.
      if (stanza) room.setLobby(isDefault);
    });
    // Beside the other conditions for getting in: members only (87), password (88).
    this.module.hook(
      "muc-config-form",
      ({ room, form }) => {
        if (this.#lobbies.mainJidOf(room) !== undefined) return;
        const label = "Who is no member waits in a lobby until a moderator lets them in";
        form.push({ name: FIELD, type: "boolean", label, value: room.getLobby() });
      },
      84,
    );
    this.module.hook(`muc-config-submitted/${FIELD}`, ({ updateOption }) => {
      updateOption("lobby", FIELD);
    });
  }

  // At the door

  #mayEnter({ room, bareJid, occupant }: PreJoinEvent): boolean {
    if (!room.getLobby() || isAtLeast(room.getAffiliation(bareJid), "member")) return true;
    // Another session of somebody who is inside, under the same nick.
    if (occupant.existing?.bareJid === bareJid && occupant.existing.nick === occupant.nick) return true;
    return this.#guests.get(room, bareJid)?.state === "admitted";
  }

  #receive(event: PreJoinEvent): StanzaError | undefined | Promise<StanzaError | undefined> {
    const { room, bareJid, occupant } = event;
    if (this.#lobbies.mainJidOf(room) !== undefined) return this.#receiveInLobby(event);
    if (this.#mayEnter(event)) return undefined;
    const refusal = this.#knock(room, bareJid, occupant.nick);
    if (refusal) return refusal;
    if (this.#lobbies.liveOf(room)) return sentToLobby(room);
    return this.#lobbies.open(room).then((isOpen) => (isOpen ? sentToLobby(room) : sentAway(room)));
  }

  async #receiveInLobby({ room, bareJid }: PreJoinEvent): Promise<StanzaError | undefined> {
    const main = await this.muc.getRoomFromJid(this.#lobbies.mainJidOf(room) ?? "");
    if (!main?.getLobby()) return new StanzaError({ type: "cancel", condition: "item-not-found", by: room.jid });
    const isWelcome = main.getAffiliation(bareJid) !== "outcast" && this.#guests.get(main, bareJid)?.state !== "denied";
    return isWelcome ? undefined : new StanzaError({ type: "auth", condition: "forbidden", by: room.jid });
  }

  /** Somebody would like to enter. @returns why they may not even wait */
  #knock(room: Room, jid: BareJid, occupantJid: string): StanzaError | undefined {
    const known = this.#guests.get(room, jid);
    if (known?.state === "denied") return new StanzaError({ type: "auth", condition: "forbidden", by: room.jid });
    if (known || isAtLeast(room.getAffiliation(jid), "member")) return undefined;
    if (!this.#guests.put(room, jid, "waiting", resourceOf(occupantJid) ?? "")) {
      return new StanzaError({ type: "wait", condition: "resource-constraint", by: room.jid });
    }
    const guest = this.#guests.get(room, jid);
    if (guest) room.broadcast(question(room, jid, guest), (_nick, occupant) => decides(room, occupant));
    return undefined;
  }

  /** An admission is for once. */
  #entered(room: Room, jid: BareJid): void {
    if (this.#guests.get(room, jid)?.state !== "admitted") return;
    this.#guests.drop(room, jid);
    room.onCommit(() => {
      this.#lobbies.dismiss(room, jid);
    });
  }

  /** Does something with the room whose lobby this is, if it is one, as a step of that room. */
  #inMain(lobby: Room, fn: (main: Room) => unknown): void {
    const jid = this.#lobbies.mainJidOf(lobby);
    if (jid === undefined) return;
    this.muc
      .getRoomFromJid(jid)
      .then((main) => main?.getLobby() && main.run(() => fn(main)))
      .catch((error: unknown) => {
        this.module.log("error", "%s: could not be told of its lobby: %s", jid, error);
      });
  }
}

/** XEP-0045 §7.2.6 has the condition; where to wait is ours. */
function sentToLobby(room: Room): StanzaError {
  const tag = xml("lobby", { xmlns: NS_LOBBY, jid: lobbyJidOf(room) });
  const text = `Wait in ${lobbyJidOf(room)} until you are let in`;
  return new StanzaError({ type: "auth", condition: "registration-required", text, by: room.jid, extra: { tag } });
}

/** There is no place to wait in: the moderators know all the same. */
function sentAway(room: Room): StanzaError {
  const text = "Wait until you are invited";
  return new StanzaError({ type: "auth", condition: "registration-required", text, by: room.jid });
}
