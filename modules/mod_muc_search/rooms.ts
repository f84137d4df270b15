import type { BareJid } from "chorus-muc";
import type { Muc, PagedList, PublicRoomEntry } from "chorus-muc/muc";
import type { Terms } from "./terms.js";

/** A room as the search knows it: from the list of public rooms, and from memory if it is there. */
export interface FoundRoom {
  readonly jid: BareJid;
  readonly name: string | undefined;
  readonly description: string | undefined;
  readonly language: string | undefined;
  /** `undefined`: that is for those inside. */
  readonly occupants: number | undefined;
  readonly isOpen: boolean;
  readonly isAnonymous: boolean;
}

/** Where keywords are looked for. */
export interface Places {
  readonly address: boolean;
  readonly name: boolean;
  readonly description: boolean;
}

/** What is searched for. */
export interface Wanted {
  /** `undefined`: any. */
  readonly terms: Terms | undefined;
  readonly places: Places;
  readonly minOccupants: number;
}

/** How results are ordered: by address, or those with most occupants first. */
export type Order = "address" | "nusers";

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function roomOf(muc: Muc, jid: BareJid, entry: PublicRoomEntry): FoundRoom {
  const isOpen = entry.open === true;
  return {
    jid,
    name: entry.name,
    description: isOpen ? textOf(entry["description"]) : undefined,
    language: textOf(entry["language"]),
    occupants: isOpen ? (muc.getLiveRoomFromJid(jid)?.occupantCount ?? 0) : undefined,
    isOpen,
    isAnonymous: entry.whois !== "anyone",
  };
}

/** Whether a room is what is searched for. */
export function isWanted(room: FoundRoom, { terms, places, minOccupants }: Wanted): boolean {
  if (minOccupants > (room.occupants ?? 0)) return false;
  if (!terms) return true;
  const { address, name, description } = places;
  return terms.areIn([address && room.jid, name && room.name, description && room.description]);
}

/** The public rooms that are wanted, in order. None is loaded for it. */
export async function findRooms(muc: Muc, matches: (room: FoundRoom) => boolean, order: Order): Promise<FoundRooms> {
  const found: FoundRoom[] = [];
  for await (const [jid, entry] of muc.publicRooms()) {
    const room = roomOf(muc, jid, entry);
    if (matches(room)) found.push(room);
  }
  return new FoundRooms(found, order);
}

/** A place in the order of results. */
interface Place {
  readonly jid: string;
  readonly occupants?: number | undefined;
}

/**
 * Results in order. Their ids say where they are, so that nothing of a search is kept between its pages: the address,
 * and in the order of occupants their number before it.
 */
export class FoundRooms implements PagedList {
  readonly rooms: readonly FoundRoom[];
  readonly #order: Order;

  constructor(rooms: readonly FoundRoom[], order: Order) {
    this.#order = order;
    this.rooms = [...rooms].sort((a, b) => this.#compare(a, b));
  }

  get size(): number {
    return this.rooms.length;
  }

  idOf({ jid, occupants = 0 }: FoundRoom): string {
    return this.#order === "address" ? jid : `${occupants} ${jid}`;
  }

  countUpTo(id: string): number | undefined {
    const place = this.#placeOf(id);
    return place && this.rooms.filter((room) => this.#compare(room, place) <= 0).length;
  }

  has(id: string): boolean {
    return this.rooms.some((room) => this.idOf(room) === id);
  }

  #placeOf(id: string): Place | undefined {
    if (this.#order === "address") return { jid: id };
    const [, occupants, jid] = /^(\d{1,9}) (.+)$/s.exec(id) ?? [];
    return jid === undefined ? undefined : { jid, occupants: Number(occupants) };
  }

  #compare(a: Place, b: Place): number {
    const byOccupants = this.#order === "nusers" ? (b.occupants ?? 0) - (a.occupants ?? 0) : 0;
    return byOccupants || (a.jid < b.jid ? -1 : a.jid > b.jid ? 1 : 0);
  }
}
