import type { Element } from "../../core/index.js";
import type { Ledger } from "./ledger.js";
import { stanzaIdOf, TALKS } from "./rooms.js";

/** An entry of an archive. */
export interface Entry {
  readonly id: string;
  /** `undefined`: it was retracted, or is no text. */
  readonly body: string | undefined;
  readonly isRetracted: boolean;
}

export function messageCell(room: string, id: string): string {
  return `${room}: message ${id}`;
}

export function subjectCell(room: string): string {
  return `${room}: subject`;
}

/** Everything that anybody has heard, and what archives must be like therefore. */
export class Talk {
  /** Texts that were sent. */
  readonly sent = new Set<string>();
  /** By room, then by who heard it, since the last crash. */
  readonly #heard = new Map<string, Map<string, string[]>>();
  /** Texts by room and id, since the beginning; retracted ones are in the ledger. */
  readonly #texts = new Map<string, Map<string, string>>(TALKS.map((room) => [room, new Map()]));
  /** How many messages came to anybody's ears. */
  heardCount = 0;

  constructor(private readonly ledger: Ledger) {}

  /** Notes what somebody hears. */
  hear(user: string, stanza: Element): void {
    const room = String(stanza.attrs["from"]).split("/")[0] ?? "";
    const texts = this.#texts.get(room);
    const id = stanzaIdOf(stanza, room);
    if (stanza.name !== "message" || stanza.attrs["type"] !== "groupchat" || !texts || id === undefined) return;
    if (stanza.getChild("delay")) return;
    const heard = this.#heard.get(room) ?? new Map<string, string[]>();
    this.#heard.set(room, heard);
    const ids = heard.get(user);
    if (ids) ids.push(id);
    else heard.set(user, [id]);
    const subject = stanza.getChildText("subject");
    const body = stanza.getChildText("body");
    if (subject !== null && body === null) this.ledger.told(subjectCell(room), subject);
    if (body === null || texts.has(id)) return;
    texts.set(id, body);
    this.heardCount++;
    const cell = messageCell(room, id);
    this.ledger.ask(cell, body);
    this.ledger.told(cell, body);
  }

  /** Ids of the texts that came last, since the last crash. */
  recent(room: string, user: string): readonly string[] {
    const heard = this.#heard.get(room)?.get(user)?.slice(-20) ?? [];
    return heard.filter((id) => this.#texts.get(room)?.has(id) === true);
  }

  /** Compares the part of an archive that came into being since the last crash. */
  checkNew(room: string, entries: readonly Entry[]): void {
    this.#checkEntries(room, entries);
    const places = new Map(entries.map(({ id }, place) => [id, place]));
    for (const [user, heard] of this.#heard.get(room) ?? []) {
      let last = -1;
      for (const id of heard) {
        const place = places.get(id);
        if (place === undefined) this.ledger.report(`${room}: ${user} heard ${id}, which is not in the archive`);
        else if (place <= last)
          this.ledger.report(`${room}: ${user} heard ${id} in another order than it is archived in`);
        last = place ?? last;
      }
    }
    this.#heard.delete(room);
  }

  /** Compares the whole of an archive, at the end. */
  checkAll(room: string, entries: readonly Entry[]): void {
    this.#checkEntries(room, entries);
    const ids = new Set(entries.map(({ id }) => id));
    for (const id of this.#texts.get(room)?.keys() ?? []) {
      if (!ids.has(id)) this.ledger.report(`${room}: ${id} is no longer in the archive`);
    }
  }

  #checkEntries(room: string, entries: readonly Entry[]): void {
    const bodies = new Set<string>();
    for (const { id, body, isRetracted } of entries) {
      if (body !== undefined && !this.sent.has(body)) this.ledger.report(`${room}: nobody said ${body}, entry ${id}`);
      if (body !== undefined && bodies.has(body)) this.ledger.report(`${room}: ${body} is archived twice`);
      if (body !== undefined) bodies.add(body);
      if (body !== undefined && isRetracted) this.ledger.report(`${room}: ${id} is retracted, and its text is there`);
      if (this.#texts.get(room)?.has(id) === true) {
        this.ledger.found(messageCell(room, id), isRetracted ? "retracted" : body);
      } else if (body !== undefined) {
        // It was archived, and the end came before anybody heard it; from now on it stays.
        this.#texts.get(room)?.set(id, body);
        this.ledger.ask(messageCell(room, id), body);
        this.ledger.found(messageCell(room, id), body);
      }
    }
  }
}
