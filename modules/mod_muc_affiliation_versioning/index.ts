import {
  bare,
  domainOf,
  errorReply,
  getChild,
  inject,
  injectable,
  ModuleApiToken,
  StanzaError,
  xml,
  type BareJid,
  type Element,
  type FullJid,
  type ModuleApi,
} from "chorus-muc";
import {
  maySeeAffiliations,
  NS_MUC,
  NS_MUC_USER,
  type Affiliation,
  type BroadcastAffiliationEvent,
  type MucEvents,
  type Room,
} from "chorus-muc/muc";
import { Journal, type Change } from "./journal.js";

const NS_MAV = "urn:xmpp:muc:affiliations:1";
/** Items of one message: a room may have more than goes into a stanza. */
const MAX_ITEMS = 200;
const LISTED = ["owner", "admin", "member", "outcast"] as const;

/** Somebody's affiliation, as it is told. */
type Item = readonly [jid: BareJid, affiliation: Affiliation];

function mav(since: string | undefined, until: string): Element {
  return xml("mav", { xmlns: NS_MAV, since, until });
}

/**
 * Versions of the affiliations of a room (XEP-0463 0.2.0): a client that has them is told on entering what has changed
 * since, and which version each later change makes. Nothing of it goes to sessions that did not send `<mav/>`.
 *
 * Who may see which affiliations is as with the lists of XEP-0045: others than these are left out, and who may see none
 * gets an error. Nobody is told of a time at which they could not have seen the same.
 *
 * `muc_affiliation_versioning_max_changes` (default 100) are kept of a room; who is further behind gets the whole list.
 */
@injectable()
export default class MucAffiliationVersioning {
  static readonly requires = ["muc"];

  readonly #journal: Journal;

  constructor(@inject(ModuleApiToken) private readonly module: ModuleApi) {
    this.#journal = new Journal(module, module.getOptionInteger("muc_affiliation_versioning_max_changes", 100, 0));
  }

  load(): void {
    const { module } = this;
    const observers = module.roomState<Set<FullJid>>("affiliation_observers");

    module.hook("muc-disco#info", ({ query }) => {
      query.append(xml("feature", { var: NS_MAV }));
    });

    module.hook("muc-occupant-session-entering", (event) => {
      const { room, jid } = event;
      const sessions = observers.get(room) ?? new Set<FullJid>();
      observers.set(room, sessions);
      sessions.delete(jid);
      if (this.#enter(event)) sessions.add(jid);
      // Those who left are not looked for one by one.
      if (sessions.size > 2 * room.occupantCount + 16) {
        for (const session of sessions) if (!room.getOccupantByRealJid(session)) sessions.delete(session);
      }
    });

    module.hook("muc-broadcast-affiliation", (event) => {
      this.#changed(event, observers.get(event.room) ?? new Set());
    });
  }

  /** @returns whether the session goes on being told */
  #enter({ room, jid, stanza, x }: MucEvents["muc-occupant-session-entering"]): boolean {
    const entry = getChild(stanza, "x", NS_MUC);
    const asked = entry && getChild(entry, "mav", NS_MAV);
    if (!asked) return false;
    const since = asked.attrs["since"] as string | undefined;
    const changes = since === undefined ? undefined : this.#journal.since(room, since);
    // Who could not see the lists then is not told what they were (§6).
    const then = changes?.find(([whose]) => whose === bare(jid))?.[1];
    if (!this.#maySeeAny(room, jid) || (then !== undefined && !couldSeeAny(room, then))) {
      room.routeStanza(refusal(room, jid, stanza.attrs["id"] as string | undefined));
      return false;
    }
    const until = this.#journal.current(room);
    if (since !== until) {
      const news = changes ? this.#difference(room, jid, changes) : [];
      // "There can be no empty diff but there can be full responses without" items (§5.2.1).
      if (news.length > 0) this.#send(room, jid, news, since, until);
      else this.#send(room, jid, this.#everything(room, jid), undefined, until);
    }
    x.append(mav(undefined, until));
    return true;
  }

