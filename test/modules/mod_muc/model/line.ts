/** What somebody receives, in one line: as the model says it, and as a stanza reads. */
import { childElements, getChild, type Element } from "../../../../core/xmpp/element.js";
import { NS_MUC } from "../../../support/room-stanzas.js";

/** An `<item/>` (XEP-0045 §19.2). */
export interface Item {
  readonly affiliation: string;
  readonly role?: string | undefined;
  readonly jid?: string | undefined;
  readonly nick?: string | undefined;
  readonly actorNick?: string | undefined;
  readonly actorJid?: string | undefined;
  readonly reason?: string | undefined;
}

/** A stanza, as far as the model goes into it. */
export interface Line {
  readonly name: string;
  readonly type?: string | undefined;
  /** Nick of the sender; `undefined`: the room. */
  readonly nick?: string | undefined;
  /** `type/condition`. */
  readonly error?: string | undefined;
  readonly subject?: string | undefined;
  readonly body?: string | undefined;
  readonly items?: readonly Item[] | undefined;
  readonly codes?: readonly string[] | undefined;
  /** Of a destroyed room: where to go, and why. */
  readonly destroy?: string | undefined;
  /** From whom an invitation is, and the password that it brings. */
  readonly invite?: string | undefined;
  /** Nick of the one who asks for voice. */
  readonly voice?: string | undefined;
  /** What a request was answered with. */
  readonly answer?: string | undefined;
}

function itemText({ affiliation, role, jid, nick, actorNick, actorJid, reason }: Item): string {
  const words = [`${affiliation}/${role ?? "-"}`];
  if (jid !== undefined) words.push(`jid=${jid}`);
  if (nick !== undefined) words.push(`nick=${nick}`);
  if (actorNick !== undefined || actorJid !== undefined) words.push(`by=${actorNick ?? ""}|${actorJid ?? ""}`);
  if (reason !== undefined) words.push(`because=${reason}`);
  return `(${words.join(" ")})`;
}

/** One line of text. */
export function lineOf(line: Line): string {
  const words = [line.name, line.type, line.nick ?? "*", line.error];
  if (line.subject !== undefined) words.push(`subject "${line.subject}"`);
  if (line.body !== undefined) words.push(`"${line.body}"`);
  if (line.destroy !== undefined) words.push(`destroyed ${line.destroy}`);
  if (line.invite !== undefined) words.push(`invites ${line.invite}`);
  if (line.voice !== undefined) words.push(`voice for ${line.voice}`);
  if (line.answer !== undefined) words.push(line.answer);
  words.push(...(line.items ?? []).map(itemText), ...(line.codes ?? []));
  return words.filter((word) => word !== undefined).join(" ");
}

function errorOf(stanza: Element): string | undefined {
  const error = stanza.attrs["type"] === "error" ? getChild(stanza, "error") : undefined;
  return error && `${String(error.attrs["type"])}/${String(childElements(error)[0]?.name)}`;
}

function itemOf(element: Element): Item {
  const actor = childElements(element).find(({ name }) => name === "actor");
  const reason = childElements(element).find(({ name }) => name === "reason");
  return {
    ...(element.attrs as { affiliation: string }),
    actorNick: actor?.attrs["nick"] as string | undefined,
    actorJid: actor?.attrs["jid"] as string | undefined,
    reason: reason?.text(),
  };
}

function destroyOf(element: Element | undefined): string | undefined {
  if (!element) return undefined;
  const reason = childElements(element).find(({ name }) => name === "reason");
  return destroyText(element.attrs["jid"] as string | undefined, reason?.text());
}

/** What everybody is told of a room that is destroyed. */
export function destroyText(newjid: string | undefined, reason: string | undefined): string {
  return `to=${newjid ?? ""} because=${reason ?? ""}`;
}

/** What an invitation says. */
export function inviteText(from: string, password: string | undefined): string {
  return `from=${from} password=${password ?? ""}`;
}

function inviteOf(x: Element | undefined): string | undefined {
  const children = x ? childElements(x) : [];
  const invite = children.find(({ name }) => name === "invite");
  return invite && inviteText(String(invite.attrs["from"]), children.find(({ name }) => name === "password")?.text());
}

function voiceOf(stanza: Element): string | undefined {
  const form = getChild(stanza, "x", "jabber:x:data");
  const field = form && childElements(form).find(({ attrs }) => attrs["var"] === "muc#roomnick");
  return field && childElements(field)[0]?.text();
}

/** What disco#info says of a room: what kind it is, and how many are in it. */
export function infoText(kind: readonly string[], occupants: number | undefined): string {
  return `is ${[...kind].sort().join(" ")}, with ${occupants ?? "?"}`;
}

function infoOf(stanza: Element): string | undefined {
  const query = getChild(stanza, "query", "http://jabber.org/protocol/disco#info");
  if (!query) return undefined;
  const features = childElements(query).map(({ attrs }) => String(attrs["var"]));
  const form = getChild(query, "x", "jabber:x:data");
  const field = form && childElements(form).find(({ attrs }) => attrs["var"] === "muc#roominfo_occupants");
  const occupants = field && Number(childElements(field)[0]?.text());
  return infoText(
    features.filter((feature) => feature.startsWith("muc_")),
    occupants,
  );
}

/** Entries of a list. */
function entriesOf(stanza: Element): Element[] {
  const query = stanza.attrs["type"] === "result" ? getChild(stanza, "query", `${NS_MUC}#admin`) : undefined;
  return query ? childElements(query) : [];
}

/** Reads a stanza that somebody has received. */
export function read(stanza: Element): string {
  const from = String(stanza.attrs["from"]);
  const x = getChild(stanza, "x", `${NS_MUC}#user`);
  const inside = x ? childElements(x) : [];
  const invite = inviteOf(x);
  return lineOf({
    name: stanza.name,
    type: stanza.attrs["type"] as string | undefined,
    nick: from.includes("/") ? from.slice(from.indexOf("/") + 1) : undefined,
    error: errorOf(stanza),
    subject: getChild(stanza, "subject")?.text(),
    body: invite === undefined ? getChild(stanza, "body")?.text() : undefined,
    answer: infoOf(stanza),
    items: [...inside.filter(({ name }) => name === "item"), ...entriesOf(stanza)].map(itemOf),
    codes: inside.filter(({ name }) => name === "status").map(({ attrs }) => String(attrs["code"])),
    destroy: destroyOf(inside.find(({ name }) => name === "destroy")),
    invite,
    voice: voiceOf(stanza),
  });
}
