/** What people do with rooms, whatever server has them. */
import assert from "node:assert/strict";
import type { Client } from "../../core/testing/client.js";
import { childElements, getChild, type Element } from "../../core/xmpp/element.js";

export const NS_MUC = "http://jabber.org/protocol/muc";
export const NS_FORM = "jabber:x:data";

let lastId = 0;

/** Sends an iq, and passes over what comes before the answer. @param messages get those of it that are messages */
export async function ask(
  client: Client,
  type: "get" | "set",
  to: string,
  payload: string,
  messages: Element[] = [],
): Promise<Element> {
  const id = `ask-${++lastId}`;
  client.send(`<iq type="${type}" id="${id}" to="${to}">${payload}</iq>`);
  for (;;) {
    const stanza = await client.receive();
    if (stanza.name === "iq" && stanza.attrs["id"] === id) return stanza;
    if (stanza.name === "message") messages.push(stanza);
  }
}

/** The same, where nothing but a result will do. */
export async function change(client: Client, to: string, payload: string): Promise<void> {
  const answer = await ask(client, "set", to, payload);
  assert.equal(answer.attrs["type"], "result", answer.toString());
}

/** Enters a room. @returns what came, with the subject last (XEP-0045 §7.2.15) */
export async function enter(client: Client, room: string, nick: string, password?: string): Promise<Element[]> {
  const content = password === undefined ? "" : `<password>${password}</password>`;
  client.send(`<presence to="${room}/${nick}"><x xmlns="${NS_MUC}">${content}</x></presence>`);
  const seen: Element[] = [];
  for (;;) {
    const stanza = await client.receive();
    seen.push(stanza);
    if (stanza.attrs["type"] === "error") assert.fail(stanza.toString());
    if (stanza.name === "message" && getChild(stanza, "subject") && !getChild(stanza, "body")) return seen;
  }
}

/** A form that is submitted. @param settings by field, each of one value */
export function submission(type: string, settings: Readonly<Record<string, string>>): string {
  const fields = Object.entries({ FORM_TYPE: type, ...settings }).map(
    ([name, value]) => `<field var="${name}"><value>${value.replace(/"/g, "&quot;")}</value></field>`,
  );
  return `<x xmlns="${NS_FORM}" type="submit">${fields.join("")}</x>`;
}

/** Fields of the room's form, with their values in order of text: Prosody's order is that of a hash table. */
export async function formOf(owner: Client, room: string): Promise<Record<string, readonly string[]>> {
  const answer = await ask(owner, "get", room, `<query xmlns="${NS_MUC}#owner"/>`);
  const x = getChild(childElements(answer)[0] as Element, "x", NS_FORM) as Element;
  const fields = childElements(x).filter(({ name }) => name === "field");
  return Object.fromEntries(
    fields.map((field) => {
      const values = childElements(field).filter(({ name }) => name === "value");
      return [String(field.attrs["var"]), values.map((value) => value.text()).sort()];
    }),
  );
}

/** Who has an affiliation, with nick and reason where there are any. */
export async function affiliationsOf(owner: Client, room: string): Promise<string[]> {
  const affiliations = [];
  for (const affiliation of ["owner", "admin", "member", "outcast"]) {
    const query = `<query xmlns="${NS_MUC}#admin"><item affiliation="${affiliation}"/></query>`;
    const list = await ask(owner, "get", room, query);
    const items = childElements(childElements(list)[0] as Element);
    affiliations.push(
      ...items.map((item) => [
        item.attrs["jid"],
        item.attrs["affiliation"],
        item.attrs["nick"],
        getChild(item, "reason")?.text() ?? item.getChildText("reason"),
      ]),
    );
  }
  return affiliations.map(String).sort();
}

/** An entry of an archive, as a page of it has it. */
export interface PageEntry {
  readonly id: unknown;
  readonly from: unknown;
  readonly body: string | null;
  readonly subject: string | null;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** The archive of a room. */
export async function pageOf(client: Client, room: string): Promise<PageEntry[]> {
  const messages: Element[] = [];
  await ask(client, "set", room, `<query xmlns="urn:xmpp:mam:2"/>`, messages);
  return messages.flatMap((message) => {
    const result = childElements(message).find(({ name }) => name === "result");
    const forwarded = result && childElements(result)[0];
    const said = forwarded && childElements(forwarded).find(({ name }) => name === "message");
    const delay = forwarded && childElements(forwarded).find(({ name }) => name === "delay");
    if (!said) return [];
    const { id } = result.attrs;
    const [body, subject] = [said.getChildText("body"), said.getChildText("subject")];
    return [{ id, from: said.attrs["from"], body, subject, at: Date.parse(String(delay?.attrs["stamp"])) }];
  });
}
