import { createHash } from "node:crypto";
import type { BareJid, ModuleApi } from "chorus-muc";
import type { Room, RoomState } from "chorus-muc/muc";

/** Key of the affiliation data: mod_muc_hats shows what is there. */
export const HATS = "hats";

/** A hat of a room, beside its URI. */
export interface Hat {
  readonly title: string;
  /** Degrees, 0 to less than 360 (XEP-0392). */
  readonly hue?: number;
}

/** A hat that somebody has, as stored: Prosody's shape, and the hue. */
interface WornHat {
  readonly active?: unknown;
  readonly title?: unknown;
  readonly hue?: unknown;
}
type WornHats = Readonly<Record<string, WornHat>>;

/** Somebody's hat, as it is listed. */
export interface Assignment {
  readonly jid: BareJid;
  readonly uri: string;
  readonly title: string;
  readonly hue: number | undefined;
}

function wornHats(value: unknown): WornHats {
  return typeof value === "object" && value !== null ? (value as WornHats) : {};
}

function worn({ title, hue }: Hat): WornHat {
  return { active: true, title, ...(hue !== undefined && { hue }) };
}

/** The hats that rooms have, and who wears them. What it changes is part of the room's step. */
export class Hats {
  readonly #defined: RoomState<Readonly<Record<string, Hat>>, Readonly<Record<string, Hat>>>;

  constructor(module: ModuleApi) {
    this.#defined = module.roomState<Readonly<Record<string, Hat>>>(HATS, { persist: true, default: {} });
  }

  /** The hats of a room by URI, in order of URI. */
  defined(room: Room): ReadonlyMap<string, Hat> {
    return new Map(Object.entries(this.#defined.get(room)).sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  /** Tells one list of hats from another (XEP-0317 §2); `undefined`: there are none. */
  hash(room: Room): string | undefined {
    const hats = this.defined(room);
    if (hats.size === 0) return undefined;
    const text = JSON.stringify([...hats].map(([uri, { title, hue }]) => [uri, title, hue]));
    return createHash("sha256").update(text).digest("hex");
  }

  /** Makes a hat, or changes it, on all who wear it too. @returns false when it was so already */
  define(room: Room, uri: string, hat: Hat): boolean {
    if (!this.#defined.set(room, { ...this.#defined.get(room), [uri]: hat })) return false;
    for (const [jid, hats] of this.#wearers(room, uri)) {
      room.setAffiliationData(jid, HATS, { ...hats, [uri]: { ...worn(hat), active: hats[uri]?.active } });
    }
    return true;
  }

  /** Takes a hat out of the room's, and from all who wear it. @returns false when there is none */
  destroy(room: Room, uri: string): boolean {
    const wearers = this.#wearers(room, uri);
    if (!Object.hasOwn(this.#defined.get(room), uri) && wearers.length === 0) return false;
    const { [uri]: _, ...others } = this.#defined.get(room);
    this.#defined.set(room, others);
    for (const [jid] of wearers) this.unassign(room, jid, uri);
    return true;
  }

  /** Gives somebody a hat of the room. */
  assign(room: Room, jid: BareJid, uri: string): void {
    const hat = this.#defined.get(room)[uri];
    const hats = wornHats(room.getAffiliationData(jid, HATS));
    if (hat === undefined || hats[uri]?.active === true) return;
    room.setAffiliationData(jid, HATS, { ...hats, [uri]: worn(hat) });
  }

  /** @returns false when they did not have it */
  unassign(room: Room, jid: BareJid, uri: string): boolean {
    const hats = wornHats(room.getAffiliationData(jid, HATS));
    // What somebody wrote into the form, and perhaps the name of what every object has.
    if (!Object.hasOwn(hats, uri)) return false;
    const { [uri]: _, ...others } = hats;
    room.setAffiliationData(jid, HATS, Object.keys(others).length > 0 ? others : undefined);
    return true;
  }

  /** Who has which hat, in order of JID and URI. */
  assigned(room: Room): Assignment[] {
    const list: Assignment[] = [];
    for (const [jid, value] of room.eachAffiliationData(HATS)) {
      for (const [uri, { active, title, hue }] of Object.entries(wornHats(value))) {
        if (active !== true) continue;
        list.push({ jid, uri, title: String(title ?? ""), hue: typeof hue === "number" ? hue : undefined });
      }
    }
    return list.sort((a, b) => (a.jid === b.jid ? (a.uri < b.uri ? -1 : 1) : a.jid < b.jid ? -1 : 1));
  }

  #wearers(room: Room, uri: string): (readonly [BareJid, WornHats])[] {
    return room
      .eachAffiliationData(HATS)
      .map(([jid, value]) => [jid, wornHats(value)] as const)
      .filter(([, hats]) => Object.hasOwn(hats, uri));
  }
}
