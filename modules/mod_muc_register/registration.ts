import {
  bare,
  childElements,
  getChild,
  NS_REGISTER,
  resourceprep,
  StanzaError,
  xml,
  type BareJid,
  type Element,
  type IqEvent,
  type ModuleApi,
} from "chorus-muc";
import {
  formElement,
  getForm,
  type Actor,
  type Affiliation,
  type AffiliationData,
  type FormField,
  type FormValue,
  type Outcome,
  type RegistrationFormEvent,
  type Room,
} from "chorus-muc/muc";
import { FIELD_NICK, readRegistration, registrationForm } from "./form.js";

/** Options of the module. */
export interface RegistrationOptions {
  /** Who has no affiliation may register. */
  readonly isOpen: boolean;
  /** Who has a reserved nick must use it. */
  readonly isEnforced: boolean;
  /** Who has registered is shown the form as stored. */
  readonly showsForm: boolean;
}

type Answer = Element | StanzaError;

/** A registration that may be made. */
interface Plan {
  readonly jid: BareJid;
  readonly nick: string;
  readonly submitted: Readonly<Record<string, FormValue>>;
}

/** The requests of XEP-0045 §7.10: asking for the form, registering, and taking it back. */
export class Registration {
  constructor(
    private readonly module: ModuleApi,
    private readonly options: RegistrationOptions,
  ) {}

  /** Answers a get: the form, or that the sender has registered. */
  show(room: Room, stanza: Element): Element | StanzaError {
    const jid = bare(String(stanza.attrs["from"]));
    const refusal = this.#refusalOf(room, jid);
    if (refusal) return refusal;
    const query = xml("query", { xmlns: NS_REGISTER });
    const nick = room.getRegisteredNick(jid);
    if (nick === undefined) {
      const { form, values, header } = this.form(room, jid);
      query.append(formElement(form, "form", values, header));
    } else {
      query.append(xml("registered"));
      query.append(xml("username", {}, nick));
      if (this.options.showsForm) query.append(this.#storedForm(room, jid, nick));
    }
    return xml("iq", {}, query);
  }

  /**
   * Answers a set, in one step of the room, unless asynchronous handlers of others take their time: what was free before
   * is looked at again after them, and by the last handler of `muc-pre-set-affiliation`.
   */
  submit(room: Room, event: IqEvent): Answer | Promise<Answer> {
    const { stanza } = event;
    const jid = bare(String(stanza.attrs["from"]));
    const query = childElements(stanza)[0] as Element;
    if (getChild(query, "remove", NS_REGISTER)) return this.#unregister(room, event, jid);
    if (getForm(query)?.attrs["type"] === "cancel") return xml("iq");
    const plan = this.#plan(room, jid, query);
    if (plan instanceof StanzaError) return plan;
    return room.getRegisteredNick(jid) === plan.nick ? xml("iq") : this.#register(room, event, plan);
  }

  #register(room: Room, event: IqEvent, { jid, nick, submitted }: Plan): Answer | Promise<Answer> {
    const affiliationData: AffiliationData = { ...room.getAffiliationData(jid), reserved_nickname: nick };
    const { origin, stanza } = event;
    const payload = { room, origin, stanza, submittedData: submitted, affiliationData };
    return after(this.module.fireEventAsync("muc-registration-submitted", payload), (verdict) => {
      if (verdict === true) return xml("iq");
      // Handlers may have taken their time: is it still theirs to register?
      const refusal = verdict ?? this.#refusalOf(room, jid);
      if (refusal) return refusal;
      return after(this.enrol(room, true, jid, affiliationData), (error) => error ?? xml("iq"));
    });
  }

  /** See `Room.registerNick`. */
  enrol(
    room: Room,
    actor: Actor,
    jid: BareJid,
    data: AffiliationData,
  ): StanzaError | undefined | Promise<StanzaError | undefined> {
    const nick = String(data.reserved_nickname);
    const affiliation = room.getAffiliation(jid);
    const refusal = affiliation === "outcast" ? forbidden() : checkFree(room, jid, nick);
    if (refusal) return refusal;
    const given = affiliation === "none" ? "member" : affiliation;
    return after(changeAffiliation(room, actor, jid, given, data), (error) => {
      if (error) return error;
      this.module.log("debug", "%s: %s has reserved %s", room.jid, jid, nick);
      return this.options.isEnforced ? removeOthers(room, jid, nick) : undefined;
    });
  }

