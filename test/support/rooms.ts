/**
 * Rooms as clients know them, for tests of their features: people of `example`, rooms at `rooms.example`, and every
 * request is waited for. For the engine from within see room-engine.ts; texts of stanzas are in room-stanzas.ts.
 */
import { childElements, getChild, xml, type Element } from "../../core/index.js";
import type { FakeClient } from "../../core/testing/fake-client.js";
import { startService, type TestService, type TestServiceOptions } from "../../core/testing/service.js";
import { NS_MUC, submission, type Fields } from "./room-stanzas.js";

export { hook } from "./hook.js";
export { NS_MUC, submission, type Fields } from "./room-stanzas.js";

export const ROOM = "attic@rooms.example";
const NS_OWNER = `${NS_MUC}#owner`;
const NS_ADMIN = `${NS_MUC}#admin`;
const NS_ROOM_CONFIG = `${NS_MUC}#roomconfig`;

/** @param component lines of the rooms' section of the configuration */
export function startRooms(
  component = "",
  options: Omit<TestServiceOptions, "config" | "listen"> = {},
): Promise<TestService> {
  const config = `
    admins = { "admin@example" }
    modules_enabled = { "disco", "ping" }
    VirtualHost "example"
    VirtualHost "elsewhere.example"
    Component "rooms.example" "muc"
    ${component}
  `;
  return startService({ ...options, config, listen: false });
}

/** How somebody enters. */
export interface Entry {
  readonly room?: string;
  readonly password?: string;
  readonly history?: Readonly<Record<string, string>>;
  readonly lang?: string;
}

/** A presence that asks to be let in. */
export function joinPresence(nick: string, { room = ROOM, password, history, lang }: Entry = {}): Element {
  const x = xml("x", { xmlns: NS_MUC });
  if (password !== undefined) x.append(xml("password", {}, password));
  if (history) x.append(xml("history", history));
  return xml("presence", { to: `${room}/${nick}`, "xml:lang": lang }, x);
}

/** What a client has received when the room has done all that it was asked so far; its inbox is empty then. */
export async function received(client: FakeClient, room = ROOM): Promise<Element[]> {
  await client.ping(room, 5000);
  return client.inbox.takeAll();
}

/** Enters, and takes in what comes of it. */
export function enter(client: FakeClient, nick: string, how: Entry = {}): Promise<Element[]> {
  client.send(joinPresence(nick, how));
  return received(client, how.room);
}

let lastId = 0;

/** Sends an iq and takes in what comes of it; what else was received follows the answer. */
export async function request(
  client: FakeClient,
  type: "get" | "set",
  payload: Element,
  to = ROOM,
): Promise<readonly [answer: Element, ...others: Element[]]> {
  const id = `request-${++lastId}`;
  client.send(xml("iq", { type, to, id }, payload));
  const stanzas: Element[] = [];
  // Rooms that have to be loaded, and commands, answer when they can.
  for (;;) {
    const stanza = await client.receive();
    if (stanza.name === "iq" && stanza.attrs["id"] === id) return [stanza, ...stanzas, ...(await received(client))];
    stanzas.push(stanza);
  }
}

/** Configures a room as its owner. */
export function configure(client: FakeClient, fields: Fields = {}, room = ROOM): ReturnType<typeof request> {
  return request(client, "set", xml("query", { xmlns: NS_OWNER }, submission(NS_ROOM_CONFIG, fields)), room);
}

/** Creates a room with an owner in it, configured. */
export async function createRoom(owner: FakeClient, nick: string, fields: Fields = {}, how: Entry = {}): Promise<void> {
  await enter(owner, nick, how);
  const [answer] = await configure(owner, fields, how.room);
  if (answer.attrs["type"] !== "result") throw new Error(`not configured: ${answer.toString()}`);
}

/** Changes affiliations or roles; attributes of the item. */
export function administrate(client: FakeClient, item: Readonly<Record<string, string>>): ReturnType<typeof request> {
  return request(client, "set", xml("query", { xmlns: NS_ADMIN }, xml("item", item)));
}

/** The configuration form that somebody is shown: values and types by field name. */
export async function configurationForm(client: FakeClient): Promise<Map<string, Element>> {
  const [answer] = await request(client, "get", xml("query", { xmlns: NS_OWNER }));
  const query = getChild(answer, "query", NS_OWNER);
  const x = query && getChild(query, "x", "jabber:x:data");
  return new Map(childElements(x ?? xml("x")).map((field) => [String(field.attrs["var"]), field]));
}

/** Features of a room, and the fields of its form. */
export async function discover(
  client: FakeClient,
  room = ROOM,
): Promise<{ features: Set<string>; form: Map<string, string> }> {
  const xmlns = "http://jabber.org/protocol/disco#info";
  const [answer] = await request(client, "get", xml("query", { xmlns }), room);
  const children = childElements(getChild(answer, "query", xmlns) ?? xml("query"));
  const form = children.find((child) => child.name === "x");
  return {
    features: new Set(children.filter(({ name }) => name === "feature").map(({ attrs }) => String(attrs["var"]))),
    form: new Map(
      childElements(form ?? xml("x")).map((field) => [
        String(field.attrs["var"]),
        childElements(field)
          .map((value) => value.text())
          .join("\n"),
      ]),
    ),
  };
}

/** The condition of an error stanza, with its type, as `auth/forbidden`; `undefined` for another stanza. */
export function errorOf(stanza: Element | undefined): string | undefined {
  const error = stanza && getChild(stanza, "error");
  return error && `${String(error.attrs["type"])}/${String(childElements(error)[0]?.name)}`;
}

/** Text of an error stanza. */
export function errorText(stanza: Element | undefined): string | undefined {
  const error = stanza && getChild(stanza, "error");
  return error && getChild(error, "text", "urn:ietf:params:xml:ns:xmpp-stanzas")?.text();
}

/** Status codes of a stanza. */
export function codesOf(stanza: Element | undefined): string[] {
  const x = stanza && getChild(stanza, "x", `${NS_MUC}#user`);
  return x ? childElements(x).flatMap(({ name, attrs }) => (name === "status" ? [String(attrs["code"])] : [])) : [];
}

/** One line for each stanza, for comparing what came in what order. */
export function summary(stanzas: readonly Element[]): string[] {
  return stanzas.map((stanza) => {
    const { from, type } = stanza.attrs as Record<string, string | undefined>;
    const nick = from === undefined || !from.includes("/") ? "room" : from.slice(from.indexOf("/") + 1);
    const what = errorOf(stanza) ?? getChild(stanza, "body")?.text() ?? (getChild(stanza, "subject") && "subject");
    return [stanza.name, nick, type, what, ...codesOf(stanza)].filter((part) => part !== undefined).join(" ");
  });
}
