/** What a service holds, as its clients can read it, against what they were told. */
import type { Element } from "../../core/index.js";
import type { Ledger } from "./ledger.js";
import { cells } from "./load.js";
import {
  AFFILIATIONS,
  DEEDS,
  fieldsIn,
  formFields,
  GROUPS,
  groupOf,
  HATTED,
  hatPayload,
  MAKER,
  OWNER,
  read,
  REGISTRANTS,
  SERVICE,
  TALKS,
} from "./rooms.js";
import { conditionOf, type Session } from "./session.js";
import { subjectCell, type Entry, type Talk } from "./talk.js";

const NS_MUC = "http://jabber.org/protocol/muc";
const NS_MAM = "urn:xmpp:mam:2";
const DISCO_INFO = '<query xmlns="http://jabber.org/protocol/disco#info"/>';
const RSM = "http://jabber.org/protocol/rsm";
const PAGE = 200;

type Sessions = ReadonlyMap<string, Session>;

/** Reads all rooms that stay, and those rooms besides. */
export async function checkRooms(ledger: Ledger, sessions: Sessions, mortals: readonly string[]): Promise<void> {
  const owner = sessions.get(OWNER) as Session;
  const listed = await listedRooms(owner); // first: a room that is read may put itself on the list
  const shown = new Set<string>();
  for (const room of [...TALKS, ...DEEDS]) {
    if (await checkForm(ledger, owner, room)) shown.add(room);
    await checkAffiliations(ledger, owner, room, sessions);
    await checkHats(ledger, owner, room);
    await checkCard(ledger, owner, room);
  }
  for (const room of TALKS) {
    const info = fieldsIn(await read(owner, room, DISCO_INFO));
    ledger.found(subjectCell(room), info.get("muc#roominfo_subject") || undefined);
  }
  const maker = sessions.get(MAKER) as Session;
  for (const room of mortals) if (await checkMortal(ledger, maker, room)) shown.add(room);
  for (const room of [...TALKS, ...DEEDS, ...mortals]) {
    if (shown.has(room) !== listed.has(room)) {
      ledger.report(`${room}: ${shown.has(room) ? "public, and not listed" : "not public, and listed"}`);
    }
  }
}

/** @returns whether the room is public */
async function checkForm(ledger: Ledger, owner: Session, room: string): Promise<boolean> {
  const found = fieldsIn(await read(owner, room, `<query xmlns="${NS_MUC}#owner"/>`));
  const names = Object.keys(formFields(room, 0));
  // A boolean that is false may have no value (XEP-0004 §3.3); no text here is empty.
  const form = Object.fromEntries(names.map((name) => [name, found.get(name) || "0"]));
  ledger.found(cells.form(room), JSON.stringify(form));
  return form["muc#roomconfig_publicroom"] === "1";
}

async function affiliationsOf(owner: Session, room: string): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const affiliation of AFFILIATIONS.filter((word) => word !== "none")) {
    const query = `<query xmlns="${NS_MUC}#admin"><item affiliation="${affiliation}"/></query>`;
    const items = (await read(owner, room, query)).getChild("query")?.getChildren("item") ?? [];
    for (const { attrs } of items) found.set(String(attrs["jid"]), affiliation);
  }
  return found;
}

function groupValue(found: ReadonlyMap<string, string>, group: number): string {
  return groupOf(group)
    .map((jid) => found.get(jid) ?? "none")
    .join(" ");
}

async function checkAffiliations(ledger: Ledger, owner: Session, room: string, sessions: Sessions): Promise<void> {
  const found = await affiliationsOf(owner, room);
  const nobody = groupValue(new Map(), 0);
  for (const group of GROUPS) {
    const cell = cells.affiliations(room, group);
    const value = groupValue(found, group);
    ledger.found(cell, value === nobody && ledger.known(cell) === undefined ? undefined : value);
  }
  if (!DEEDS.includes(room)) return;
  for (const user of REGISTRANTS) {
    const session = sessions.get(user) as Session;
    const nick = await reservedNick(session, room);
    const affiliation = found.get(`${user}@localhost`);
    const isNothing = nick === undefined && affiliation === undefined;
    ledger.found(
      cells.registration(room, user),
      isNothing ? undefined : `${affiliation ?? "none"} ${nick ?? "without a nick"}`,
    );
  }
}

async function reservedNick(session: Session, room: string): Promise<string | undefined> {
  const answer = await read(session, room, '<query xmlns="jabber:iq:register"/>').catch((error: unknown) => {
    // Nobody may register with a room for members only, unless they are one.
    if (String(error).includes("registration-required")) return undefined;
    throw error;
  });
  return answer?.getChild("query")?.getChildText("username") ?? undefined;
}

