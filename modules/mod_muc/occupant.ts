import type { BareJid, DeliveryTarget, Element, FullJid, OccupantJid, Outlet, StanzaTemplate } from "chorus-muc";
import type { Occupant, OccupantDraft } from "./occupant-api.js";
import type { Role } from "./roles.js";

/** One session of an occupant: a real full JID, its latest presence, and the way to it. */
export class OccupantSession implements DeliveryTarget {
  escapedJid?: string;
  outlet?: Outlet;

  /** @param presence filtered; `from` is the occupant JID. Replaced, never changed in place */
  constructor(
    readonly jid: FullJid,
    public presence: Element,
  ) {}
}

/** Forms of an occupant's presence as text, as far as they were needed; see presence.ts. */
export type PresenceForms = { [K in "full" | "anonymous" | "self"]?: StanzaTemplate };

/** {@link Occupant} as the engine sees it. Changed by {@link Occupancy} only, which also undoes changes. */
export class LiveOccupant implements Occupant {
  forms: PresenceForms = {};
  #nick: OccupantJid;
  #role: Role;
  #primary: OccupantSession | undefined;
  #sessions: readonly OccupantSession[] = [];

  constructor(
    readonly bareJid: BareJid,
    nick: OccupantJid,
    role: Role,
  ) {
    this.#nick = nick;
    this.#role = role;
  }

  get nick(): OccupantJid {
    return this.#nick;
  }

  get role(): Role {
    return this.#role;
  }

  get jid(): FullJid {
    return (this.#primary?.jid ?? this.bareJid) as FullJid;
  }

  get sessions(): ReadonlyMap<FullJid, Element> {
    return new Map(this.eachSession());
  }

  eachSession(): readonly (readonly [realJid: FullJid, presence: Element])[] {
    return this.#sessions.map((session) => [session.jid, session.presence] as const);
  }

  getPresence(realJid?: string): Element | undefined {
    return realJid === undefined ? this.#primary?.presence : this.getSession(realJid)?.presence;
  }

  /** The sessions as recipients; a new array after every change. */
  get targets(): readonly OccupantSession[] {
    return this.#sessions;
  }

  getSession(realJid: string): OccupantSession | undefined {
    return this.#sessions.find((session) => session.jid === realJid);
  }

  /** The engine's: everything that {@link Occupancy} needs to put back. */
  get state(): OccupantState {
    return { nick: this.#nick, role: this.#role, primary: this.#primary, sessions: this.#sessions };
  }

  /** The engine's. Forgets the presence forms, which show all of it. */
  assign(state: Partial<OccupantState>): void {
    if (state.nick !== undefined) this.#nick = state.nick;
    if (state.role !== undefined) this.#role = state.role;
    if (state.sessions !== undefined) this.#sessions = state.sessions;
    if ("primary" in state) this.#primary = state.primary;
    this.forms = {};
  }
}

/** What changes about an occupant. */
export interface OccupantState {
  readonly nick: OccupantJid;
  readonly role: Role;
  readonly primary: OccupantSession | undefined;
  readonly sessions: readonly OccupantSession[];
}

/** {@link OccupantDraft}: an occupant as it is about to be. */
export class Draft implements OccupantDraft {
  readonly #proposed: Role;

  constructor(
    readonly bareJid: BareJid,
    public nick: OccupantJid,
    public role: Role,
    readonly jid: FullJid | undefined,
    readonly existing: LiveOccupant | undefined,
  ) {
    this.#proposed = role;
  }

  /** The role that a handler chose, else the one that is right by now: it may have changed while a handler thought. */
  roleOr(current: () => Role): Role {
    return this.role === this.#proposed ? current() : this.role;
  }
}
