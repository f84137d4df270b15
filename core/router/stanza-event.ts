import type { Element } from "../xmpp/element.js";
import type { Backlog } from "./backlog.js";
import type { StanzaError } from "../xmpp/stanza-error.js";
import type { ModuleLog } from "../log/logger.js";

/**
 * Where a stanza came from: a client session, an upstream server, or Chorus itself.
 *
 * The same object for as long as the session or link lives; modules may put fields of their own on it.
 */
export interface Origin {
  /** What it is; `c2s_unauthed`: a client that has not logged in yet. */
  readonly type: "c2s_unauthed" | "c2s" | "component" | "local";
  /** Host that the session belongs to (c2s), or that the link serves (component). */
  readonly host: string;
  /** JID of a bound client session. */
  readonly fullJid?: string;
  /** Address of the peer, where it is known. */
  readonly ip?: string;
  /**
   * What came from there and is not finished. Whoever goes on with a stanza after its handler has returned keeps it
   * there, so that no more is read than can be kept in memory.
   */
  readonly backlog?: Backlog;
  /** Writes into the log under the name of the session or link. */
  readonly log: ModuleLog;
  /** Sends a stanza back. Inside a room's step it waits in the room's outbox with everything else. */
  send(stanza: Element): true;
  [foreign: string]: unknown;
}

/** Payload of every stanza event. One object per dispatch; the stanza is changed in place. */
export interface StanzaEvent {
  /** Where the stanza came from. */
  readonly origin: Origin;
  /** The stanza itself, to be changed in place. */
  readonly stanza: Element;
  /** The stanza had no `to`, or the sender's own bare JID. */
  readonly toSelf?: boolean;
}

/** Payload of the iq events. */
export interface IqEvent extends StanzaEvent {
  /**
   * Takes the request over: the handler returns `true` and answers later, by `origin.send` or `module.send`.
   * Without an answer after 120 s the requester gets `wait/recipient-unavailable`.
   */
  defer(): DeferredRequest;
}

/** A request that was taken over. */
export interface DeferredRequest {
  readonly answered: boolean;
  /** Answers with an error, once; later answers are dropped. */
  fail(error: StanzaError): void;
}
