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

type AddressedEvents = { [K in `${"" | "pre-"}${"message" | "presence"}/${AddressKind}`]: Stoppable<StanzaEvent> } & {
  [K in `pre-iq/${AddressKind}`]: Stoppable<StanzaEvent>;
} & { [K in `iq/${AddressKind}`]: Suspendable<IqEvent, IqResult> };

/**
 * All events of a host's bus, by name. Values are payloads; an event whose result counts is wrapped in
 * {@link Stoppable} or {@link Suspendable}. Extended by modules.
 */
export interface HostEvents extends AddressedEvents {
  [iq: `iq/${AddressKind}/${string}`]: Suspendable<IqEvent, IqResult>;
  [iq: `iq-get/${AddressKind}/${string}`]: Suspendable<IqEvent, IqResult>;
  [iq: `iq-set/${AddressKind}/${string}`]: Suspendable<IqEvent, IqResult>;
  [iq: `iq-result/${AddressKind}/${string}`]: Stoppable<StanzaEvent>;
  [iq: `iq-error/${AddressKind}/${string}`]: Stoppable<StanzaEvent>;
  /** Elements that are no stanza, and those of a session that has not logged in: `stanza/<xmlns>:<name>`. */
  [nonza: `stanza/${string}`]: Stoppable<StanzaEvent>;
  /** `source`: name of the module that added it. */
  [item: `item-added/${string}`]: { readonly source: string; readonly item: unknown };
  [item: `item-removed/${string}`]: { readonly source: string; readonly item: unknown };

  "pre-stanza": Stoppable<StanzaEvent & { reason?: string }>;
  "stream-features": { origin: Origin; features: Element };
  /** Before a client's resource is bound: what its session needs at hand is loaded here; an error refuses. */
  "pre-resource-bind": Suspendable<{ readonly session: Origin; readonly username: string }, StanzaError>;
  "resource-bind": { session: Origin };
  "resource-unbind": { session: Origin; error?: string };
  /** The link to the upstream server is up (again); `resumed` is false the first time. */
  "link-up": { host: Host; resumed: boolean };
  "link-down": { host: Host };
  "module-loaded": { module: string; host: string };
  "module-unloaded": { module: string; host: string };
  "module-reloaded": { module: string; host: string };
  /** A module has said how it is doing; `name`: without `mod_`. */
  "module-status/updated": { readonly name: string };
  "host-disco-info-node": Stoppable<DiscoEvent & { node: string; exists?: boolean }>;
  "host-disco-items": Stoppable<DiscoEvent, StanzaError>;
  "host-disco-items-node": Stoppable<DiscoEvent & { node: string; exists?: boolean }>;
  "account-disco-info": DiscoEvent;
  "account-disco-items": DiscoEvent;
}

/** `reply` is the answer's `<iq/>`; its first child is the `<query/>` to add to. */
export interface DiscoEvent extends StanzaEvent {
  readonly reply: Element;
  readonly query: Element;
}

/** Events of the global bus (`module.hookGlobal`, and `module.hook` of a global module). */
export interface GlobalEvents {
  "server-starting": Record<string, never>;
  "server-started": Record<string, never>;
  /** Last chance to save; may answer with a promise, which is awaited. */
  "server-stopping": Suspendable<{ readonly reason: string }, undefined>;
  "server-stopped": Record<string, never>;
  "config-reloaded": Record<string, never>;
  "host-activated": { host: Host };
  "host-deactivated": { host: Host };
  "user-created": { username: string; host: string };
  "user-deleted": { username: string; host: string };
  "user-password-changed": { username: string; host: string };
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
