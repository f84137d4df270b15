import type {
  HostEvents,
  GlobalEvents,
  GlobalEventName,
  Handler,
  HookOptions,
  PayloadOf,
  ResultOf,
} from "../events/events.js";
import type { EventDeclaration, EventKind } from "../events/bus.js";
import type { LogLevel } from "../log/logger.js";
import type { DeliveryTarget } from "../router/delivery.js";
import type { Origin } from "../router/stanza-event.js";
import type { Json, StoreType, StoreTypes } from "../storage/store.js";
import type { Timer } from "../timers/clock.js";
import type { Token } from "../tokens.js";
import type { Element } from "../xmpp/element.js";
import type { StanzaTemplate } from "../xmpp/template.js";

/** What a module can be: the class that its file exports as default. */
export interface ModuleInstance {
  /** Options are read and hooks set here. */
  load?(): void | Promise<void>;
  /** Once the whole server has started; at once when loaded later. */
  ready?(): void | Promise<void>;
  /** What was taken through `module` is released afterwards, without the module's doing. */
  unload?(): void | Promise<void>;
  /** State for the next instance, when the module is reloaded. */
  save?(): unknown;
  restore?(state: unknown): void;
  /** Global modules only: called for each host that has the module enabled, with the module object of that host. */
  addHost?(module: ModuleApi): void | Promise<void>;
  /** What `depends` returns to others; default: the instance. */
  readonly exports?: unknown;
}

/** The class of a module; every constructor parameter carries `@inject(Token)`. */
export interface ModuleClass {
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- parameters are injected by token
  new (...args: any[]): ModuleInstance;
  /** Loaded once for the whole server, on host `*` (Prosody: `module:set_global()`). */
  readonly isGlobal?: boolean;
  /** Modules that must be loaded on the same host before this one. */
  readonly requires?: readonly string[];
  /** Of a component's own module: the set that comes with it, in order; `modules_disabled` takes out of it. */
  readonly standardModules?: readonly string[];
  /** Why it cannot be reloaded at run time, if it cannot. */
  readonly noReload?: string;
}

/** Exports by module name, for a typed `depends`; extended by declaration merging. */
// eslint-disable-next-line @typescript-eslint/no-empty-object-type -- extended by modules
export interface ModuleExports {}

/** What `depends(name)` returns. */
export type ExportsOf<N extends string> = N extends keyof ModuleExports ? ModuleExports[N] : unknown;

/** Roles of users on a host, lowest first (Prosody: `mod_authz_internal`). */
export type UserRole = "prosody:guest" | "prosody:registered" | "prosody:member" | "prosody:admin" | "prosody:operator";

/**
 * The `module` object: all that a module may do with the server. Names are Prosody's in camelCase, arguments in
 * Prosody's order. Everything taken through it is released when the module is unloaded.
 *
 * Extended by modules that offer more to others (`mod_muc` adds `roomState`).
 */
export interface ModuleApi {
  /** Name without `mod_`. */
  readonly name: string;
  /** Host it is loaded on; `"*"` for global modules. */
  readonly host: string;
  readonly isGlobal: boolean;
  /** The file it was loaded from. */
  readonly path: string;
  /** False once unloaded. */
  readonly loaded: boolean;
  readonly reloading: boolean;

  getName(): string;
  getHost(): string;
  getHostType(): "global" | "local" | "component";

  /** `format` is printf-like (`%s`, `%d`, `%j`). Never passwords, never message bodies. */
  log(level: LogLevel, format: string, ...args: unknown[]): void;

  // Options: the host's section, else the global one. A value of the wrong type is reported with file and line, and
  // the default is used. Numbers out of range are clamped and reported.
  getOption(name: string): unknown;
  getOption<T>(name: string, fallback: T): unknown;
  getOptionString(name: string): string | undefined;
  getOptionString(name: string, fallback: string): string;
  getOptionNumber(name: string): number | undefined;
  getOptionNumber(name: string, fallback: number, min?: number, max?: number): number;
  getOptionInteger(name: string): number | undefined;
  getOptionInteger(name: string, fallback: number, min?: number, max?: number): number;
  getOptionBoolean(name: string): boolean | undefined;
  getOptionBoolean(name: string, fallback: boolean): boolean;
  /** Seconds; `"never"` is `Infinity`. Values and bounds: seconds, or `"2 weeks"`. */
  getOptionPeriod(name: string): number | undefined;
  getOptionPeriod(name: string, fallback: number | string, min?: number | string, max?: number | string): number;
  getOptionEnum<T extends string | boolean>(name: string, fallback: T, ...allowed: readonly T[]): T;
  getOptionArray(name: string, fallback?: readonly unknown[]): unknown[];
  getOptionSet(name: string, fallback?: Iterable<string>): Set<string>;
  /** Union of the host's and the global set. */
  getOptionInheritedSet(name: string, fallback?: Iterable<string>): Set<string>;
  /** An absolute path. @param parent `"config"` (default), `"data"`, or a folder that relative values start from */
  getOptionPath(name: string, fallback?: string, parent?: string): string | undefined;

