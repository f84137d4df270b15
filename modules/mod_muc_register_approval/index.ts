import { isDeepStrictEqual } from "node:util";
import {
  bare,
  ClockToken,
  inject,
  injectable,
  ModuleApiToken,
  StanzaError,
  xml,
  type BareJid,
  type Clock,
  type Element,
  type ModuleApi,
} from "chorus-muc";
import {
  isAtLeast,
  NS_ROOM_REGISTER,
  type AffiliationData,
  type MessageFormEvent,
  type Occupant,
  type RegistrationEvent,
  type RegistrationFormEvent,
  type Room,
} from "chorus-muc/muc";
import { approvalMessage, readAnswer } from "./form.js";
import { Requests, type RegistrationRequest } from "./requests.js";

const FIELD = "{urn:chorus-muc}roomconfig_registration_approval";

type Verdict = StanzaError | true;

declare module "chorus-muc/muc" {
  interface Room {
    /** Whether who has no affiliation may ask to be registered, and admins decide. */
    getRegistrationApproval(): boolean;
    /** @returns false when it was so already */
    setRegistrationApproval(isOn: boolean): boolean;
  }
}

/**
 * Has admins and owners approve who registers with their room (XEP-0045 §7.10, §9.9): anybody may ask, members-only
 * rooms included, and nobody becomes a member before one of them says so.
 *
 * - `muc_room_default_registration_approval` (default false): whether new rooms do so; owners choose for each room.
 * - `muc_registration_requests` (default 100): requests that may wait in one room.
 */
@injectable()
export default class MucRegisterApproval {
  static readonly requires = ["muc", "muc_register"];

  readonly #requests: Requests;

  constructor(
    @inject(ModuleApiToken) private readonly module: ModuleApi,
    @inject(ClockToken) private readonly clock: Clock,
  ) {
    this.#requests = new Requests(module, module.getOptionInteger("muc_registration_requests", 100, 1));
  }

  load(): void {
    this.#setting();

    this.module.hook("muc-registration-allowed", ({ room }) => (room.getRegistrationApproval() ? true : undefined));
    this.module.hook("muc-registration-form", (event) => {
      this.#showWaiting(event);
    });
    // After all that have something to say about the form: it is kept as they leave it.
    this.module.hook("muc-registration-submitted", (event) => this.#receive(event), -100);
    this.module.hook("muc-registration-pre-remove", ({ room, jid }) =>
      this.#requests.drop(room, jid) ? true : undefined,
    );
    this.module.hook(`muc-form-submitted/${NS_ROOM_REGISTER}`, (event) => this.#answer(event));

    // After history and subject (50, 20).
    this.module.hook(
      "muc-occupant-session-new",
      ({ room, occupant, jid }) => {
        if (!decides(room, occupant)) return;
        for (const message of this.#messages(room)) {
          message.attrs["to"] = jid;
          room.routeStanza(message);
        }
      },
      10,
    );
    this.module.hook("muc-set-affiliation", (event) => {
      const { room, jid, affiliation, previousAffiliation } = event;
      // Banned, or let in by other ways: there is nothing to decide any longer.
      if (affiliation !== "none" && this.#settle(room, jid)) event.isTold = true;
      if (!isAtLeast(affiliation, "admin") || isAtLeast(previousAffiliation, "admin")) return;
      for (const message of this.#messages(room)) room.broadcast(message, (_nick, { bareJid }) => bareJid === jid);
    });
  }

  #setting(): void {
    const isDefault = this.module.getOptionBoolean("muc_room_default_registration_approval", false);
    const approval = this.module.roomState<boolean>("registration_approval", { persist: true, default: false });
    this.module.roomMethods({
      getRegistrationApproval() {
        return approval.get(this);
      },
      setRegistrationApproval(isOn) {
        return approval.set(this, isOn);
      },
    });
    this.module.hook("muc-room-defaults", ({ room }) => {
      room.setRegistrationApproval(isDefault);
    });
    // Beside the other limits of who gets in: members only (87), password (88), number of occupants (86).
    this.module.hook(
      "muc-config-form",
      ({ room, form }) => {
        form.push({
          name: FIELD,
          type: "boolean",
          label: "Anybody may ask to become a member",
          desc: "Admins and owners are asked to approve each request",
          value: room.getRegistrationApproval(),
        });
      },
      85,
    );
    this.module.hook(`muc-config-submitted/${FIELD}`, ({ updateOption }) => {
      updateOption("registrationApproval", FIELD);
    });
  }

  /** Who asks again sees what was asked for, and may change it. */
  #showWaiting(event: RegistrationFormEvent): void {
    const request = this.#requests.find(event.room, event.jid);
    if (!request) return;
    Object.assign(event.values, request.fields);
    event.header = { instructions: "Your request waits for approval. Submit the form to change it.", ...event.header };
  }

  #receive({ room, stanza, submittedData, affiliationData }: RegistrationEvent): Verdict | undefined {
    const jid = bare(String(stanza.attrs["from"]));
    // Who is a member may reserve a nick; who was banned meanwhile is refused.
    if (!room.getRegistrationApproval() || room.getAffiliation(jid) !== "none") return undefined;
    const nick = String(affiliationData.reserved_nickname);
    const time = Math.floor(this.clock.now() / 1000);
    const data = newIn(affiliationData, room.getAffiliationData(jid));
    const isNews = this.#requests.put(room, { jid, nick, fields: submittedData, data, time });
    if (isNews instanceof StanzaError) return isNews;
    if (isNews) {
      this.module.log("debug", "%s: %s asks to be registered as %s", room.jid, jid, nick);
      const message = this.#messages(room, jid)[0] as Element;
      room.broadcast(message, (_nick, occupant) => decides(room, occupant));
    }
    return true;
  }

  /** What admins are asked. @param only about whom; default: everybody who waits */
  #messages(room: Room, only?: BareJid): Element[] {
    const requests = this.#requests.of(room).filter(({ jid }) => only === undefined || jid === only);
    return requests.map((request) => approvalMessage(room, request, room.getRegistrationForm(request.jid)));
  }

