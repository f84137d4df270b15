import { createHash, randomBytes } from "node:crypto";
import type { BareJid, ModuleApi } from "chorus-muc";
import type { Affiliation, Room, RoomState } from "chorus-muc/muc";

/** One change: whose, from what, to what, and the version that it made. */
export type Change = readonly [jid: BareJid, before: Affiliation, after: Affiliation, version: string];

/** What is stored with a room. */
interface Stored {
  /** The version before the first of the changes. */
  readonly base: string;
  /** What the affiliations add up to. */
  readonly sum: string;
  /** The latest changes. */
  readonly changes: readonly Change[];
}

/**
 * Versions of the affiliations of rooms. A room has none until somebody asks for one. They are random, so that only those
 * know one who were told.
 */
export class Journal {
  readonly #stored: RoomState<Stored>;
  /** Rooms of which it is known that their journal says what their affiliations are. */
  readonly #checked = new WeakSet<Room>();
  readonly #maxChanges: number;

  constructor(module: ModuleApi, maxChanges: number) {
    this.#stored = module.roomState<Stored>("affiliation_versions", { persist: true });
    this.#maxChanges = maxChanges;
  }

  /** The present version; the journal begins with it if there is none. */
  current(room: Room): string {
    return latest(this.#get(room, () => sumOf(room)) ?? this.#begin(room));
  }

  /**
   * Notes a change that has been made.
   * @returns the versions before and after; `undefined` where nobody has asked for any
   */
  add(
    room: Room,
    jid: BareJid,
    before: Affiliation,
    after: Affiliation,
  ): readonly [since: string, until: string] | undefined {
    const step = combine(weight(jid, before), weight(jid, after));
    const stored = this.#get(room, () => combine(sumOf(room), step));
    if (!stored) return undefined;
    const until = newVersion();
    const changes: readonly Change[] = [...stored.changes, [jid, before, after, until]];
    const dropped = Math.max(0, changes.length - this.#maxChanges);
    const base = changes[dropped - 1]?.[3] ?? stored.base;
    this.#stored.set(room, { base, sum: combine(stored.sum, step), changes: changes.slice(dropped) });
    return [latest(stored), until];
  }

  /** Changes since a version, oldest first; `undefined`: of that nothing is known (any longer). */
  since(room: Room, version: string): readonly Change[] | undefined {
    const stored = this.#get(room, () => sumOf(room));
    if (stored?.base === version) return stored.changes;
    const at = stored?.changes.findIndex(([, , , made]) => made === version) ?? -1;
    return at === -1 ? undefined : stored?.changes.slice(at + 1);
  }

  /**
   * The journal, unless affiliations were changed past it: while the module was not loaded, by an import.
   * @param sum what they added up to at its last version
   */
  #get(room: Room, sum: () => string): Stored | undefined {
    const stored = this.#stored.get(room);
    if (!stored || this.#checked.has(room)) return stored;
    if (stored.sum !== sum()) {
      this.#stored.set(room, undefined);
      return undefined;
    }
    this.#checked.add(room);
    return stored;
  }

  #begin(room: Room): Stored {
    const stored: Stored = { base: newVersion(), sum: sumOf(room), changes: [] };
    this.#stored.set(room, stored);
    this.#checked.add(room);
    return stored;
  }
}

function newVersion(): string {
  return randomBytes(9).toString("base64url");
}

function latest({ base, changes }: Stored): string {
  return changes.at(-1)?.[3] ?? base;
}

function weight(jid: string, affiliation: Affiliation): string {
  if (affiliation === "none") return "0";
  return createHash("sha256").update(`${affiliation} ${jid}`).digest("hex").slice(0, 16);
}

/** Adds to a sum, or takes from it: in any order the same affiliations make the same sum. */
function combine(one: string, other: string): string {
  return (BigInt(`0x${one}`) ^ BigInt(`0x${other}`)).toString(16);
}

function sumOf(room: Room): string {
  return room.eachAffiliation().reduce((sum, [jid, affiliation]) => combine(sum, weight(jid, affiliation)), "0");
}
