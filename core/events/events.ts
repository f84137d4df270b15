/**
 * The typed map of events, and what a handler may be and return.
 *
 * A module declares its own events by declaration merging, and misspelt names stop compiling:
 *
 * ```ts
 * declare module "chorus-muc" {
 *   interface HostEvents { "muc-karma-changed": { room: Room; karma: number } }
 * }
 * ```
 */
import type { Element } from "../xmpp/element.js";
import type { StanzaError } from "../xmpp/stanza-error.js";
import type { Origin, StanzaEvent, IqEvent } from "../router/stanza-event.js";
import type { Host } from "../hosts/host.js";

declare const payload: unique symbol;
declare const result: unique symbol;

/** An event whose handlers may stop the chain with a value of type `R`, at once. */
export interface Stoppable<P, R = StanzaError | true | false> {
  readonly [payload]: P;
  readonly [result]: R | undefined;
}

/** A stoppable event whose handlers may also answer with a promise; the stanza is parked until it settles. */
export interface Suspendable<P, R = StanzaError | true | false> {
  readonly [payload]: P;
  readonly [result]: R | undefined | Promise<R | undefined>;
}

/** What handlers of an event are given: the declared payload. */
export type PayloadOf<E> = E extends { readonly [payload]: infer P } ? P : E;
/** What handlers of an event may return: `undefined` only, unless it is {@link Stoppable} or {@link Suspendable}. */
export type ResultOf<E> = E extends { readonly [result]: infer R } ? R : undefined;

/** What an iq handler answers: a result element (id, from and to are filled in), a refusal, or `true` when answered. */
export type IqResult = Element | StanzaError | true | false;

/** What a stanza is addressed to: a full JID, a bare JID, a host, or (no `to`, own bare JID) the sender's account. */
type AddressKind = "full" | "bare" | "host" | "self";

/**
 * A message to an entity of this host. Unhandled, it is refused with `service-unavailable`. What is for the sender's
 * own account fires `bare` first, then `self`.
 */
type MessageEvents = { [K in `message/${AddressKind}`]: Stoppable<StanzaEvent> };
/** A presence to an entity of this host; as for messages. */
type PresenceEvents = { [K in `presence/${AddressKind}`]: Stoppable<StanzaEvent> };
/**
 * A request to an entity of this host, or an answer to one. For requests it fires before the two events below that
 * name what is asked; what nobody answers is refused with `service-unavailable`. Answers are only passed on.
 */
type IqEvents = { [K in `iq/${AddressKind}`]: Suspendable<IqEvent, IqResult> };
/** A user of this host sends a message: the user's own host may stop it before it goes anywhere. */
type PreMessageEvents = { [K in `pre-message/${AddressKind}`]: Stoppable<StanzaEvent> };
/** A user of this host sends presence; as for messages. */
type PrePresenceEvents = { [K in `pre-presence/${AddressKind}`]: Stoppable<StanzaEvent> };
/** A user of this host sends a request or an answer; as for messages. */
type PreIqEvents = { [K in `pre-iq/${AddressKind}`]: Stoppable<StanzaEvent> };

/**
 * All events of a host's bus, by name. Values are payloads; an event whose result counts is wrapped in
 * {@link Stoppable} or {@link Suspendable}. Extended by modules.
 */
