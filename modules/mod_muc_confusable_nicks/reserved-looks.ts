import type { BareJid, ModuleApi } from "chorus-muc";
import type { Room, RoomState } from "chorus-muc/muc";
import { keysOf } from "./skeleton.js";

/** Reserved nicks of one room: by holder, and holders with their nicks by each key of those. */
interface Index {
  readonly nicks: Map<BareJid, string>;
  readonly looks: Map<string, Map<BareJid, string>>;
}

/**
 * What the reserved nicks of rooms look like. Made of a room's affiliations when first asked for, and kept up with every
 * change, so that entering a room does not cost the more, the more people it knows.
 */
export class ReservedLooks {
  readonly #indexes: RoomState<Index>;

  constructor(private readonly module: ModuleApi) {
    this.#indexes = module.roomState<Index>("confusable_nicks_index");
  }

  load(): void {
    this.module.hook("muc-set-affiliation", ({ room, jid }) => {
      this.#refresh(room, jid);
    });
    this.module.hook("muc-set-affiliation-data/reserved_nickname", ({ room, jid }) => {
      this.#refresh(room, jid);
    });
  }

  /** A nick that somebody else has reserved and that has one of these keys. */
  find(room: Room, keys: readonly string[], except: BareJid): string | undefined {
    const { looks } = this.#indexOf(room);
    for (const key of keys) {
      for (const [jid, nick] of looks.get(key) ?? []) {
        if (jid !== except) return nick;
      }
    }
    return undefined;
  }

  #indexOf(room: Room): Index {
    const known = this.#indexes.get(room);
    if (known) return known;
    const index: Index = { nicks: new Map(), looks: new Map() };
    for (const [jid, , data] of room.eachAffiliation()) {
      if (typeof data?.reserved_nickname === "string") add(index, jid, data.reserved_nickname);
    }
    this.#indexes.set(room, index);
    return index;
  }

  #refresh(room: Room, jid: BareJid): void {
    const index = this.#indexes.get(room);
    const nick = room.getRegisteredNick(jid);
    if (!index || index.nicks.get(jid) === nick) return;
    // A change that is taken back is rare: the index is made again then.
    room.onRollback(() => {
      this.#indexes.set(room, undefined);
    });
    remove(index, jid);
    if (nick !== undefined) add(index, jid, nick);
  }
}

function add({ nicks, looks }: Index, jid: BareJid, nick: string): void {
  nicks.set(jid, nick);
  for (const key of keysOf(nick)) {
    const holders = looks.get(key) ?? new Map<BareJid, string>();
    looks.set(key, holders.set(jid, nick));
  }
}

function remove({ nicks, looks }: Index, jid: BareJid): void {
  const nick = nicks.get(jid);
  if (nick === undefined) return;
  nicks.delete(jid);
  for (const key of keysOf(nick)) {
    const holders = looks.get(key);
    holders?.delete(jid);
    if (holders?.size === 0) looks.delete(key);
  }
}
