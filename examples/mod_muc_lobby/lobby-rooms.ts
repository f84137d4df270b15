import { domainOf, joinJid, nodeOf, parseBareJid, StanzaError, type BareJid, type ModuleApi } from "chorus-muc";
import type { Muc, Room, RoomState } from "chorus-muc/muc";

const SUFFIX = "-lobby";

/** Nobody speaks there, and people who wait do not see each other. */
const SETTINGS = {
  "muc#roomconfig_publicroom": ["0"],
  "muc#roomconfig_moderatedroom": ["1"],
  "muc#roomconfig_whois": ["moderators"],
  "muc#roomconfig_presencebroadcast": ["moderator"],
};

/** Where the lobby of a room is. */
export function lobbyJidOf({ jid }: Room): BareJid {
  return joinJid(`${nodeOf(jid) ?? ""}${SUFFIX}`, domainOf(jid)) as BareJid;
}

/** The lobbies themselves: temporary rooms that only this module makes, and that end when nobody waits any longer. */
export class LobbyRooms {
  readonly #mains: RoomState<string>;

  constructor(
    module: ModuleApi,
    private readonly muc: Muc,
  ) {
    this.#mains = module.roomState<string>("lobby_of", { persist: true });
    // Else who guesses the name would own the room in which people wait to be let in.
    module.hook("muc-room-pre-create", ({ room }) => {
      if (!(nodeOf(room.jid) ?? "").endsWith(SUFFIX)) return undefined;
      return new StanzaError({ type: "cancel", condition: "item-not-found", by: room.jid });
    });
  }

  /** The room whose lobby this is. */
  mainJidOf(lobby: Room): BareJid | undefined {
    return parseBareJid(this.#mains.get(lobby) ?? "");
  }

  /** The lobby of a room, if it is there. */
  liveOf(main: Room): Room | undefined {
    const lobby = this.muc.getLiveRoomFromJid(lobbyJidOf(main));
    return lobby && this.mainJidOf(lobby) === main.jid ? lobby : undefined;
  }

  /** Makes it, unless it is there. @returns false when there is another room of that name, or no space for one */
  async open(main: Room): Promise<boolean> {
    const jid = lobbyJidOf(main);
    // With settings of its own, if empty ones: the defaults of new rooms are not for lobbies.
    await this.muc.createRoom(
      jid,
      {},
      {
        replacesTombstone: true,
        prepare: (lobby) => {
          this.#mains.set(lobby, main.jid);
          void lobby.configure(true, SETTINGS); // within the step: at once
        },
      },
    );
    return this.liveOf(main) !== undefined;
  }

  /** Ends it; who waits is told to try the room itself, if that goes on. */
  close(main: Room, next?: BareJid): void {
    this.liveOf(main)?.destroy(next, "The lobby is closed");
  }

  /** Sends somebody away from it. */
  dismiss(main: Room, jid: BareJid, reason?: string): void {
    const lobby = this.liveOf(main);
    for (const [nick, { bareJid }] of lobby?.eachOccupant() ?? []) {
      if (bareJid === jid) lobby?.setRole(true, nick, "none", reason);
    }
  }
}
