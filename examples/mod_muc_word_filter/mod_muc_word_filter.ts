import { readFile } from "node:fs/promises";
import { childElements, childText, ClockToken, getChild, inject, injectable, ModuleApiToken } from "chorus-muc";
import { namespaceOf, StanzaError, xml, type AdhocRequest, type AdhocResult } from "chorus-muc";
import type { Clock, Element, ModuleApi } from "chorus-muc";
import { formElement, MucToken, parseSubmission, type Muc, type Occupant, type Room } from "chorus-muc/muc";
import type { GroupchatEvent, RoomCommand } from "chorus-muc/muc";
import { FORM_TYPE, question, QUESTION, selection } from "./forms.js";
import { Review } from "./review.js";
import { contains, mask, WordList } from "./words.js";

/** What may be in a message that says nothing; clients send such by themselves. */
const SILENT: ReadonlySet<string | undefined> = new Set([
  "http://jabber.org/protocol/chatstates",
  "urn:xmpp:chat-markers:0",
  "urn:xmpp:receipts",
  "urn:xmpp:sid:0",
  "urn:xmpp:occupant-id:0",
  "urn:xmpp:hints",
]);

/**
 * Keeps words out of rooms (`muc_word_filter_file`: one on a line; `muc_word_filter_action`: `refuse`, `mask` or `hold`),
 * and holds the first messages of people without affiliation (`muc_word_filter_first_messages`, default 1) until a
 * moderator has seen them. Nobody else gets to see a held message: not the room, not its history, not its archive.
 *
 * Moderators are free of all that.
 */
@injectable()
export default class MucWordFilter {
  static readonly requires = ["muc", "muc_commands"];
  /** It guards something: where it fails, messages are refused and not let through. */
  static readonly failsClosed = true;

  readonly #review: Review;
  readonly #action: "refuse" | "mask" | "hold";
  #words = new WordList("");
  /** With a word that is not welcome; what holds messages comes later than what reads them. */
  readonly #suspect = new WeakSet<Element>();

  constructor(
    @inject(ModuleApiToken) private readonly module: ModuleApi,
    @inject(MucToken) private readonly muc: Muc,
    @inject(ClockToken) clock: Clock,
  ) {
    this.#action = module.getOptionEnum("muc_word_filter_action", "refuse", "refuse", "mask", "hold");
    const limits = {
      firstMessages: module.getOptionInteger("muc_word_filter_first_messages", 1, 0),
      perUser: module.getOptionInteger("muc_word_filter_held_per_user", 3, 1),
      perRoom: module.getOptionInteger("muc_word_filter_held_per_room", 50, 1),
      maxChars: module.getOptionInteger("muc_word_filter_held_length", 10_000, 100),
      expirySeconds: module.getOptionPeriod("muc_word_filter_expiry", "1 day", 60),
    };
    this.#review = new Review(module, limits, () => Math.floor(clock.now() / 1000));
  }