  /**
   * Calls `handler` when `event` fires on this host (global modules: on the global bus). Higher priority first; equal
   * ones in order of module load, then of registration. A handler that returns `undefined` lets the next one run.
   */
  hook<K extends keyof HostEvents>(
    event: K,
    handler: Handler<HostEvents, K>,
    priority?: number,
    options?: HookOptions,
  ): void;
  hookGlobal<K extends GlobalEventName>(event: K, handler: Handler<GlobalEvents, K>, priority?: number): void;
  /** Hooks elements that are no stanza, `stanza/<xmlns>:<name>`. */
  hookTag(
    xmlns: string,
    name: string,
    handler: (origin: Origin, stanza: Element) => true | undefined,
    priority?: number,
  ): void;
  /** For events nobody declared; the payload is whatever was fired. */
  hookUntyped(event: string, handler: (event: unknown) => unknown, priority?: number, options?: HookOptions): void;
  unhook<K extends keyof HostEvents>(event: K, handler: Handler<HostEvents, K>): void;
  /** Runs around the handlers of an event; `next()` runs them (with other data, if given). Last added is outermost. */
  wrapEvent<K extends keyof HostEvents>(
    event: K,
    wrapper: (
      next: (event?: PayloadOf<HostEvents[K]>) => ResultOf<HostEvents[K]>,
      event: PayloadOf<HostEvents[K]>,
    ) => ResultOf<HostEvents[K]>,
  ): void;
  /** Fires on this host's bus; handlers that answer with a promise count as having returned `undefined`. */
  fireEvent<K extends keyof HostEvents>(
    event: K,
    data: PayloadOf<HostEvents[K]>,
  ): Exclude<ResultOf<HostEvents[K]>, Promise<unknown>>;
  /** Fires; the result is a promise only when some handler answered with one. */
  fireEventAsync<K extends keyof HostEvents>(event: K, data: PayloadOf<HostEvents[K]>): ResultOf<HostEvents[K]>;
  fireUntyped(event: string, data: unknown): unknown;
  /** Whether anybody listens. */
  hasHandlers(event: string): boolean;
  /**
   * Says what results of this module's own events mean at run time, as their types do at compile time; names ending in
   * `*` are prefixes. Without it an event only tells: what a handler throws is logged, and the next one runs.
   * @param declared what a log line about a failed handler names, and how handlers after an awaited one are run
   */
  declareEvents(kinds: Readonly<Record<string, EventKind>>, declared?: EventDeclaration): void;

  /**
   * Exports of another module on this host, which is loaded first if need be. Call it in `load()`.
   * @throws when it cannot be loaded, or is disabled (`soft`: `undefined` then)
   */
  depends<N extends string>(name: N): ExportsOf<N>;
  depends<N extends string>(name: N, soft: true): ExportsOf<N> | undefined;
  /** A table shared under a path (`t`, `mod/t`, `host/mod/t`, `/host/mod/t`) that lives while some module holds it. */
  shared<T extends object = Record<string, unknown>>(path: string): T;

  addItem(key: string, value: unknown): void;
  removeItem(key: string, value: unknown): void;
  /** Items of that key of all modules of the host, in order of addition. */
  getHostItems<T = unknown>(key: string): T[];
  /** Calls `added` for existing items and new ones, `removed` as they go. */
  handleItems<T = unknown>(key: string, added: (item: T) => void, removed: (item: T) => void): void;
  /** Adds a `<kind>-provider` item; `item.name` defaults to the module's name without `<kind>_`. */
  provides(kind: string, item: object): void;
  addFeature(xmlns: string): void;
  addIdentity(category: string, type: string, name?: string): void;
  /** A data form in the disco#info of the host (XEP-0128). */
  addExtension(form: Element): void;
  /** Puts a service into the host's table: other modules ask for it by `@inject(token)`. */
  provide<T>(token: Token<T>, value: T): void;

  /** Routes a stanza as if this host had sent it; `from` and `to` must be set. It belongs to the router afterwards. */
  send(stanza: Element, origin?: Origin): void;
  /**
   * Sends an iq get or set and waits for the answer.
   * @param origin not used: it is here for Prosody's order of arguments
   * @param timeoutSeconds default 120
   * @returns the result stanza; rejects with a `StanzaError`
   */
  sendIq(stanza: Element, origin?: Origin, timeoutSeconds?: number): Promise<Element>;
  /** One stanza to many recipients: turned into text once, at once. */
  broadcast(recipients: Iterable<string>, stanza: Element): void;
  /** The same for text that is already there; what the room engine's fan-out uses. */
  deliver(template: StanzaTemplate, recipients: readonly DeliveryTarget[]): void;

  /** `fn(now)` after `seconds`; a number it returns is the seconds until it is called again. */
  addTimer(seconds: number, fn: (nowSeconds: number) => number | undefined): Timer;

  openStore<T = Json, K extends StoreType = "keyval">(name?: string, type?: K): StoreTypes<T>[K];

  /**
   * Gives the `module` object of every module of this host another method, typed by merging into {@link ModuleApi};
   * taken back when this module is unloaded. Modules that use it say so with `static requires`.
   * @param create makes the method for one module; what it takes through that module's object is released with it, and
   *   `onUnload` registers what else is undone then
   */
  extendApi<N extends keyof ModuleApi>(
    name: N,
    create: (module: ModuleApi, onUnload: (undo: () => void) => void) => ModuleApi[N],
  ): void;

  /** Grants a permission of this module (`":create-room"`) to a role and those above it. */
  defaultPermission(role: UserRole, permission: string): void;
  /** Whether the sender (a JID, or the event that it caused) has a permission. */
  may(permission: string, context: string | { readonly origin?: Origin; readonly stanza?: Element }): boolean;
  /** Role of a JID on this host. */
  roleOf(jid: string): UserRole;
}
