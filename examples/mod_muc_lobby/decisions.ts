import { bare, getChild, StanzaError, xml, type ModuleApi } from "chorus-muc";
import type { GroupchatEvent, MessageFormEvent, Occupant, Room } from "chorus-muc/muc";
import type { Guests } from "./guests.js";
import type { LobbyRooms } from "./lobby-rooms.js";
import { readCommand, readForm, type Decision } from "./messages.js";

/** What moderators say about those who wait, by form or by word. */
export class Decisions {
  constructor(
    private readonly module: ModuleApi,
    private readonly guests: Guests,
    private readonly lobbies: LobbyRooms,
  ) {}

  /** A moderator, or somebody who is none, submits the form. */
  byForm({ room, stanza, form }: MessageFormEvent): StanzaError | true {
    const actor = String(stanza.attrs["from"]);
    const occupant = room.getOccupantByRealJid(actor);
    if (!occupant || !decides(room, occupant)) return new StanzaError({ type: "auth", condition: "forbidden" });
    if (form.attrs["type"] === "cancel") return true;
    const decision = readForm(form);
    if (typeof decision === "string") {
      return new StanzaError({ type: "modify", condition: "bad-request", text: decision });
    }
    if (this.#decide(room, actor, decision)) return true;
    return new StanzaError({ type: "cancel", condition: "item-not-found", text: "Nobody of that address waits" });
  }

  /** Somebody says something in the room, perhaps a command. */
  byWord({ room, stanza, occupant, from }: GroupchatEvent): false | undefined {
    if (!room.getLobby() || !occupant || !decides(room, occupant)) return undefined;
    const command = readCommand(getChild(stanza, "body")?.text() ?? "");
    if (command === undefined) return undefined;
    const answer = (text: string): false => {
      room.routeStanza(xml("message", { from: room.jid, to: from, type: "groupchat" }, xml("body", {}, text)));
      return false;
    };
    if (command === "help") return answer("!lobby: who waits; !lobby accept ADDRESS; !lobby deny ADDRESS");
    if (command === "list") {
      const waiting = this.guests.waiting(room).map(([jid, { nick }]) => `${nick} (${jid})`);
      return answer(waiting.length === 0 ? "Nobody waits." : `In the lobby: ${waiting.join(", ")}`);
    }
    if (!this.#decide(room, from, command)) return answer(`${command.jid} does not wait in the lobby.`);
    return answer(`${command.jid} ${command.isAdmitted ? "may enter." : "was sent away."}`);
  }

  /** @returns false when nobody of that JID waits */
  #decide(room: Room, actor: string, { jid, isAdmitted }: Decision): boolean {
    const guest = this.guests.get(room, jid);
    if (guest?.state !== "waiting") return false;
    this.guests.put(room, jid, isAdmitted ? "admitted" : "denied", guest.nick);
    this.module.log("debug", "%s: %s %s %s", room.jid, bare(actor), isAdmitted ? "lets in" : "sends away", jid);
    if (isAdmitted) {
      room.invite(jid, actor);
      return true;
    }
    const text = `You were not let into ${room.jid}.`;
    room.routeStanza(xml("message", { from: room.jid, to: jid }, xml("body", {}, text)));
    room.onCommit(() => {
      this.lobbies.dismiss(room, jid, text);
    });
    return true;
  }
}

/** Who decides: moderators of a room with a lobby. */
export function decides(room: Room, { role }: Occupant): boolean {
  return room.getLobby() && role === "moderator";
}
