import { ClockToken, getChild, inject, injectable, ModuleApiToken, type Clock, type ModuleApi } from "chorus-muc";
import { isWebAddress, type Room } from "chorus-muc/muc";
import { eventOf, whoIs, type Happening, type Privacy } from "./events.js";
import { Outbox } from "./outbox.js";
import { Sender } from "./sender.js";

/**
 * Tells a web service what happens in rooms: signed requests, in order for each room, and each event at least once, over
 * restarts and while the service is away; see README.md.
 */
@injectable()
export default class MucWebhooks {
  static readonly requires = ["muc", "muc_occupant_id"];

  #outbox!: Outbox;
  #sender: Sender | undefined;
  #isFull = false;

  constructor(
    @inject(ModuleApiToken) private readonly module: ModuleApi,
    @inject(ClockToken) private readonly clock: Clock,
  ) {}

  async load(): Promise<void> {
    const { module } = this;
    const url = module.getOptionString("webhooks_url", "");
    const secret = module.getOptionString("webhooks_secret", "");
    this.#outbox = new Outbox(module, {
      max: module.getOptionInteger("webhooks_max_waiting", 10_000, 1), // events
      maxDead: module.getOptionInteger("webhooks_max_dead", 1000, 0), // events
    });
    const delivery = {
      url,
      secret,
      timeout: module.getOptionPeriod("webhooks_timeout", 10, 1, 300), // seconds
      firstPause: module.getOptionPeriod("webhooks_first_pause", 1, 0.1), // seconds
      longestPause: module.getOptionPeriod("webhooks_longest_pause", "10 minutes", 1, "1 day"),
      giveUpAfter: module.getOptionPeriod("webhooks_give_up_after", "7 days"),
      maxRequests: module.getOptionInteger("webhooks_max_requests", 4, 1), // at a time
    };
    const privacy: Privacy = {
      realJids: module.getOptionBoolean("webhooks_real_jids", false),
      occupantIds: module.getOptionBoolean("webhooks_occupant_ids", true),
    };
    const withMessages = module.getOptionBoolean("webhooks_messages", false);
    if (!isWebAddress(url) || secret === "") {
      module.logStatus("error", "webhooks_url and webhooks_secret must both be set: nothing is sent");
      return;
    }
    const measures = { delivered: module.measure("delivered", "rate"), failed: module.measure("failed", "rate") };
    this.#sender = new Sender(module, this.clock, this.#outbox, delivery, measures);
    await this.#outbox.load();

    this.#tellOfRooms();
    this.#tellOfOccupants(privacy);
    if (withMessages) this.#tellOfMessages(privacy);
  }

  ready(): void {
    this.#sender?.pump();
  }

  unload(): void {
    this.#sender?.stop();
  }

  #tellOfRooms(): void {
    this.module.hook("muc-room-created", ({ room }) => {
      this.#add(room, { type: "room.created" });
    });
    this.module.hook("muc-room-destroyed", ({ room, reason, newjid }) => {
      this.#add(room, {
        type: "room.destroyed",
        ...(reason !== undefined && { reason }),
        ...(newjid !== undefined && { newRoom: newjid }),
      });
    });
  }

  #tellOfOccupants(privacy: Privacy): void {
    const come = ["muc-occupant-joined", "occupant.joined"] as const;
    const gone = ["muc-occupant-left", "occupant.left"] as const;
    for (const [event, type] of [come, gone]) {
      this.module.hook(event, ({ room, nick, occupant: { bareJid, role } }) => {
        const affiliation = room.getAffiliation(bareJid);
        this.#add(room, { type, who: whoIs(room, bareJid, nick, privacy), affiliation, role });
      });
    }
    this.module.hook("muc-set-role", ({ room, occupant, role, previousRole, reason }) => {
      const who = whoIs(room, occupant.bareJid, occupant.nick, privacy);
      this.#add(room, { type: "role.changed", who, role, previousRole, ...(reason !== undefined && { reason }) });
    });
    this.module.hook("muc-set-affiliation", ({ room, jid, affiliation, previousAffiliation, reason }) => {
      const who = whoIs(room, jid, undefined, privacy);
      this.#add(room, {
        type: "affiliation.changed",
        who,
        affiliation,
        previousAffiliation,
        ...(reason !== undefined && { reason }),
      });
    });
  }

  #tellOfMessages(privacy: Privacy): void {
    this.module.hook("muc-broadcast-message", ({ room, stanza, onSent }) => {
      const body = getChild(stanza, "body")?.text();
      if (body === undefined) return undefined;
      const { from, id } = stanza.attrs as { readonly from: string; readonly id?: string };
      const sender = room.getOccupantByNick(from);
      const who = sender ? whoIs(room, sender.bareJid, from, privacy) : {};
      // What another module stops, or what cannot be archived, nobody is told of.
      onSent(() => {
        this.#add(room, { type: "message", who, ...(id !== undefined && { messageId: id }), body });
      });
      return undefined;
    });
  }

  #add(room: Room, happening: Happening): void {
    const event = eventOf(room, happening, this.clock.now());
    const isKept = this.#outbox.add(room, event, () => {
      this.#sender?.pump();
    });
    if (isKept === !this.#isFull) return;
    this.#isFull = !isKept;
    if (isKept) this.module.setStatus("info", "the outbox has space again", true);
    else this.module.logStatus("error", "the outbox is full (%d events): new events are lost", this.#outbox.size);
  }
}
