import { randomUUID } from "node:crypto";
import {
  childElements,
  ClockToken,
  cloneElement,
  formatDateTime,
  getChild,
  inject,
  injectable,
  ModuleApiToken,
  namespaceOf,
  removeChildren,
  StanzaError,
  xml,
  type Clock,
  type Element,
  type ModuleApi,
} from "chorus-muc";
import {
  NS_STANZA_ID,
  occupantIdOf,
  stanzaId,
  stanzaIdOf,
  type BroadcastMessageEvent,
  type GroupchatEvent,
  type Room,
} from "chorus-muc/muc";
import type { KeptMessage, MessageQuery, RetractionEvents } from "./events.js";
import { isFrom, isRetraction, isTombstone, NS_RETRACT, tombstoneOf } from "./tombstone.js";

export type { FindMessagesEvent, KeptMessage, MessageQuery, ReplaceMessageEvent, RetractionEvents } from "./events.js";

/** Messages that replace others (XEP-0308). */
const NS_CORRECT = "urn:xmpp:message-correct:0";
/** Feature: what was retracted is not kept (XEP-0424 §5). */
const NS_TOMBSTONE = `${NS_RETRACT}#tombstone`;

declare module "chorus-muc" {
  interface HostEvents extends RetractionEvents {}

  interface ModuleExports {
    muc_retraction: MucRetraction;
  }
}

/** What other modules may do with messages that a room has sent. */
export interface MucRetraction {
  /**
   * Messages that the room still has, oldest first; also what is left of retracted ones. One that is named by its id comes
   * with its corrections. Rejects when nobody can tell.
   */
  find(room: Room, query: MessageQuery): Promise<readonly KeptMessage[]>;
  /** Whether a message takes another one back, which is not taken back itself. */
  isRetraction(message: KeptMessage): boolean;
  /** Whether a message can be retracted: it is no retraction, and was not retracted before. */
  isRetractable(message: KeptMessage): boolean;
  /**
   * Sends a message that takes another one back, of which only a tombstone stays. Within a step of the room.
   * @param announcement with an id
   * @param details what its `<retracted/>` says beside id and time
   * @param marks what else the tombstone has
   * @returns when the tombstone is on disk; rejects when it cannot be: nobody is told then
   */
  retract(
    room: Room,
    message: KeptMessage,
    announcement: Element,
    details?: readonly Element[],
    marks?: readonly Element[],
  ): Promise<void>;
}

/** What is to be done when a message is sent. */
interface Retraction {
  readonly message: KeptMessage;
  /** What its tombstone says. */
  readonly marks: readonly Element[];
  /** Told when it is under way. */
  readonly begun?: (event: BroadcastMessageEvent) => void;
}

/**
 * Occupants take back what they have said (XEP-0424 0.4.2): everybody is told, and of the message only a tombstone stays,
 * in the archive and in what is shown to those who enter.
 */
@injectable()
export default class Retractions implements MucRetraction {
  static readonly requires = ["muc", "muc_occupant_id"];

  readonly exports: MucRetraction = this;
  readonly #underWay = new WeakMap<Element, Retraction>();

  constructor(
    @inject(ModuleApiToken) private readonly module: ModuleApi,
    @inject(ClockToken) private readonly clock: Clock,
  ) {}

