import { cloneElement, Recipients, type Element, type FullJid, type OccupantJid } from "chorus-muc";
import { filterMucPayload } from "./client-payload.js";
import { LiveOccupant, OccupantSession, type OccupantState } from "./occupant.js";
import type { Role } from "./roles.js";

/** What a change tells the room's step. */
export interface OccupancyJournal {
  /** How to take the change back. */
  onRollback(undo: () => void): void;
  /** A session came, changed or went. */
  sessionChanged(realJid: FullJid): void;
}

/**
 * Who is in a room: occupants by nick, and which of them a session belongs to. Every change can be taken back.
 *
 * Consistent at all times: each session of each occupant leads back to that occupant, nobody is in twice, and every
 * occupant has a session and a role.
 */
export class Occupancy {
  readonly #byNick = new Map<OccupantJid, LiveOccupant>();
  readonly #byRealJid = new Map<FullJid, LiveOccupant>();
  readonly #roomJid: string;
  readonly #journal: OccupancyJournal;
  #targets: readonly OccupantSession[] | undefined;
  #recipients: Recipients | undefined;
  /** Numbers in order of entry; a nick that was taken back has left its place in the map. */
  readonly #places = new WeakMap<LiveOccupant, number>();
  #lastPlace = 0;
  #isDisordered = false;

  constructor(roomJid: string, journal: OccupancyJournal) {
    this.#roomJid = roomJid;
    this.#journal = journal;
  }

  /** Number of occupants. */
  get size(): number {
    return this.#byNick.size;
  }

  byNick(nick: string): LiveOccupant | undefined {
    return this.#byNick.get(nick as OccupantJid);
  }

  byRealJid(realJid: string): LiveOccupant | undefined {
    return this.#byRealJid.get(realJid as FullJid);
  }

  /** Occupants in order of entry; a snapshot. */
  list(): LiveOccupant[] {
    if (this.#isDisordered) this.#order();
    return [...this.#byNick.values()];
  }

  #order(): void {
    const place = (occupant: LiveOccupant): number => this.#places.get(occupant) ?? 0;
    const entries = [...this.#byNick].sort(([, a], [, b]) => place(a) - place(b));
    this.#byNick.clear();
    for (const [nick, occupant] of entries) this.#byNick.set(nick, occupant);
    this.#isDisordered = false;
  }

  /** Every session of every occupant; the same array until something changes. */
  get targets(): readonly OccupantSession[] {
    return (this.#targets ??= this.list().flatMap((occupant) => occupant.targets));
  }

  /** The same as recipients of what goes to everybody. */
  get recipients(): Recipients {
    const { targets } = this;
    if (this.#recipients?.targets !== targets) this.#recipients = new Recipients(targets);
    return this.#recipients;
  }

  /** Lets an occupant in, or changes the presence of one of its sessions. @param makePrimary default: when it is the only one */
  setSession(occupant: LiveOccupant, realJid: FullJid, presence: Element, makePrimary = false): void {
    const { sessions, primary } = occupant.state;
    const filtered = filterMucPayload(cloneElement(presence), this.#roomJid);
    filtered.attrs["from"] = occupant.nick;
    filtered.attrs["to"] = realJid;
    const present = occupant.getSession(realJid);
    const session = new OccupantSession(realJid, filtered);
    if (present?.outlet) session.outlet = present.outlet;
    if (present?.escapedJid !== undefined) session.escapedJid = present.escapedJid;
    this.#change(occupant, {
      sessions: present ? sessions.map((other) => (other === present ? session : other)) : [...sessions, session],
      primary: makePrimary || primary === undefined || primary === present ? session : primary,
    });
    if (!present) this.#index(occupant, realJid);
    if (!this.#byNick.has(occupant.nick)) this.#enter(occupant);
    this.#journal.sessionChanged(realJid);
  }

  /** Takes a session away from an occupant that keeps others; the last one goes with {@link remove}. */
  removeSession(occupant: LiveOccupant, realJid: FullJid): void {
    const { sessions, primary } = occupant.state;
    const rest = sessions.filter((session) => session.jid !== realJid);
    this.#change(occupant, { sessions: rest, primary: primary?.jid === realJid ? rest[0] : primary });
    this.#unindex(occupant, realJid);
    this.#journal.sessionChanged(realJid);
  }

  /** Takes an occupant out. Its sessions stay with the object, so that they can still be told. */
  remove(occupant: LiveOccupant): void {
    this.#change(occupant, { role: "none" });
    this.#byNick.delete(occupant.nick);
    this.#targets = undefined;
    this.#journal.onRollback(() => {
      this.#byNick.set(occupant.nick, occupant);
      this.#isDisordered = true;
      this.#targets = undefined;
    });
    for (const session of occupant.targets) {
      this.#unindex(occupant, session.jid);
      this.#journal.sessionChanged(session.jid);
    }
  }

  setRole(occupant: LiveOccupant, role: Role): void {
    if (role === "none") this.remove(occupant);
    else this.#change(occupant, { role });
    for (const session of occupant.targets) this.#journal.sessionChanged(session.jid);
  }

  /** Gives an occupant another nick; nobody may have it. */
  rename(occupant: LiveOccupant, nick: OccupantJid): void {
    const before = occupant.nick;
    const place = this.#places.get(occupant) ?? 0;
    this.#byNick.delete(before);
    this.#byNick.set(nick, occupant);
    this.#places.set(occupant, ++this.#lastPlace);
    this.#targets = undefined;
    this.#journal.onRollback(() => {
      this.#byNick.delete(nick);
      this.#byNick.set(before, occupant);
      this.#places.set(occupant, place);
      this.#isDisordered = true;
      this.#targets = undefined;
    });
    this.#change(occupant, { nick });
    for (const session of occupant.targets) this.#journal.sessionChanged(session.jid);
  }

  #change(occupant: LiveOccupant, state: Partial<OccupantState>): void {
    const before = occupant.state;
    occupant.assign(state);
    this.#targets = undefined;
    this.#journal.onRollback(() => {
      occupant.assign(before);
      this.#targets = undefined;
    });
  }

  #enter(occupant: LiveOccupant): void {
    this.#byNick.set(occupant.nick, occupant);
    this.#places.set(occupant, ++this.#lastPlace);
    this.#journal.onRollback(() => {
      this.#byNick.delete(occupant.nick);
      this.#targets = undefined;
    });
  }

  #index(occupant: LiveOccupant, realJid: FullJid): void {
    this.#byRealJid.set(realJid, occupant);
    this.#journal.onRollback(() => this.#byRealJid.delete(realJid));
  }

  #unindex(occupant: LiveOccupant, realJid: FullJid): void {
    if (this.#byRealJid.get(realJid) !== occupant) return;
    this.#byRealJid.delete(realJid);
    this.#journal.onRollback(() => this.#byRealJid.set(realJid, occupant));
  }
}
