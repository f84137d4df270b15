import {
  childElements,
  childText,
  NS_DATA_FORM,
  parseJid,
  reply,
  StanzaError,
  xml,
  type Element,
  type FullJid,
  type IqEvent,
  type Origin,
  type StanzaEvent,
} from "chorus-muc";
import { askDestruction } from "./destroy.js";
import { formElement, invalidField, parseSubmission, type Form, type FormSubmission } from "./form.js";
import { answerIq } from "./iq-answer.js";
import type { ConfigSubmittedEvent } from "./muc-events.js";
import { NS_MUC_OWNER, NS_ROOM_CONFIG } from "./namespaces.js";
import { userX } from "./presence.js";
import { errorOf } from "./privileges.js";
import type { Actor } from "./room-api.js";
import type { LiveRoom } from "./room.js";
import type { Service } from "./service.js";

/** Headings of the form: the fields of each are those between it and the next. */
const SECTIONS: Readonly<Record<number, string>> = {
  100: "Room information",
  90: "Access to the room",
  80: "Permissions in the room",
  70: "Other options",
};

/** The sections of the configuration form, at their priorities. */
export function hookSections(service: Service): void {
  for (const [priority, value] of Object.entries(SECTIONS)) {
    service.module.hook("muc-config-form", ({ form }) => void form.push({ type: "fixed", value }), Number(priority));
  }
}

/** The configuration form of a room, as modules make it for that owner; without headings that nothing stands below. */
export function configurationForm(room: LiveRoom, actor: string): Form {
  const event = { room, actor, form: [{ name: "FORM_TYPE", type: "hidden", value: NS_ROOM_CONFIG }] as Form };
  room.service.module.fireEvent("muc-config-form", event);
  const { form } = event;
  return form.filter(({ type }, at) => type !== "fixed" || (form[at + 1]?.type ?? "fixed") !== "fixed");
}

/** A request in the namespace of owners (XEP-0045 §10). */
export function handleOwner(room: LiveRoom, event: IqEvent): void {
  const { stanza } = event;
  const actor = stanza.attrs["from"] as FullJid;
  if (room.getAffiliation(actor) !== "owner") {
    answerIq(event, new StanzaError({ type: "auth", condition: "forbidden", text: "Only owners can configure rooms" }));
    return;
  }
  if (stanza.attrs["type"] === "get") answerIq(event, formAnswer(room, stanza, actor));
  else handleSet(room, event);
}

function formAnswer(room: LiveRoom, stanza: Element, actor: string): Element {
  const layout = room.getFormLayout(actor);
  const answer = reply(stanza);
  const query = xml("query", { xmlns: NS_MUC_OWNER });
  answer.append(query);
  // XEP-0045 §10.1.3: nothing, where nothing can be chosen.
  if (layout.every(({ name }) => name === "FORM_TYPE")) return answer;
  const title = `Configuration for ${room.jid}`;
  const instructions = "Complete and submit this form to configure the room.";
  query.append(formElement(layout, "form", undefined, { title, instructions }));
  return answer;
}

function handleSet(room: LiveRoom, event: IqEvent): void {
  const [query] = childElements(event.stanza);
  const [child] = query ? childElements(query) : [];
  if (!child) answerIq(event, new StanzaError({ type: "modify", condition: "bad-request" }));
  else if (child.name === "destroy") handleDestroy(room, event, child);
  else if (child.name === "x" && child.attrs["xmlns"] === NS_DATA_FORM) handleForm(room, event, child);
  else answerIq(event, new StanzaError({ type: "cancel", condition: "service-unavailable" }));
}

/** XEP-0045 §10.9. */
function handleDestroy(room: LiveRoom, event: IqEvent, destroy: Element): void {
  const given = destroy.attrs["jid"] as string | undefined;
  const newjid = given === undefined ? undefined : parseJid(given);
  if (given !== undefined && newjid === undefined) {
    answerIq(event, new StanzaError({ type: "modify", condition: "jid-malformed" }));
    return;
  }
  const reason = childText(destroy, "reason", NS_MUC_OWNER);
  const password = childText(destroy, "password", NS_MUC_OWNER);
  room.steps.decide(askDestruction(room, newjid, reason, password), ({ outcome, commit }) => {
    answerIq(event, errorOf(outcome[0] ? commit() : outcome) ?? reply(event.stanza));
  });
}

function handleForm(room: LiveRoom, event: IqEvent, form: Element): void {
  const type: unknown = form.attrs["type"];
  if (type === "cancel") answerIq(event, reply(event.stanza));
  else if (type === "submit") submit(room, event, form);
  else {
    answerIq(event, new StanzaError({ type: "cancel", condition: "bad-request", text: "Not a submitted form" }));
  }
}

