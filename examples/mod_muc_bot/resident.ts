import { randomUUID } from "node:crypto";
import { StanzaError, xml, type Element, type FullJid, type ModuleApi, type StanzaEvent } from "chorus-muc";
import { NS_MUC, type Muc, type OccupantDraft, type Room } from "chorus-muc/muc";

/**
 * Lives in rooms as an occupant like any other: with presence, a nick, and an affiliation if an owner gives it one. Its
 * real JID is one of the service's own (`conference.example.com/bot`), so it enters and speaks by sending stanzas to the
 * rooms (`module.send`), and what rooms send to it arrives as `message/host` and `presence/host` on this very host.
 *
 * It is where somebody else is, so that rooms can be empty. Where it is not let in, it speaks as the room.
 */
export class Resident {
  readonly jid: FullJid;

  constructor(
    private readonly module: ModuleApi,
    private readonly muc: Muc,
    private readonly nick: string,
    /** Whether a room wants it. */
    private readonly isWanted: (room: Room) => boolean,
  ) {
    this.jid = `${module.host}/bot` as FullJid;
  }

  load(): void {
    const { module } = this;
    // What rooms tell it. A room would take an error for its having gone.
    const receive = ({ stanza }: StanzaEvent): true | undefined => (stanza.attrs["to"] === this.jid ? true : undefined);
    module.hook("presence/host", receive);
    module.hook("message/host", receive);

    const keepNick = ({ room }: { room: Room }, { bareJid, nick }: OccupantDraft): StanzaError | undefined => {
      const isOwn = nick.toLowerCase() === `${room.jid}/${this.nick}`.toLowerCase();
      if (!isOwn || bareJid === module.host || !this.isWanted(room)) return undefined;
      return new StanzaError({ type: "cancel", condition: "conflict", text: "This nick is the bot's" });
    };
    module.hook("muc-occupant-pre-join", (event) => keepNick(event, event.occupant));
    module.hook("muc-occupant-pre-change", (event) => keepNick(event, event.destOccupant));

    module.hook("muc-occupant-joined", ({ room }) => {
      this.settle(room);
    });
    module.hook("muc-room-unlocked", ({ room }) => {
      this.settle(room);
    });
    // Who throws it out has reasons: it comes again when somebody else does.
    module.hook("muc-occupant-left", ({ room, occupant }) => {
      if (occupant.jid !== this.jid) this.settle(room);
    });
  }

  isIn(room: Room): boolean {
    return room.getOccupantJid(this.jid) !== undefined;
  }

  /** Enters where it is wanted and somebody is, and leaves where that is not so any more. */
  settle(room: Room): void {
    const hasOthers = room.occupantCount > (this.isIn(room) ? 1 : 0);
    const belongs = hasOthers && this.isWanted(room) && room.destroying === undefined;
    if (belongs === this.isIn(room)) return;
    // History it has no use for: it answers to what is said, not to what was.
    if (belongs) this.#send(room, "presence", {}, xml("x", NS_MUC, xml("history", { maxstanzas: "0" })));
    else this.#send(room, "presence", { type: "unavailable" });
  }

  settleEverywhere(): void {
    for (const room of this.muc.liveRooms()) this.settle(room);
  }

  leaveEverywhere(): void {
    for (const room of this.muc.liveRooms()) {
      if (this.isIn(room)) this.#send(room, "presence", { type: "unavailable" });
    }
  }

  say(room: Room, text: string): void {
    const body = xml("body", {}, text);
    const id = randomUUID();
    if (this.isIn(room)) this.#send(room, "message", { type: "groupchat", id, to: room.jid }, body);
    else room.broadcastMessage(xml("message", { type: "groupchat", id, from: room.jid }, body));
  }

  #send(room: Room, name: string, attrs: Record<string, string>, ...content: Element[]): void {
    this.module.send(xml(name, { from: this.jid, to: `${room.jid}/${this.nick}`, ...attrs }, ...content));
  }
}
