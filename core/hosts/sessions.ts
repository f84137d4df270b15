import type { Outlet } from "../links/outlet.js";
import type { Origin } from "../router/stanza-event.js";
import type { Element } from "../xmpp/element.js";
import type { FullJid } from "../xmpp/jid.js";

/** A client session that has bound a resource. */
export interface Session extends Origin {
  readonly fullJid: FullJid;
  readonly outlet: Outlet;
  /** Available presence last broadcast, if any; kept by `mod_presence`. */
  presence?: Element | undefined;
  /** Priority of that presence. */
  priority?: number;
  /** Ends the session; `condition` is a stream error condition (RFC 6120 §4.9.3) and `text` is for humans. */
  close(condition?: string, text?: string): void;
}

/** The bound sessions of one host. */
export class Sessions {
  readonly #byFullJid = new Map<string, Session>();
  readonly #byUser = new Map<string, Map<string, Session>>();

  /** @throws TypeError when that full JID is bound already: the conflict is the caller's to settle */
  bind(session: Session): void {
    if (this.#byFullJid.has(session.fullJid)) throw new TypeError(`bind: ${session.fullJid} is bound already`);
    this.#byFullJid.set(session.fullJid, session);
    const user = session.fullJid.slice(0, session.fullJid.indexOf("/"));
    const sessions = this.#byUser.get(user);
    if (sessions) sessions.set(session.fullJid, session);
    else this.#byUser.set(user, new Map([[session.fullJid, session]]));
  }

  /** Forgets a session; another that has taken its full JID meanwhile stays. */
  unbind(session: Session): void {
    if (this.#byFullJid.get(session.fullJid) !== session) return;
    this.#byFullJid.delete(session.fullJid);
    const user = session.fullJid.slice(0, session.fullJid.indexOf("/"));
    const sessions = this.#byUser.get(user);
    sessions?.delete(session.fullJid);
    if (sessions?.size === 0) this.#byUser.delete(user);
  }

  get(fullJid: string): Session | undefined {
    return this.#byFullJid.get(fullJid);
  }

  /** Sessions of a bare JID, in order of binding; a snapshot. */
  ofUser(bareJid: string): Session[] {
    return [...(this.#byUser.get(bareJid)?.values() ?? [])];
  }

  /** All sessions; a snapshot. */
  all(): Session[] {
    return [...this.#byFullJid.values()];
  }

  get size(): number {
    return this.#byFullJid.size;
  }
}
