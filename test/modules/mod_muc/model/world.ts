/** The model of one room: what is there, and what it tells whom. The rules are in `rules/`. */
import { lineOf, type Item, type Line } from "./line.js";

export type Affiliation = "owner" | "admin" | "member" | "none" | "outcast";
export type Role = "moderator" | "participant" | "visitor" | "none";

/** Prepared full JID of a session. */
export type Session = string;

export const AFFILIATIONS: readonly Affiliation[] = ["outcast", "none", "member", "admin", "owner"];
export const ROLES: readonly Role[] = ["none", "visitor", "participant", "moderator"];

/** Somebody in the room. */
export interface Occupant {
  nick: string;
  readonly user: string;
  role: Role;
  /** In order of entry. */
  sessions: Session[];
}

/** What is stored about a bare JID or a domain. */
export interface Standing {
  readonly affiliation: Affiliation;
  readonly nick?: string | undefined;
  readonly reason?: string | undefined;
}

export interface Settings {
  name: string;
  persistent: boolean;
  password: string;
  membersOnly: boolean;
  memberInvites: boolean;
  maxUsers: number;
  changeSubject: boolean;
  moderated: boolean;
  whois: "moderators" | "anyone";
  broadcast: Role[];
  allowPm: "visitor" | "participant" | "moderator" | "affiliated" | "none";
}

export const DEFAULTS: Settings = {
  name: "",
  persistent: false,
  password: "",
  membersOnly: false,
  memberInvites: false,
  maxUsers: 0,
  changeSubject: false,
  moderated: false,
  whois: "moderators",
  broadcast: ["visitor", "participant", "moderator"],
  allowPm: "visitor",
};

/** A room that is there. */
export interface RoomState {
  settings: Settings;
  /** Only its creator and other owners may enter: nobody has configured it yet. */
  isLocked: boolean;
  standings: Map<string, Standing>;
  /** In order of entry. */
  occupants: Occupant[];
  subject?: { readonly nick: string; readonly text: string };
}

/** What a destroyed persistent room leaves. */
export interface Tombstone {
  /** Who is told where to go; `undefined`: everybody. */
  readonly told: readonly string[] | undefined;
  /** Its time is over: it is as if it was not there, and goes when somebody comes. */
  readonly isWeathered?: boolean;
}

/** Where the room is, or is not. */
export interface Place {
  room?: RoomState | undefined;
  tombstone?: Tombstone | undefined;
}

export const bareOf = (session: Session): string => session.split("/")[0] as string;
export const domainOf = (jid: string): string => bareOf(jid).split("@").at(-1) as string;

export const rankOf = (affiliation: Affiliation): number => AFFILIATIONS.indexOf(affiliation);
export const isAtLeast = (affiliation: Affiliation, least: Affiliation): boolean =>
  rankOf(affiliation) >= rankOf(least);
export const hasRole = (role: Role, least: Role): boolean => ROLES.indexOf(role) >= ROLES.indexOf(least);

/** How somebody sees an occupant: with JIDs, without, or as one of the same user. */
type View = "full" | "anonymous" | "own";

/** What a presence says beside who it is of. */
export interface Change {
  readonly codes?: readonly string[];
  /** Codes for one of the occupant's own sessions only. */
  readonly ownCodes?: readonly string[];
  readonly ownSession?: Session;
  readonly newNick?: string;
  readonly actor?: Session | undefined;
  readonly reason?: string | undefined;
  readonly before?: Role | undefined;
  readonly isGone?: boolean;
  /** It is not shown any longer: gone for the others, and there for itself. */
  readonly isWithdrawn?: boolean;
  readonly isForOthers?: boolean;
  readonly destroy?: string;
}

/** The model: a place, and what it has sent in this step. */
export class World {
  place: Place = {};
  /** In order, for each session that got something. */
  sent = new Map<Session, string[]>();

  constructor(
    readonly room: string,
    /** Whether users live on another server: they stay in the room over a restart, and outsiders are no users of ours. */
    readonly isAttached: boolean,
    /** `enforce_registered_nickname` and `allow_unaffiliated_register`: anybody registers a nick, and has to use it. */
    readonly isRegistered = false,
  ) {}

  send(to: Session, line: Line): void {
    const lines = this.sent.get(to) ?? [];
    this.sent.set(to, lines);
    lines.push(lineOf(line));
  }

  // Who is what

  affiliation(jid: string): Affiliation {
    const standings = this.place.room?.standings;
    const own = standings?.get(bareOf(jid))?.affiliation;
    if (own !== undefined) return own;
    return standings?.get(domainOf(jid))?.affiliation === "outcast" ? "outcast" : "none";
  }

  defaultRole(affiliation: Affiliation): Role {
    const { settings } = this.there;
    if (affiliation === "outcast") return "none";
    if (isAtLeast(affiliation, "admin")) return "moderator";
    if (affiliation === "member") return "participant";
    if (settings.membersOnly) return "none";
    return settings.moderated ? "visitor" : "participant";
  }

  get there(): RoomState {
    if (!this.place.room) throw new TypeError("the model has no room");
    return this.place.room;
  }

  bySession(session: Session): Occupant | undefined {
    return this.place.room?.occupants.find(({ sessions }) => sessions.includes(session));
  }

  byNick(nick: string): Occupant | undefined {
    return this.place.room?.occupants.find((occupant) => occupant.nick === nick);
  }

  holderOf(nick: string): string | undefined {
    for (const [jid, standing] of this.place.room?.standings ?? []) if (standing.nick === nick) return jid;
    return undefined;
  }

  // What is seen