  #answer({ room, stanza, form }: MessageFormEvent): Verdict | Promise<Verdict> {
    const actor = String(stanza.attrs["from"]);
    if (!isAtLeast(room.getAffiliation(actor), "admin"))
      return new StanzaError({ type: "auth", condition: "forbidden" });
    if (form.attrs["type"] === "cancel") return true;
    const answer = readAnswer(form);
    if (typeof answer === "string") return new StanzaError({ type: "modify", condition: "bad-request", text: answer });
    const request = this.#requests.find(room, bare(answer.jid));
    if (request?.nick !== answer.nick) {
      const text = "There is no such request any longer";
      return new StanzaError({ type: "cancel", condition: "item-not-found", text });
    }
    return answer.isGranted ? this.#grant(room, actor, request) : this.#deny(room, actor, request);
  }

  #deny(room: Room, actor: string, { jid, nick }: RegistrationRequest): Verdict {
    this.#requests.drop(room, jid);
    this.module.log("debug", "%s: %s denies %s the registration as %s", room.jid, actor, jid, nick);
    tell(room, jid, `Your registration with ${room.jid} was not approved.`);
    return true;
  }

  /** Somebody has an affiliation, and so no request any longer. @returns whether they were told what came of it */
  #settle(room: Room, jid: BareJid): boolean {
    const request = this.#requests.find(room, jid);
    if (!request) return false;
    this.#requests.drop(room, jid);
    if (room.getRegisteredNick(jid) !== request.nick) return false;
    const what = `you are a member, and your nickname is ${request.nick}`;
    tell(room, jid, `Your registration with ${room.jid} was approved: ${what}.`);
    return true;
  }

  /** The request goes with the change of affiliation, in one step. */
  #grant(room: Room, actor: string, { jid, nick, data }: RegistrationRequest): Verdict | Promise<Verdict> {
    const conclude = (error: StanzaError | undefined): Verdict => {
      if (!error) {
        this.module.log("debug", "%s: %s lets %s register as %s", room.jid, actor, jid, nick);
        return true;
      }
      if (error.condition === "conflict" && this.#requests.drop(room, jid)) {
        tell(
          room,
          jid,
          `You could not be registered with ${room.jid}: ${nick} is taken by now. Ask for another nickname.`,
        );
      }
      return error;
    };
    const registered = room.registerNick(actor, jid, {
      ...room.getAffiliationData(jid),
      ...data,
      reserved_nickname: nick,
    });
    return registered instanceof Promise
      ? registered.then((error) => room.run(() => conclude(error)))
      : conclude(registered);
  }
}

/** What of somebody's data is new with a request: the rest may be another by the time it is granted. */
function newIn(data: AffiliationData, stored: AffiliationData = {}): AffiliationData {
  return Object.fromEntries(Object.entries(data).filter(([key, value]) => !isDeepStrictEqual(value, stored[key])));
}

/** Who hears of requests: admins and owners. */
function decides(room: Room, { bareJid }: Occupant): boolean {
  return isAtLeast(room.getAffiliation(bareJid), "admin");
}

/** A word to somebody who may not be in the room. */
function tell(room: Room, jid: BareJid, text: string): void {
  room.routeStanza(xml("message", { from: room.jid, to: jid }, xml("body", {}, text)));
}