  /** Members lose the membership with the registration; higher affiliations are not given by it and stay. */
  #unregister(room: Room, { origin, stanza }: IqEvent, jid: BareJid): Answer | Promise<Answer> {
    const payload = { room, origin, stanza, jid };
    return after(this.module.fireEventAsync("muc-registration-pre-remove", payload), (verdict) => {
      if (verdict === true) return xml("iq");
      const affiliation = room.getAffiliation(jid);
      const refusal = verdict ?? this.#refusalOf(room, jid);
      if (refusal) return refusal;
      // XEP-0077 §3.2: there is nothing to take back.
      if (affiliation === "none") return registrationRequired();
      const left = affiliation === "member" ? "none" : affiliation;
      return after(changeAffiliation(room, true, jid, left, false), (error) => error ?? xml("iq"));
    });
  }

  #plan(room: Room, jid: BareJid, query: Element): Plan | StanzaError {
    const refusal = this.#refusalOf(room, jid);
    if (refusal) return refusal;
    const submitted = readRegistration(this.form(room, jid).form, getForm(query));
    if (submitted instanceof StanzaError) return submitted;
    const nick = resourceprep(String(submitted[FIELD_NICK]), { strict: true });
    if (!nick?.trim()) return new StanzaError({ type: "modify", condition: "bad-request", text: "Invalid Nickname" });
    return checkFree(room, jid, nick) ?? { jid, nick, submitted };
  }

  #refusalOf(room: Room, jid: BareJid): StanzaError | undefined {
    const affiliation = room.getAffiliation(jid);
    if (affiliation === "outcast") return forbidden();
    if (affiliation !== "none") return undefined;
    const isAllowed = this.module.fireEvent("muc-registration-allowed", { room, jid }) ?? this.options.isOpen;
    return isAllowed ? undefined : registrationRequired();
  }

  /** The form that somebody is shown. */
  form(room: Room, jid: BareJid): RegistrationFormEvent {
    const form = registrationForm(this.module.getHostItems<FormField>("muc-registration-field"));
    const event: RegistrationFormEvent = { room, jid, form, values: {}, header: {} };
    this.module.fireEvent("muc-registration-form", event);
    return event;
  }

  #storedForm(room: Room, jid: BareJid, nick: string): Element {
    const data = room.getAffiliationData(jid) ?? {};
    const values: Record<string, FormValue> = {};
    const { form } = this.form(room, jid);
    for (const { name } of form) {
      const value = name === undefined ? undefined : data[name];
      if (name !== undefined && isFormValue(value)) values[name] = value;
    }
    values[FIELD_NICK] = nick;
    return formElement(form, "result", values);
  }
}

function forbidden(): StanzaError {
  return new StanzaError({ type: "auth", condition: "forbidden" });
}

function registrationRequired(): StanzaError {
  return new StanzaError({ type: "auth", condition: "registration-required" });
}

function isFormValue(value: unknown): value is FormValue {
  if (Array.isArray(value)) return value.every((text) => typeof text === "string");
  return typeof value === "string" || typeof value === "boolean";
}

/** Whether nobody else has a nick, or a claim to it. */
function checkFree(room: Room, jid: BareJid, nick: string): StanzaError | undefined {
  const occupant = room.getOccupantByNick(`${room.jid}/${nick}`);
  const holder = room.getRegisteredJid(nick);
  if ((!occupant || occupant.bareJid === jid) && (holder === undefined || holder === jid)) return undefined;
  return new StanzaError({ type: "cancel", condition: "conflict" });
}

/** Sessions of theirs under other nicks have to go: they could not have entered so. */
function removeOthers(room: Room, jid: BareJid, nick: string): undefined | Promise<undefined> {
  return room.run(() => {
    for (const [occupantJid, occupant] of room.eachOccupant()) {
      const isOther = occupant.bareJid === jid && occupantJid !== `${room.jid}/${nick}`;
      if (isOther) room.setRole(true, occupantJid, "none", "You have a reserved nickname");
    }
    return undefined;
  });
}

/**
 * Changes an affiliation. What comes back has been written: asynchronous handlers of others
 * make the change a step that nobody waits for, so the room is asked once more when that step is over.
 */
function changeAffiliation(
  room: Room,
  actor: Actor,
  jid: BareJid,
  affiliation: Affiliation,
  data: AffiliationData | false,
): StanzaError | undefined | Promise<StanzaError | undefined> {
  const changed = room.run(() => room.setAffiliationAsync(actor, jid, affiliation, undefined, data));
  return after<Outcome, StanzaError | undefined>(changed as Outcome | Promise<Outcome>, (outcome) => {
    if (!outcome[0]) return outcome[3] ?? new StanzaError({ type: outcome[1], condition: outcome[2] });
    if (!(changed instanceof Promise)) return undefined;
    return room.run(() =>
      room.getAffiliation(jid) === affiliation && room.getRegisteredNick(jid) === (data || undefined)?.reserved_nickname
        ? undefined
        : new StanzaError({ type: "cancel", condition: "internal-server-error" }),
    );
  });
}

/** Goes on at once where there is nothing to wait for, so that the sender's next stanza finds it done. */
function after<T, R>(value: T | Promise<T>, next: (value: T) => R | Promise<R>): R | Promise<R> {
  return value instanceof Promise ? value.then(next) : next(value);
}
