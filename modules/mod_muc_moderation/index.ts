import {
  bare,
  childElements,
  ClockToken,
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
  type IqEvent,
  type ModuleApi,
  type ModuleExports,
} from "chorus-muc";
import { hasRole, MucToken, type Muc, type Room } from "chorus-muc/muc";
import { announcement, tombstoneDetails, tombstoneMarks, type Verdict } from "./announcement.js";
import { NS_BULK, NS_FASTEN, NS_MODERATE, NS_MODERATE_0 } from "./namespaces.js";
import { parseApplyTo, parseBulk, parseModerate, type BulkRequest, type ModerationRequest } from "./request.js";

/** Messages that one request retracts; each is told to everybody by a message of its own. */
const MAX_BULK = 1000;

type Retraction = ModuleExports["muc_retraction"];
type Messages = Awaited<ReturnType<Retraction["find"]>>;

/**
 * Moderators retract messages of others (XEP-0425 0.3.0, and as it was before): the room tells everybody, and of a
 * message only a tombstone stays, as when its sender takes it back. Also everything that somebody has said lately.
 */
@injectable()
export default class Moderation {
  static readonly requires = ["muc", "muc_retraction", "muc_occupant_id"];

  readonly #retraction: Retraction;

  constructor(
    @inject(ModuleApiToken) private readonly module: ModuleApi,
    @inject(MucToken) private readonly muc: Muc,
    @inject(ClockToken) private readonly clock: Clock,
  ) {
    this.#retraction = module.depends("muc_retraction");
  }

  load(): void {
    const { module, muc } = this;
    module.hook("muc-disco#info", ({ query }) => {
      for (const feature of [NS_MODERATE, NS_MODERATE_0, NS_BULK]) query.append(xml("feature", { var: feature }));
    });

    module.hook(`iq-set/bare/${NS_MODERATE}:moderate`, (event) =>
      muc.answerIq(event, (room) => this.#moderate(room, event, parseModerate(payloadOf(event)))),
    );
    module.hook(`iq-set/bare/${NS_FASTEN}:apply-to`, (event) => {
      const request = parseApplyTo(payloadOf(event));
      return request && muc.answerIq(event, (room) => this.#moderate(room, event, request));
    });
    module.hook(`iq-set/bare/${NS_BULK}:retract-all`, (event) =>
      muc.answerIq(event, (room) => this.#retractAll(room, event, parseBulk(payloadOf(event)))),
    );

    // XEP-0425 §5: only what the room says of moderation counts. Inside a retraction it is gone already (30).
    module.hook(
      "muc-occupant-groupchat",
      ({ stanza }) => {
        removeChildren(stanza, isForged);
        return undefined;
      },
      29,
    );
  }

  #moderate(
    room: Room,
    event: IqEvent,
    request: ModerationRequest | StanzaError,
  ): StanzaError | Promise<Element | StanzaError> {
    const refusal = refusalOf(room, event);
    if (refusal) return refusal;
    if (request instanceof StanzaError) return request;
    const { id, reason } = request;
    return this.#retraction.find(room, { id }).then(async (messages) => {
      const [message] = messages;
      if (!message) {
        return new StanzaError({ type: "cancel", condition: "item-not-found", text: `There is no message ${id}` });
      }
      if (this.#retraction.isRetraction(message)) {
        const text = "What says that a message was retracted stays";
        return new StanzaError({ type: "cancel", condition: "not-allowed", text });
      }
      await this.#retract(room, event, messages, reason);
      return xml("iq");
    });
  }

  #retractAll(
    room: Room,
    event: IqEvent,
    request: BulkRequest | StanzaError,
  ): StanzaError | Promise<Element | StanzaError> {
    const refusal = refusalOf(room, event);
    if (refusal) return refusal;
    if (request instanceof StanzaError) return request;
    const { occupantId, minutes, reason } = request;
    const since = this.clock.now() / 1000 - minutes * 60;
    return this.#retraction.find(room, { occupantId, since }).then(async (messages) => {
      const all = messages.filter((message) => this.#retraction.isRetractable(message));
      const latest = all.slice(-MAX_BULK);
      await this.#retract(room, event, latest, reason);
      const complete = latest.length === all.length ? "true" : "false";
      return xml("iq", {}, xml("retracted", { xmlns: NS_BULK, count: String(latest.length), complete }));
    });
  }

  /** @returns when it is on disk. What was retracted before stays as it is: a request that is repeated does no harm */
  async #retract(room: Room, event: IqEvent, messages: Messages, reason: string | undefined): Promise<void> {
    await room.run(() => {
      // Whoever asked may be no moderator any more.
      const refusal = refusalOf(room, event);
      if (refusal) throw refusal;
      const verdict = verdictOf(room, event, reason);
      const now = this.clock.now() / 1000;
      const retractable = messages.filter((message) => this.#retraction.isRetractable(message));
      for (const { id } of retractable) {
        this.module.log("debug", "%s: %s retracts message %s", room.jid, event.stanza.attrs["from"], id);
      }
      return Promise.all(
        retractable.map((message) =>
          this.#retraction.retract(
            room,
            message,
            announcement(room, message.id, verdict),
            tombstoneDetails(verdict),
            tombstoneMarks(verdict, now),
          ),
        ),
      );
    });
  }
}

function payloadOf({ stanza }: IqEvent): Element {
  return childElements(stanza)[0] as Element;
}

/** Moderators in the room, and who would be one on entering. */
function refusalOf(room: Room, { stanza }: IqEvent): StanzaError | undefined {
  const from = String(stanza.attrs["from"]);
  const role = room.getOccupantByRealJid(from)?.role ?? room.getDefaultRole(room.getAffiliation(from));
  if (hasRole(role, "moderator")) return undefined;
  // The example of XEP-0425 §3.2 has type `modify`; RFC 6120 §8.3.3.4 wants `auth`, as for other things moderators do.
  const text = "Only moderators are allowed to moderate other participants' messages";
  return new StanzaError({ type: "auth", condition: "forbidden", text });
}

function verdictOf(room: Room, { stanza }: IqEvent, reason: string | undefined): Verdict {
  const from = String(stanza.attrs["from"]);
  return { by: room.getOccupantJid(from), occupantId: room.getOccupantId(bare(from)), reason };
}

function isForged(child: Element): boolean {
  const xmlns = namespaceOf(child);
  if (child.name === "apply-to" && xmlns === NS_FASTEN)
    return getChild(child, "moderated", NS_MODERATE_0) !== undefined;
  return child.name === "moderated" && (xmlns === NS_MODERATE || xmlns === NS_MODERATE_0);
}