  #viewOf(viewer: Occupant, occupant: Occupant): View {
    if (viewer.role === "moderator" || this.there.settings.whois === "anyone") return "full";
    return viewer.user === occupant.user ? "own" : "anonymous";
  }

  /** The items of an occupant: one for each session where JIDs are seen. */
  items(occupant: Occupant, view: View, { newNick, actor, reason }: Change = {}): Item[] {
    const affiliation = this.affiliation(occupant.user);
    const actorNick = actor === undefined ? undefined : this.bySession(actor)?.nick;
    const actorJid = view === "full" ? actor : undefined;
    const item: Item = { affiliation, role: occupant.role, nick: newNick, actorNick, actorJid, reason };
    return view === "anonymous" ? [item] : occupant.sessions.map((jid) => ({ ...item, jid }));
  }

  /** Tells of an occupant (XEP-0045 §7.2.2): the others if its role is shown, then its own sessions. */
  announce(occupant: Occupant, change: Change = {}): void {
    const { codes = [], before, isGone = occupant.role === "none", destroy } = change;
    const shown = this.there.settings.broadcast;
    const isShown = shown.includes(occupant.role);
    const { nick } = occupant;
    if (isShown || change.isWithdrawn || (before !== undefined && shown.includes(before))) {
      const type = isGone || !isShown ? "unavailable" : undefined;
      for (const other of this.there.occupants) {
        if (other === occupant) continue;
        const items = this.items(occupant, this.#viewOf(other, occupant), change);
        for (const to of other.sessions) this.send(to, { name: "presence", type, nick, items, codes, destroy });
      }
    }
    if (change.isForOthers) return;
    for (const to of occupant.sessions) {
      const isMeant = change.ownSession === undefined || change.ownSession === to;
      const own = isMeant ? (change.ownCodes ?? codes) : codes;
      const type = isGone ? "unavailable" : undefined;
      const items = this.items(occupant, "own", change);
      this.send(to, { name: "presence", type, nick, items, codes: [...own, "110"], destroy });
    }
  }

  /** Whether somebody sees real JIDs. */
  isAnonymousFor(session: Session): boolean {
    if (this.there.settings.whois === "anyone" || isAtLeast(this.affiliation(session), "admin")) return false;
    return this.bySession(session)?.role !== "moderator";
  }

  /** Shows one occupant to somebody, as it is. */
  show(occupant: Occupant, to: Session, isAnonymous = this.isAnonymousFor(to)): void {
    const view = !isAnonymous ? "full" : occupant.user === bareOf(to) ? "own" : "anonymous";
    this.send(to, { name: "presence", nick: occupant.nick, items: this.items(occupant, view) });
  }

  /** Shows those who are in the room, and where that is wanted who could be (XEP-0045 §16.5.3). */
  showAll(to: Session, isMeant: (occupant: Occupant | undefined) => boolean): void {
    const { occupants, standings, settings } = this.there;
    for (const occupant of occupants) {
      const isShown = occupant.user === bareOf(to) || settings.broadcast.includes(occupant.role);
      if (isMeant(occupant) && isShown) this.show(occupant, to);
    }
    if (!settings.broadcast.includes("none") || !isMeant(undefined)) return;
    const isAnonymous = this.isAnonymousFor(to);
    for (const [jid, { affiliation, nick }] of standings) {
      const isThere = occupants.some(({ user }) => user === jid);
      if (isThere || affiliation === "outcast" || (isAnonymous && nick === undefined)) continue;
      const item: Item = { affiliation, role: "none", nick, jid: isAnonymous ? undefined : jid };
      this.send(to, { name: "presence", type: "unavailable", nick, items: [item] });
    }
  }

  /** Whoever becomes or ceases to be a moderator sees everybody anew. */
  showAnew(occupant: Occupant, before: Role): void {
    const isSame = (before === "moderator") === (occupant.role === "moderator");
    if (isSame || this.there.settings.whois === "anyone") return;
    for (const to of occupant.sessions) this.showAll(to, (other) => other?.user !== occupant.user);
  }

  /** To everybody in the room. */
  broadcast(line: Line, isMeant: (occupant: Occupant) => boolean = () => true): void {
    for (const occupant of this.there.occupants) {
      if (isMeant(occupant)) for (const to of occupant.sessions) this.send(to, line);
    }
  }

  sendSubject(to: Session): void {
    const { nick, text = "" } = this.there.subject ?? {};
    this.send(to, { name: "message", type: "groupchat", nick, subject: text });
  }

  // Coming and going

  /** Takes somebody out; the room ends with the last one, unless it is to stay. */
  remove(occupant: Occupant, change: Change = {}): void {
    const before = occupant.role;
    this.drop(occupant);
    this.announce(occupant, { before, ...change });
  }

  /** Without telling anybody. */
  drop(occupant: Occupant): void {
    occupant.role = "none";
    this.there.occupants = this.there.occupants.filter((other) => other !== occupant);
  }

  /** At the end of a step that somebody has left in: an empty temporary room is gone, and one that was never opened. */
  endIfEmpty(): void {
    const { room } = this.place;
    if (!room || room.occupants.length > 0) return;
    if (room.isLocked || !room.settings.persistent) this.place = {};
  }

  /** XEP-0045 §10.9: everybody is told, and of nobody else. */
  destroy(destroy: string, admins: readonly string[]): void {
    const room = this.there;
    const { occupants, settings, standings } = room;
    const isClosed = settings.membersOnly || settings.password !== "";
    room.occupants = [];
    for (const occupant of occupants) {
      occupant.role = "none";
      this.announce(occupant, { destroy });
    }
    const members = [...standings].filter(([, { affiliation }]) => isAtLeast(affiliation, "member"));
    const told = isClosed ? [...members.map(([jid]) => jid), ...admins] : undefined;
    this.place = settings.persistent && !room.isLocked ? { tombstone: { told } } : {};
  }
}