  async load(): Promise<void> {
    const { module } = this;
    await this.#read();
    module.hookGlobal("config-reloaded", () => {
      // The words up to now stay where the new ones cannot be read.
      this.#read().catch((error: unknown) => {
        module.logStatus("error", "the list of words cannot be read: %s", error);
      });
    });

    // After the check of the role (50), before the subject is taken (20) and media are taken out (25).
    module.hook("muc-occupant-groupchat", (event) => this.#look(event), 30);
    // After everything: what waits is what all others let pass.
    module.hook("muc-occupant-groupchat", (event) => this.#holdBack(event), -2000);
    if (module.getOptionBoolean("muc_word_filter_private", false)) {
      module.hook("muc-private-message", ({ sender, stanza }) => this.#censor(sender, stanza), 30);
    }

    module.hook("muc-occupant-session-new", ({ room, occupant, jid }) => {
      if (occupant.role !== "moderator") return;
      for (const held of this.#review.waiting(room)) room.routeStanza(question(room, held, jid));
    });
    module.hook(`muc-form-submitted/${FORM_TYPE}`, ({ room, stanza, form }) => {
      if (!isModerator(room, String(stanza.attrs["from"]))) return forbidden();
      if (form.attrs["type"] === "cancel") return true;
      const { id, publish } = parseSubmission(QUESTION, form).fields;
      return this.#review.decide(room, String(id), publish === true) ?? true;
    });
    const command: RoomCommand = {
      name: "Review messages",
      node: FORM_TYPE,
      isFor: isModerator,
      handler: (room, request) => this.#command(room, request),
    };
    module.provides("room-adhoc", command);

    module.hook("muc-set-affiliation", ({ room, jid, affiliation }) => {
      if (affiliation === "outcast") this.#review.forget(room, jid);
    });
    module.hourly("expire", async () => {
      for (const room of this.muc.liveRooms()) {
        await room.run(() => {
          this.#review.expire(room);
        });
      }
    });
  }

  async #read(): Promise<void> {
    const path = this.module.getOptionPath("muc_word_filter_file");
    if (path !== undefined) this.#words = new WordList(await readFile(path, "utf8"));
    this.module.logStatus("info", "%d words", this.#words.size);
  }

  #look({ room, occupant, stanza }: GroupchatEvent): StanzaError | undefined {
    if (!occupant || occupant.role === "moderator") return undefined;
    // A subject has no review: it shows to all who enter, and replaces what was there.
    const isSubject = getChild(stanza, "subject") !== undefined && !getChild(stanza, "body");
    if (isSubject && this.#review.concerns(room, occupant.bareJid)) {
      const text = "A moderator has to approve a message of yours first";
      return new StanzaError({ type: "auth", condition: "forbidden", text });
    }
    if (this.#action !== "hold" || isSubject) return this.#censor(occupant, stanza);
    if (contains(stanza, this.#words)) this.#suspect.add(stanza);
    return undefined;
  }

  /** Masks what is not welcome, or refuses it, also what cannot be held. */
  #censor(sender: Occupant, stanza: Element): StanzaError | undefined {
    if (sender.role === "moderator" || !contains(stanza, this.#words)) return undefined;
    if (this.#action === "mask") {
      mask(stanza, this.#words);
      return undefined;
    }
    const text = "This contains a word that is not welcome here";
    return new StanzaError({ type: "modify", condition: "not-acceptable", text });
  }

  #holdBack({ room, occupant, from, stanza }: GroupchatEvent): StanzaError | true | undefined {
    if (!occupant || occupant.role === "moderator" || isSilent(stanza)) return undefined;
    if (!this.#suspect.has(stanza) && !this.#review.concerns(room, occupant.bareJid)) return undefined;
    const held = this.#review.hold(room, occupant, stanza, childText(stanza, "body") ?? "");
    if (held instanceof StanzaError) return held;
    this.module.log("debug", "%s: a message of %s awaits review", room.jid, occupant.bareJid);
    // As said by the room to one of its occupants: clients show it where the message would have been.
    const text = "Your message awaits review by a moderator.";
    room.routeStanza(xml("message", { type: "groupchat", from: room.jid, to: from }, xml("body", {}, text)));
    for (const [, { role, sessions }] of room.eachOccupant()) {
      if (role === "moderator") for (const jid of sessions.keys()) room.routeStanza(question(room, held, jid));
    }
    return true;
  }

  #command(room: Room, { form }: AdhocRequest): AdhocResult | StanzaError {
    const waiting = this.#review.waiting(room);
    if (waiting.length === 0) return completed("info", "No message awaits review.");
    const layout = selection(waiting);
    if (!form) return { status: "executing", form: formElement(layout, "form", {}, { title: "Review messages" }) };
    const { fields, errors } = parseSubmission(layout, form);
    const [fault] = Object.entries(errors);
    if (fault) return completed("error", fault.join(": "));
    const chosen = new Set(fields["messages"] as readonly string[]);
    const kept = waiting
      .filter(({ id }) => chosen.has(id))
      .map(({ id }) => this.#review.decide(room, id, fields["decision"] === "publish"))
      .filter((error) => error !== undefined);
    return kept[0] ? completed("warn", kept.map(({ text }) => text).join("\n")) : completed("info", "Done.");
  }
}

function isModerator(room: Room, jid: string): boolean {
  return room.getOccupantByRealJid(jid)?.role === "moderator";
}

function isSilent(message: Element): boolean {
  return childElements(message).every((child) => SILENT.has(namespaceOf(child)) && child.children.length === 0);
}

function forbidden(): StanzaError {
  return new StanzaError({ type: "auth", condition: "forbidden", text: "Only moderators review messages" });
}

function completed(type: "info" | "warn" | "error", text: string): AdhocResult {
  return { status: "completed", notes: [{ type, text }] };
}