  load(): void {
    this.module.declareEvents(
      { "muc-find-messages": "suspendable" },
      { describe: ({ room }: { room?: Room }) => room?.jid ?? "" },
    );

    // After the archive (0), which tells the second feature too.
    this.module.hook(
      "muc-disco#info",
      ({ query }) => {
        const features = [NS_RETRACT, NS_TOMBSTONE];
        const isKnown = childElements(query).some(({ attrs }) => attrs["var"] === NS_STANZA_ID);
        if (!isKnown) features.push(NS_STANZA_ID);
        for (const feature of features) query.append(xml("feature", { var: feature }));
      },
      -1,
    );

    // After the check of the role (50), before the subject (20) takes what is one.
    this.module.hook("muc-occupant-groupchat", (event) => this.#take(event), 30);

    // XEP-0424 §6: whatever it asks for itself, it is stored.
    this.module.hook("muc-message-is-historic", ({ stanza }) => (isRetraction(stanza) ? true : undefined));

    // After archives (0), before the history (-1): what no archive has named can be retracted while the history has it.
    this.module.hook(
      "muc-add-history",
      ({ room, stanza }) => {
        if (stanzaIdOf(stanza, room.jid) === undefined) stanza.append(stanzaId(room.jid, randomUUID()));
        return undefined;
      },
      -0.5,
    );

    // Last: nobody has stopped it, and it is archived. What is written here is written with it, or not at all.
    this.module.hook(
      "muc-broadcast-message",
      (event) => {
        const retraction = this.#underWay.get(event.stanza);
        if (retraction) this.#replace(event, retraction);
        return undefined;
      },
      -1000,
    );
  }

  async find(room: Room, query: MessageQuery): Promise<readonly KeptMessage[]> {
    const messages = await this.#ask(room, query);
    return "id" in query ? Promise.all(messages.map((message) => this.#withCorrections(room, message))) : messages;
  }

  /** A correction names the message by the id that its sender gave it (XEP-0308 §3). */
  async #withCorrections(room: Room, message: KeptMessage): Promise<KeptMessage> {
    const occupantId = occupantIdOf(message.stanza);
    const id = message.stanza.attrs["id"] as string | undefined;
    if (id === undefined || occupantId === undefined || !this.isRetractable(message)) return message;
    const later = await this.#ask(room, { occupantId, since: message.timestamp });
    const corrections = later.filter(
      (other) => getChild(other.stanza, "replace", NS_CORRECT)?.attrs["id"] === id && this.isRetractable(other),
    );
    return { ...message, corrections };
  }

  async #ask(room: Room, query: MessageQuery): Promise<readonly KeptMessage[]> {
    const found = new Map<string, KeptMessage>();
    const verdict = await this.module.fireEventAsync("muc-find-messages", { room, query, found });
    if (verdict instanceof StanzaError) throw verdict;
    return [...found.values()].sort((a, b) => a.timestamp - b.timestamp);
  }

  isRetraction({ stanza }: KeptMessage): boolean {
    return isRetraction(stanza);
  }

  isRetractable({ stanza }: KeptMessage): boolean {
    return !isTombstone(stanza) && !isRetraction(stanza);
  }

  retract(
    room: Room,
    message: KeptMessage,
    announcement: Element,
    details: readonly Element[] = [],
    marks: readonly Element[] = [],
  ): Promise<void> {
    return new Promise((resolve, reject) => {
      let isBegun = false;
      const begun = ({ onSent, onFailure }: BroadcastMessageEvent): void => {
        isBegun = true;
        onSent(resolve);
        onFailure(() => {
          reject(new StanzaError({ type: "cancel", condition: "internal-server-error" }));
        });
      };
      this.#underWay.set(announcement, { message, marks: [this.#mark(announcement, details), ...marks], begun });
      room.broadcastMessage(announcement);
      if (!isBegun) reject(new StanzaError({ type: "cancel", condition: "not-allowed" }));
    });
  }

  /** XEP-0424 §5: the id of the message that retracted, and when it did. */
  #mark(announcement: Element, details: readonly Element[]): Element {
    const id = announcement.attrs["id"] as string | undefined;
    const stamp = formatDateTime(this.clock.now() / 1000);
    return xml("retracted", { xmlns: NS_RETRACT, id, stamp }, ...details);
  }

  #take({ room, stanza, occupant }: GroupchatEvent): StanzaError | undefined | Promise<StanzaError | undefined> {
    // What only the room says.
    removeChildren(stanza, (child) => child.name === "retracted" && namespaceOf(child) === NS_RETRACT);
    const retract = getChild(stanza, "retract", NS_RETRACT);
    if (!retract || !occupant) return undefined;
    retract.children = [];
    const id = retract.attrs["id"] as string | undefined;
    const isOne = childElements(stanza).filter((child) => namespaceOf(child) === NS_RETRACT).length === 1;
    if (!id || !isOne) {
      const text = "A retraction names one message";
      return new StanzaError({ type: "modify", condition: "bad-request", text });
    }
    return this.#ask(room, { id }).then(async ([message]) => {
      if (!message || isTombstone(message.stanza)) {
        return new StanzaError({ type: "cancel", condition: "item-not-found", text: `There is no message ${id}` });
      }
      if (!isFrom(message.stanza, room, occupant)) {
        const text = "Only who has sent a message may retract it";
        return new StanzaError({ type: "auth", condition: "forbidden", text });
      }
      if (isRetraction(message.stanza)) {
        const text = "A retraction stays";
        return new StanzaError({ type: "cancel", condition: "not-allowed", text });
      }
      const whole = await this.#withCorrections(room, message);
      this.#underWay.set(stanza, { message: whole, marks: [this.#mark(stanza, [])] });
      return undefined;
    });
  }

  #replace(event: BroadcastMessageEvent, { message, marks, begun }: Retraction): void {
    const { room, holdUntil, onFailure } = event;
    begun?.(event);
    this.module.log("debug", "%s: message %s is retracted", room.jid, message.id);
    for (const one of [message, ...(message.corrections ?? [])]) {
      const replacement = tombstoneOf(one.stanza, ...marks.map(cloneElement));
      this.module.fireEvent("muc-replace-message", { room, message: one, replacement, holdUntil, onFailure });
    }
  }
}