export interface HostEvents
  extends MessageEvents, PresenceEvents, IqEvents, PreMessageEvents, PrePresenceEvents, PreIqEvents {
  // Stanzas that arrive

  /** A request, get or set, by what it asks: `payload` is the namespace of its child, a colon and the child's name. */
  [payload: `iq/${AddressKind}/${string}`]: Suspendable<IqEvent, IqResult>;
  /** A request of type get, by what it asks; after `iq/<address>/<payload>`. */
  [payload: `iq-get/${AddressKind}/${string}`]: Suspendable<IqEvent, IqResult>;
  /** A request of type set, by what it asks; after `iq/<address>/<payload>`. */
  [payload: `iq-set/${AddressKind}/${string}`]: Suspendable<IqEvent, IqResult>;
  /** The answer to the request with that id; after `iq/<address>`. */
  [id: `iq-result/${AddressKind}/${string}`]: Stoppable<StanzaEvent>;
  /** The error that answers the request with that id; after `iq/<address>`. */
  [id: `iq-error/${AddressKind}/${string}`]: Stoppable<StanzaEvent>;
  /**
   * An element that is no stanza, or one of a session that has not logged in; `element` is its namespace, a colon and
   * its name. A value says that it was dealt with; otherwise a request is refused, and anything else closes the stream.
   */
  [element: `stanza/${string}`]: Stoppable<StanzaEvent>;

  // Stanzas that users of this host send

  /** Any stanza, before the events that say what it is and whom it is for. A value drops it, and nobody is told. */
  "pre-stanza": Stoppable<StanzaEvent>;

  // Client sessions

  /** What a client is offered on its stream is made up (RFC 6120 §4.3.2): features are appended. */
  "stream-features": {
    readonly origin: Origin;
    /** The `<stream:features/>`. */
    readonly features: Element;
  };
  /** Before a client's resource is bound: what its session needs at hand is loaded here. An error refuses. */
  "pre-resource-bind": Suspendable<{ readonly session: Origin; readonly username: string }, StanzaError>;
  /** A client is logged in and has its full JID. */
  "resource-bind": { readonly session: Origin };
  /** A client's session has ended. */
  "resource-unbind": {
    readonly session: Origin;
    /** Why, if it did not end by itself. */
    readonly error?: string;
  };

  // Discovery (XEP-0030)

  /** disco#info of the host with a node. `exists = true` or `true`: answered as it stands; neither: `item-not-found`. */
  "host-disco-info-node": Stoppable<DiscoEvent & { readonly node: string; exists?: boolean }>;
  /** disco#items of the host; items are appended. */
  "host-disco-items": Suspendable<DiscoEvent, StanzaError>;
  /** disco#items of the host with a node; as for disco#info. */
  "host-disco-items-node": Stoppable<DiscoEvent & { readonly node: string; exists?: boolean }>;
  /** disco#info of an account, asked by who may know; features are appended. */
  "account-disco-info": DiscoEvent;
  /** disco#items of an account, asked by who may know; items are appended. */
  "account-disco-items": DiscoEvent;

  // The host and its modules

  /** The link to the upstream server is up. */
  "link-up": {
    readonly host: Host;
    /** It was up before: false the first time. */
    readonly resumed: boolean;
  };
  /** The link to the upstream server is lost. */
  "link-down": { readonly host: Host };
  /** A module was loaded on this host. */
  "module-loaded": { readonly module: string; readonly host: string };
  /** A module was unloaded; what it had hooked is gone. */
  "module-unloaded": { readonly module: string; readonly host: string };
  /** A module was reloaded, after it was unloaded and loaded. */
  "module-reloaded": { readonly module: string; readonly host: string };
  /** A module has said how it is doing. */
  "module-status/updated": {
    /** Without `mod_`. */
    readonly name: string;
  };
  /** A module published something under that key (`module.addItem`). */
  [key: `item-added/${string}`]: {
    /** Name of the module. */
    readonly source: string;
    readonly item: unknown;
  };
  /** Something that was published was taken back, by the module or with it. */
  [key: `item-removed/${string}`]: {
    /** Name of the module. */
    readonly source: string;
    readonly item: unknown;
  };
}

/** A request for information about the host or an account (XEP-0030), while the answer is made. */
export interface DiscoEvent extends StanzaEvent {
  /** The answer's `<iq/>`. */
  readonly reply: Element;
  /** Its `<query/>`, to add to. */
  readonly query: Element;
}

/** Events of the global bus (`module.hookGlobal`, and `module.hook` of a global module). */
export interface GlobalEvents {
  /** Everything is up: listeners and links are open. */
  "server-started": Record<string, never>;
  /** Last chance to save. A promise is awaited, before the handlers that come after it are called. */
  "server-stopping": Suspendable<{ readonly reason: string }, undefined>;
  /** All modules are unloaded, those that would hear of it too; the stores are still open. */
  "server-stopped": Record<string, never>;
  /** The configuration was read anew (SIGHUP). */
  "config-reloaded": Record<string, never>;
  /** The modules of a host are loaded. */
  "host-activated": { readonly host: Host };
  /** An account was made. */
  "user-created": { readonly username: string; readonly host: string };
  /** An account was removed. */
  "user-deleted": { readonly username: string; readonly host: string };
  /** An account has a new password. */
  "user-password-changed": { readonly username: string; readonly host: string };
}

/** Name of an event of the global bus. */
export type GlobalEventName = keyof GlobalEvents & string;

/** A handler for each event; a mapped type, as only through one does TypeScript infer `undefined` for an empty body. */
export type Handlers<E> = { [K in keyof E]: (event: PayloadOf<E[K]>) => ResultOf<E[K]> };
/** A handler of event `K`. */
export type Handler<E, K extends keyof E> = Handlers<E>[K];

/** How long a suspendable handler may take, and what happens then. */
export interface HookOptions {
  /** Milliseconds; default: the option `muc_hook_timeout` of the host, 5 s. */
  readonly deadlineMs?: number;
  /** `refuse` (default): the stanza is refused with `wait/resource-constraint`. `continue`: as if it had returned `undefined`. */
  readonly onTimeout?: "refuse" | "continue";
}