/** An empty form makes an instant room (XEP-0045 §10.1.2). */
function read(room: LiveRoom, form: Element, actor: string): FormSubmission | StanzaError {
  if (childElements(form).length === 0) return { fields: {}, present: [], errors: {}, formType: undefined };
  const submission = parseSubmission(room.getFormLayout(actor), form);
  if (submission.formType !== NS_ROOM_CONFIG) {
    const text = "Form is not of type room configuration";
    return new StanzaError({ type: "cancel", condition: "bad-request", text });
  }
  const [wrong] = Object.entries(submission.errors);
  if (!wrong) return submission;
  return invalidField(...wrong);
}

/**
 * XEP-0045 §10.1.3, §10.2. A field that a module refuses is thrown: the whole step is taken back, and the error sent.
 */
function submit(room: LiveRoom, event: IqEvent, form: Element): void {
  const actor = event.stanza.attrs["from"] as FullJid;
  const submission = read(room, form, actor);
  if (submission instanceof StanzaError) {
    answerIq(event, submission);
    return;
  }
  const codes = apply(room, event, submission);
  answerIq(event, reply(event.stanza));
  announce(room, codes);
}

/** See `Room.configure`. Within a step. @throws StanzaError that names the field which is refused */
export function configureRoom(room: LiveRoom, actor: Actor, values: Readonly<Record<string, readonly string[]>>): void {
  const { host, log } = room.service.module;
  const from = actor === true ? host : actor;
  const x = xml("x", { xmlns: NS_DATA_FORM, type: "submit" });
  for (const [name, texts] of Object.entries({ FORM_TYPE: [NS_ROOM_CONFIG], ...values })) {
    x.append(xml("field", { var: name }, ...texts.map((text) => xml("value", {}, text))));
  }
  const known = new Set(room.getFormLayout(from).map(({ name }) => name));
  const unknown = Object.keys(values).find((name) => !known.has(name));
  if (unknown !== undefined) throw invalidField(unknown, "There is no such field");
  const submission = read(room, x, from);
  if (submission instanceof StanzaError) throw submission;
  const origin: Origin = { type: "local", host, log, send: () => true };
  const stanza = xml("iq", { type: "set", from, to: room.jid }, xml("query", { xmlns: NS_MUC_OWNER }, x));
  announce(room, apply(room, { origin, stanza }, submission));
}

/** @returns the codes that the room is to be told of */
function apply(room: LiveRoom, event: StanzaEvent, submission: FormSubmission): ReadonlySet<string> {
  room.touchData();
  const wasPersistent = room.getPersistent();
  const { module } = room.service;
  const payload = submittedEvent(room, event, submission);
  module.fireEvent("muc-config-submitted", payload);
  for (const field of submission.present) {
    if (field === "FORM_TYPE") continue;
    const own = Object.assign(payload, { field, value: submission.fields[field] });
    const refusal = module.fireEvent(`muc-config-submitted/${field}`, own);
    if (refusal instanceof StanzaError) throw refusal;
  }
  // A temporary room with nobody in it is over, whenever it becomes one.
  if (wasPersistent && !room.getPersistent()) room.mayBeEmpty = true;
  room.save(true);
  return payload.statusCodes;
}

/** XEP-0045 §10.2.1. */
function announce(room: LiveRoom, codes: ReadonlySet<string>): void {
  if (codes.size === 0) return;
  room.broadcastMessage(xml("message", { type: "groupchat", from: room.jid }, userX(...codes)));
}

function submittedEvent(
  room: LiveRoom,
  { origin, stanza }: StanzaEvent,
  { fields, present }: FormSubmission,
): ConfigSubmittedEvent {
  const statusCodes = new Set<string>();
  return {
    room,
    origin,
    stanza,
    fields,
    statusCodes,
    actor: stanza.attrs["from"] as FullJid,
    updateOption(name, field, allowed) {
      const value = fields[field];
      if (!present.includes(field) || (allowed && !allowed.has(value))) return false;
      if (call(room, `get${capitalised(name)}`) === value) return false;
      if (call(room, `set${capitalised(name)}`, value) === false) return false;
      statusCodes.add("104");
      return true;
    },
  };
}

function capitalised(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1);
}

/** Calls a method that a module gave to rooms. */
function call(room: LiveRoom, method: string, ...args: unknown[]): unknown {
  const fn: unknown = Reflect.get(room, method);
  if (typeof fn !== "function") throw new TypeError(`updateOption: rooms have no method ${method}`);
  return Reflect.apply(fn, room, args);
}