async function checkHats(ledger: Ledger, owner: Session, room: string): Promise<void> {
  const answer = await read(owner, room, hatPayload("list-assigned", {}), "set");
  const items = answer.getChild("command")?.getChild("x", "jabber:x:data")?.getChildren("item") ?? [];
  const value = (item: Element, name: string): string =>
    item
      .getChildren("field")
      .find(({ attrs }) => attrs["var"] === name)
      ?.getChildText("value") ?? "";
  const hats = new Map(items.map((item) => [value(item, "hats#jid"), value(item, "hats#uri")]));
  for (const n of HATTED) ledger.found(cells.hat(room, n), hats.get(`hatted${n}@localhost`));
}

async function checkCard(ledger: Ledger, owner: Session, room: string): Promise<void> {
  const answer = await owner.request("get", room, '<vCard xmlns="vcard-temp"/>');
  if (answer.kind === "lost") throw new Error(`${room}: the connection is lost`);
  const name = answer.stanza.getChild("vCard")?.getChildText("FN");
  ledger.found(cells.vcard(room), answer.kind === "result" ? (name ?? undefined) : undefined);
}

/** @returns whether it is there and public */
async function checkMortal(ledger: Ledger, maker: Session, room: string): Promise<boolean> {
  const info = await maker.request("get", room, DISCO_INFO);
  if (info.kind === "lost") throw new Error(`${room}: the connection is lost`);
  const condition = info.kind === "error" ? conditionOf(info.stanza) : "";
  if (info.kind === "result") {
    const found = await affiliationsOf(maker, room);
    const cell = cells.affiliations(room, 0);
    const value = groupValue(found, 0);
    ledger.found(cell, value === groupValue(new Map(), 0) && ledger.known(cell) === undefined ? undefined : value);
    return checkForm(ledger, maker, room);
  }
  const reason = /gone "(.*)"|"(.*)" gone/.exec(condition);
  if (reason) ledger.found(cells.form(room), `gone ${reason[1] ?? reason[2] ?? ""}`);
  else if (condition.includes("item-not-found")) ledger.found(cells.form(room), undefined);
  else ledger.report(`${room}: ${condition}`);
  return false;
}

/** The list of public rooms. */
async function listedRooms(owner: Session): Promise<Set<string>> {
  const listed = new Set<string>();
  for (let after = ""; ;) {
    const set = `<set xmlns="${RSM}"><max>${PAGE}</max>${after && `<after>${after}</after>`}</set>`;
    const query = `<query xmlns="http://jabber.org/protocol/disco#items">${set}</query>`;
    const items = (await read(owner, SERVICE, query)).getChild("query")?.getChildren("item") ?? [];
    for (const { attrs } of items) listed.add(String(attrs["jid"]));
    after = String(items.at(-1)?.attrs["jid"] ?? "");
    if (items.length < PAGE) return listed;
  }
}

/** Reads archives: what is new since the last time, or all of it. */
export class ArchiveReader {
  readonly #last = new Map<string, string>();

  constructor(private readonly talk: Talk) {}

  async check(session: Session, what: "new" | "all"): Promise<void> {
    for (const room of TALKS) {
      const entries = await readArchive(session, room, this.#last.get(room));
      const last = entries.at(-1);
      if (last) this.#last.set(room, last.id);
      this.talk.checkNew(room, entries);
      if (what === "all") this.talk.checkAll(room, await readArchive(session, room, undefined));
    }
  }
}

async function readArchive(session: Session, room: string, start: string | undefined): Promise<Entry[]> {
  const entries: Entry[] = [];
  const listen = session.onStanza;
  session.onStanza = (stanza) => {
    const result = stanza.getChild("result", NS_MAM);
    const message = result?.getChildElements()[0]?.getChild("message");
    if (!result || !message) return;
    const body = message.getChildText("body") ?? undefined;
    const isRetracted = message.getChildElements().some(({ name }) => name === "retracted");
    entries.push({ id: String(result.attrs["id"]), body, isRetracted });
  };
  try {
    for (let after = start; ;) {
      const from = after === undefined ? "" : `<after>${after}</after>`;
      const query = `<query xmlns="${NS_MAM}"><set xmlns="${RSM}"><max>${PAGE}</max>${from}</set></query>`;
      const fin = (await read(session, room, query, "set")).getChild("fin", NS_MAM);
      if (fin?.attrs["complete"] === "true") return entries;
      after = entries.at(-1)?.id;
    }
  } finally {
    session.onStanza = listen;
  }
}