  /** In as many messages as it takes; each goes on from where the one before it ended. */
  #send(room: Room, to: FullJid, items: readonly Item[], since: string | undefined, until: string): void {
    const parts = Math.max(1, Math.ceil(items.length / MAX_ITEMS));
    for (let part = 0; part < parts; part++) {
      // Nothing is known of the versions in between: who has got only so far gets the whole list next time.
      const from = part === 0 ? since : `${until}/${part}`;
      const x = xml("x", { xmlns: NS_MUC_USER }, mav(from, part === parts - 1 ? until : `${until}/${part + 1}`));
      for (const [jid, affiliation] of items.slice(part * MAX_ITEMS, (part + 1) * MAX_ITEMS)) {
        x.append(xml("item", { jid, affiliation }));
      }
      room.routeStanza(xml("message", { from: room.jid, to }, x));
    }
  }

  #changed({ room, jid, inRoom, addFor, ...change }: BroadcastAffiliationEvent, sessions: ReadonlySet<FullJid>): void {
    const { affiliation, previousAffiliation } = change;
    if (affiliation === previousAffiliation) return;
    const versions = this.#journal.add(room, jid, previousAffiliation, affiliation);
    if (!versions) return;
    const [since, until] = versions;
    // The presence of those whom the ban of a domain removes says nothing of the domain.
    const isOfDomain = inRoom && domainOf(jid) === jid;
    const told = new Set<FullJid>();
    for (const session of sessions) {
      const occupant = room.getOccupantByRealJid(session);
      if (!occupant || !this.#maySeeAny(room, session)) continue;
      // Who is told in any case is told the version, too.
      const isToldAnyway = !isOfDomain && (occupant.role === "moderator" || room.getWhois() === "anyone");
      const seen = affiliation === "none" ? previousAffiliation : affiliation;
      if (isToldAnyway || this.#maySee(room, session, seen)) told.add(session);
    }
    if (told.size === 0) return;
    if (isOfDomain) for (const session of told) this.#send(room, session, [[jid, affiliation]], since, until);
    else addFor(told, mav(since, until));
  }

  /** As with the lists of XEP-0045 (XEP-0463 §5.2.3); that somebody has no affiliation is no secret by itself. */
  #maySee(room: Room, actor: FullJid, affiliation: Affiliation): boolean {
    return affiliation === "none" || this.module.fireEvent("muc-may-see-list", { room, actor, affiliation }) === true;
  }

  #maySeeAny(room: Room, actor: FullJid): boolean {
    return LISTED.some((affiliation) => this.#maySee(room, actor, affiliation));
  }

  #everything(room: Room, observer: FullJid): Item[] {
    const seen = new Set<Affiliation>(LISTED.filter((affiliation) => this.#maySee(room, observer, affiliation)));
    return room.eachAffiliation().flatMap(([jid, affiliation]): Item[] => {
      return seen.has(affiliation) ? [[jid, affiliation]] : [];
    });
  }

  /**
   * What has become of those whose affiliation has changed. Who is now on a list that the observer does not see, and was
   * on one that they do, has no affiliation any longer, as far as they are told.
   */
  #difference(room: Room, observer: FullJid, changes: readonly Change[]): Item[] {
    const before = new Map<BareJid, Affiliation>();
    const after = new Map<BareJid, Affiliation>();
    for (const [jid, from, to] of changes) {
      if (!before.has(jid)) before.set(jid, from);
      after.delete(jid);
      after.set(jid, to);
    }
    const seen = new Set<Affiliation>(LISTED.filter((affiliation) => this.#maySee(room, observer, affiliation)));
    return [...after].flatMap(([jid, affiliation]): Item[] => {
      if (seen.has(affiliation)) return [[jid, affiliation]];
      return seen.has(before.get(jid) ?? "none") ? [[jid, "none"]] : [];
    });
  }
}

/** Whether somebody who had that affiliation saw any list. */
function couldSeeAny(room: Room, own: Affiliation): boolean {
  return LISTED.some((affiliation) => maySeeAffiliations(own, affiliation, room.getWhois()));
}

/** XEP-0463 §5.2.3. */
function refusal(room: Room, to: FullJid, id: string | undefined): Element {
  return errorReply(
    xml("message", { from: to, to: room.jid, id }),
    new StanzaError({ type: "auth", condition: "forbidden", by: room.jid }),
  );
}
