/** Rooms with archives, for tests of them: what people ask, and what they are answered. */
import { childElements, getChild, xml, type Element } from "../../core/index.js";
import type { FakeClient } from "../../core/testing/fake-client.js";
import type { TestService, TestServiceOptions } from "../../core/testing/service.js";
import type { Muc, Room } from "../../modules/mod_muc/index.js";
import type { MucArchives } from "../../modules/mod_muc_mam/index.js";
import { errorOf, request, ROOM, startRooms, submission, type Fields } from "./rooms.js";

export const NS_MAM = "urn:xmpp:mam:2";
const NS_RSM = "http://jabber.org/protocol/rsm";

/** @param component further lines of the rooms' section */
export function startArchives(
  component = "",
  options: Omit<TestServiceOptions, "config" | "listen"> = {},
): Promise<TestService> {
  return startRooms(`modules_enabled = { "muc_mam" }; ${component}`, options);
}

/** What is asked of an archive. */
export interface Query {
  /** Of the form; without any there is no form. */
  readonly fields?: Fields;
  /** Children of the `<set/>`; without any there is none. */
  readonly rsm?: Readonly<Record<string, string>>;
  readonly flip?: boolean;
  readonly queryid?: string;
}

/** One result. */
export interface Result {
  readonly id: string;
  readonly body: string | undefined;
  readonly stamp: string;
  readonly stanza: Element;
  /** The message around it. */
  readonly message: Element;
}

/** What came of a query. */
export interface Answer {
  /** `auth/forbidden` and the like. */
  readonly error: string | undefined;
  readonly results: readonly Result[];
  readonly complete: boolean;
  readonly first: string | undefined;
  readonly index: string | undefined;
  readonly last: string | undefined;
  readonly count: string | undefined;
  readonly answer: Element;
}

/** The `<query/>` itself. */
export function queryElement({ fields, rsm, flip, queryid }: Query): Element {
  const query = xml("query", { xmlns: NS_MAM, queryid });
  if (fields) query.append(submission(NS_MAM, fields));
  if (rsm) {
    const set = xml("set", { xmlns: NS_RSM });
    for (const [name, value] of Object.entries(rsm)) set.append(xml(name, {}, value));
    query.append(set);
  }
  if (flip === true) query.append(xml("flip-page"));
  return query;
}

/** Asks an archive. */
export async function ask(client: FakeClient, query: Query = {}, room = ROOM): Promise<Answer> {
  const [answer, ...stanzas] = await request(client, "set", queryElement(query), room);
  return readAnswer(answer, stanzas);
}

function readAnswer(answer: Element, stanzas: readonly Element[]): Answer {
  const fin = getChild(answer, "fin", NS_MAM);
  const set = fin && getChild(fin, "set", NS_RSM);
  const first = set && getChild(set, "first", NS_RSM);
  return {
    error: errorOf(answer),
    results: stanzas.flatMap((message) => {
      const result = getChild(message, "result", NS_MAM);
      return result ? [readResult(message, result)] : [];
    }),
    complete: fin?.attrs["complete"] === "true",
    first: first?.text(),
    index: first?.attrs["index"] as string | undefined,
    last: set && getChild(set, "last", NS_RSM)?.text(),
    count: set && getChild(set, "count", NS_RSM)?.text(),
    answer,
  };
}

function readResult(message: Element, result: Element): Result {
  const [delay, stanza] = childElements(childElements(result)[0] ?? result);
  if (!delay || !stanza) throw new Error(`not a result: ${message.toString()}`);
  return {
    id: String(result.attrs["id"]),
    body: childElements(stanza)
      .find(({ name }) => name === "body")
      ?.text(),
    stamp: String(delay.attrs["stamp"]),
    stanza,
    message,
  };
}

/** Bodies of the results. */
export function bodies({ results }: Answer): (string | undefined)[] {
  return results.map(({ body }) => body);
}

/** Says something in a room and waits for it to be heard. @returns the room's ids */
export async function say(client: FakeClient, ...texts: string[]): Promise<string[]> {
  return sayIn(ROOM, client, ...texts);
}

/** The same in another room. */
export async function sayIn(room: string, client: FakeClient, ...texts: string[]): Promise<string[]> {
  for (const text of texts) client.send(xml("message", { to: room, type: "groupchat" }, xml("body", {}, text)));
  const stanzas: Element[] = [];
  const last = texts.at(-1);
  // What a persistent room archives is heard when it is written.
  while (last !== undefined && stanzas.at(-1)?.getChildText("body") !== last) stanzas.push(await client.receive());
  return stanzas.flatMap((stanza) => idOf(stanza, room) ?? []);
}

/** The id that a room gave to a stanza. */
export function idOf(stanza: Element, room = ROOM): string | undefined {
  const ids = childElements(stanza).filter(({ name, attrs }) => name === "stanza-id" && attrs["by"] === room);
  if (ids.length > 1) throw new Error(`more than one id: ${stanza.toString()}`);
  return ids[0]?.attrs["id"] as string | undefined;
}

/** The room as modules see it. */
export function roomOf(service: TestService, jid = ROOM): Room {
  const room = (service.service.modules.exportsOf("rooms.example", "muc") as Muc).getLiveRoomFromJid(jid);
  if (!room) throw new Error(`${jid} is not in memory`);
  return room;
}

/** Where the archive of a room is. */
export function placeOf(service: TestService, jid = ROOM): ReturnType<MucArchives["placeOf"]> {
  return (service.service.modules.exportsOf("rooms.example", "muc_mam") as MucArchives).placeOf(roomOf(service, jid));
}
