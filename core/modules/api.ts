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
import type { EventSource, EventWrapper, WrappableEventSource } from "../events/event-source.js";
import type { LogLevel } from "../log/logger.js";
import type { Measures } from "../metrics/measures.js";
import type { MetricFamily, MetricOptions, MetricType } from "../metrics/metrics.js";
import type { DeliveryTarget, Recipients } from "../router/delivery.js";
import type { Origin } from "../router/stanza-event.js";
import type { Json, StoreType, StoreTypes } from "../storage/store.js";
import type { Timer } from "../timers/clock.js";
import type { Token } from "../tokens.js";
import type { Element } from "../xmpp/element.js";
import type { StanzaTemplate } from "../xmpp/template.js";
import type { StatusType } from "./status.js";

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
  /** What the old instance's `save` returned, before `load`. */
  /** Given what the old instance's `save` returned, before `load`. */
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
  /**
   * The version of this API that it was written for: {@link API_VERSION} of then. It grows when something is taken away
   * or comes to mean something else; a module that names another than the present one is not loaded.
   */
  readonly apiVersion?: number;
  /**
   * A module of yours whose handlers have failed too often for one room (`module_max_failures` within an hour) is left
   * out for that room, so that the room goes on; until the module is loaded again. True: it is not, and what it fails to
   * allow stays refused. For modules that guard something.
   */
  readonly failsClosed?: boolean;
  /** Why it cannot be reloaded at run time, if it cannot. */
  readonly noReload?: string;
}

/** Exports by module name, for a typed `depends`; extended by declaration merging. */
// eslint-disable-next-line @typescript-eslint/no-empty-object-type -- extended by modules
export interface ModuleExports {}

/** What `depends(name)` returns. */
export type ExportsOf<N extends string> = N extends keyof ModuleExports ? ModuleExports[N] : unknown;

/**
 * What items of a key are, for a typed `addItem` and `handleItems`; extended by declaration merging. Items of other keys
 * may be anything.
 */
// eslint-disable-next-line @typescript-eslint/no-empty-object-type -- extended by modules
export interface HostItems {}

/** What `addItem(key, value)` takes. */
export type ItemOf<K extends string> = K extends keyof HostItems ? HostItems[K] : unknown;

/** Roles of users on a host, lowest first (Prosody: `mod_authz_internal`). */
export type UserRole = "prosody:guest" | "prosody:registered" | "prosody:member" | "prosody:admin" | "prosody:operator";

/** Who asks for something: a JID, or the event that their stanza caused. */
export type PermissionContext = string | { readonly origin?: Origin; readonly stanza?: Element };

/** Something to be done now and then: `module.cron(task)`. */
export interface CronTask {
  /** Tells it from the module's other tasks; default: the period. */
  readonly name?: string;
  /** How often (`period`: seconds), unless the option `MODULE_NAME_period` says so (`name` in lower case, other characters as `_`). */
  readonly when: "hourly" | "daily" | "weekly" | { readonly period: number };
  /**
   * Does it; tasks of a host are run one after the other, a promise is awaited.
   * @param startedAt unix seconds
   */
  run(task: CronTask, startedAt: number): unknown;
}

/**
 * The `module` object: all that a module may do with the server. Names are Prosody's in camelCase, arguments in
 * Prosody's order; `@prosody` names the Lua original. Everything taken through it is released when the module is
 * unloaded, and nothing can be taken afterwards (TypeError).
 *
 * Extended by modules that offer more to others (`mod_muc` adds `roomState` and `roomMethods`).
 */
export interface ModuleApi {
  /**
   * Name without `mod_`.
   * @prosody module.name
   */
  readonly name: string;
  /**
   * Host it is loaded on; `"*"` for global modules.
   * @prosody module.host
   */
  readonly host: string;
  /**
   * Whether it is loaded once for the whole server: `static isGlobal = true` of its class.
   * @prosody module.global
   */
  readonly isGlobal: boolean;
  /**
   * The file it was loaded from.
   * @prosody module.path
   */
  readonly path: string;
  /**
   * Folder of its files: that of the package when it was installed as one, else that of its file.
   * @prosody module.resource_path
   */
  readonly resourcePath: string;
  /**
   * False once unloaded.
   * @prosody module.loaded
   */
  readonly loaded: boolean;
  /**
   * True while new code takes the place of old, until `load()` is done.
   * @prosody module.reloading
   */
  readonly reloading: boolean;
  /**
   * What the old code's `save()` returned, while {@link reloading}; `restore(state)` is given the same.
   * @prosody module.saved_state
   */
  readonly savedState: unknown;

  /**
   * The same as {@link name}.
   * @prosody module:get_name()
   */
  getName(): string;
  /**
   * The same as {@link host}.
   * @prosody module:get_host()
   */
  getHost(): string;
  /**
   * What kind of host it is on: a VirtualHost is `local`.
   * @prosody module:get_host_type()
   */
  getHostType(): "global" | "local" | "component";
  /**
   * This module's object for another host: options, events, stores and stanzas are that host's. What is taken through
   * it is released with this one.
   * @param host default `"*"`: the whole server
   * @throws TypeError when that host is not served here
   * @prosody module:context(host)
   */
  context(host?: string): ModuleApi;

  /**
   * Writes a line into the log. `format` is printf-like (`%s`, `%d`, `%j`). Never passwords, never message bodies.
   * @prosody module:log(level, format, ...)
   */
  log(level: LogLevel, format: string, ...args: unknown[]): void;
  /**
   * Says how the module is doing, for `chorusctl module list`; fires `module-status/updated`. An error stays when
   * something milder follows.
   * @param override true: it takes the place of anything; false: nothing milder takes the place of anything
   * @prosody module:set_status(type, message, override)
   */
  setStatus(type: StatusType, message: string, override?: boolean): void;
  /**
   * {@link setStatus} and {@link log} in one: `error`, `warn` and `info` are both a level and a type.
   * @prosody module:log_status(level, format, ...)
   */
  logStatus(level: Exclude<StatusType, "core">, format: string, ...args: unknown[]): void;
  /**
   * Type, message and unix seconds of what was said last; nothing yet: `core`, `""` and 0.
   * @prosody module:get_status()
   */
  getStatus(): [type: StatusType, message: string, time: number];

  /**
   * Folder of its files, as {@link resourcePath}.
   * @prosody module:get_directory()
   */
  getDirectory(): string;
  /**
   * Reads a file of the module's own. Rejects as `fs.readFile` does; with a TypeError when the path leads out of the
   * folder.
   * @param path relative to {@link getDirectory}
   * @returns its bytes; with an encoding, its text
   * @prosody module:load_resource(path, mode)
   */
  loadResource(path: string): Promise<Buffer>;
  /** Its text, in that encoding. */
  loadResource(path: string, encoding: BufferEncoding): Promise<string>;
  /**
   * Loads a helper file, afresh on every call and for this module alone, `LIB.lib` before `LIB` (`.ts`, `.js`, `.mjs`):
   * from the module's folder, from its folder `lib`, then from the folders of `plugin_paths`. What several modules share
   * is better imported, or provided by a module.
   * @returns what the file exports; rejects with an Error when there is none, or when it does not load
   * @prosody module:require(lib)
   */
  require<T = unknown>(lib: string): Promise<T>;

  // Options: the host's section, else the global one; lists of both are never merged, but by `getOptionInheritedSet`. A
  // value of the wrong type is reported with file and line, and the fallback is used.

  /**
   * The value as it stands, a copy.
   * @prosody module:get_option(name, default)
   */
  getOption(name: string): unknown;
  /** With a fallback, for when it is not set. */
  getOption<T>(name: string, fallback: T): unknown;
  /**
   * A single value; of a list the first item.
   * @prosody module:get_option_scalar(name, default)
   */
  getOptionScalar(name: string): string | number | boolean | undefined;
  /** With a fallback, for when it is not set. */
  getOptionScalar<T extends string | number | boolean>(name: string, fallback: T): string | number | boolean;
  /**
   * Text; numbers and booleans become text.
   * @prosody module:get_option_string(name, default)
   */
  getOptionString(name: string): string | undefined;
  /** With a fallback: always text. */
  getOptionString(name: string, fallback: string): string;
  /**
   * Numerals are read, too; a value out of range is clamped, and reported.
   * @prosody module:get_option_number(name, default, min, max)
   */
  getOptionNumber(name: string): number | undefined;
  /** With a fallback, and bounds: always a number. */
  getOptionNumber(name: string, fallback: number, min?: number, max?: number): number;
  /**
   * As {@link getOptionNumber}; a fraction is cut off, and reported.
   * @prosody module:get_option_integer(name, default, min, max)
   */
  getOptionInteger(name: string): number | undefined;
  /** With a fallback, and bounds: always an integer. */
  getOptionInteger(name: string, fallback: number, min?: number, max?: number): number;
  /**
   * `true`, `"true"` and 1; `false`, `"false"` and 0.
   * @prosody module:get_option_boolean(name, default)
   */
  getOptionBoolean(name: string): boolean | undefined;
  /** With a fallback: always one of both. */
  getOptionBoolean(name: string, fallback: boolean): boolean;
  /**
   * Seconds; `"never"` and `false` are `Infinity`. Values and bounds: seconds, or text such as `"2 weeks"`.
   * @prosody module:get_option_period(name, default, min, max)
   */
  getOptionPeriod(name: string): number | undefined;
  /** With a fallback, and bounds: always a number of seconds. */
  getOptionPeriod(name: string, fallback: number | string, min?: number | string, max?: number | string): number;
  /**
   * One of the values given; anything else is reported, and the fallback is used.
   * @prosody module:get_option_enum(name, default, ...)
   */
  getOptionEnum<T extends string | boolean>(name: string, fallback: T, ...allowed: readonly T[]): T;
  /**
   * A copy of a list; a single value is a list of one.
   * @prosody module:get_option_array(name, default)
   */
  getOptionArray(name: string, fallback?: readonly unknown[]): unknown[];
  /**
   * {@link getOptionArray} without repetitions.
   * @prosody module:get_option_set(name, default)
   */
  getOptionSet(name: string, fallback?: Iterable<string>): Set<string>;
  /**
   * Union of the host's and the global set.
   * @prosody module:get_option_inherited_set(name, default)
   */
  getOptionInheritedSet(name: string, fallback?: Iterable<string>): Set<string>;
  /**
   * An absolute path.
   * @param parent `"config"` (default), `"data"`, or a folder that relative values start from
   * @prosody module:get_option_path(name, default, parent)
   */
  getOptionPath(name: string, fallback?: string, parent?: string): string | undefined;

  /**
   * Calls `handler` when `event` fires on this host (global modules: on the global bus). Higher priority first; equal
   * ones in order of module load, then of registration. A handler that returns `undefined` lets the next one run. The
   * same handler again: only its priority changes.
   * @prosody module:hook(event, handler, priority)
   */
  hook<K extends keyof HostEvents>(
    event: K,
    handler: Handler<HostEvents, K>,
    priority?: number,
    options?: HookOptions,
  ): void;
  /**
   * {@link hook} on the bus of the whole server.
   * @prosody module:hook_global(event, handler, priority)
   */
  hookGlobal<K extends GlobalEventName>(event: K, handler: Handler<GlobalEvents, K>, priority?: number): void;
  /**
   * Hooks elements that are no stanza, `stanza/<xmlns>:<name>`.
   * @prosody module:hook_tag(xmlns, name, handler, priority)
   */
  hookTag(
    xmlns: string,
    name: string,
    handler: (origin: Origin, stanza: Element) => true | undefined,
    priority?: number,
  ): void;
  /**
   * Hooks an event of an object that has events of its own ({@link Events}, or anything of that shape). What the
   * handler throws is this module's error, and stops nothing.
   * @prosody module:hook_object_event(object, event, handler, priority)
   */
  hookObjectEvent(object: EventSource, event: string, handler: (data: unknown) => unknown, priority?: number): void;
  /**
   * Takes back {@link hookObjectEvent}; harmless when there is nothing to take back.
   * @prosody module:unhook_object_event(object, event, handler)
   */
  unhookObjectEvent(object: EventSource, event: string, handler: (data: unknown) => unknown): void;
  /** For events nobody declared; the payload is whatever was fired. */
  hookUntyped(event: string, handler: (event: unknown) => unknown, priority?: number, options?: HookOptions): void;
  /**
   * Takes back {@link hook}; harmless when there is nothing to take back.
   * @prosody module:unhook(event, handler)
   */
  unhook<K extends keyof HostEvents>(event: K, handler: Handler<HostEvents, K>): void;
  /**
   * Runs around the handlers of an event; `next()` runs them (with other data, if given). Last added is outermost.
   * @prosody module:wrap_event(event, wrapper)
   */
  wrapEvent<K extends keyof HostEvents>(
    event: K,
    wrapper: (
      next: (event?: PayloadOf<HostEvents[K]>) => ResultOf<HostEvents[K]>,
      event: PayloadOf<HostEvents[K]>,
    ) => ResultOf<HostEvents[K]>,
  ): void;
  /**
   * The same on the global bus.
   * @prosody module:wrap_global(event, wrapper)
   */
  wrapGlobal<K extends GlobalEventName>(
    event: K,
    wrapper: (
      next: (event?: PayloadOf<GlobalEvents[K]>) => ResultOf<GlobalEvents[K]>,
      event: PayloadOf<GlobalEvents[K]>,
    ) => ResultOf<GlobalEvents[K]>,
  ): void;
  /**
   * The same for an object with events of its own.
   * @param event `false`: all its events
   * @prosody module:wrap_object_event(object, event, wrapper)
   */
  wrapObjectEvent(object: WrappableEventSource, event: string | false, wrapper: EventWrapper): void;
  /**
   * Fires on this host's bus; handlers that answer with a promise count as having returned `undefined`.
   * @returns the value that ended the chain
   * @prosody module:fire_event(event, data)
   */
  fireEvent<K extends keyof HostEvents>(
    event: K,
    data: PayloadOf<HostEvents[K]>,
  ): Exclude<ResultOf<HostEvents[K]>, Promise<unknown>>;
  /** Fires; the result is a promise only when some handler answered with one. */
  fireEventAsync<K extends keyof HostEvents>(event: K, data: PayloadOf<HostEvents[K]>): ResultOf<HostEvents[K]>;
  /** Fires an event that nobody declared. @returns the value that ended the chain */
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
   * @throws ModuleError when it cannot be loaded, or is disabled (`soft`: `undefined` then)
   * @prosody module:depends(name, soft)
   */
  depends<N extends string>(name: N): ExportsOf<N>;
  /** `undefined` when it cannot be loaded, or is disabled. */
  depends<N extends string>(name: N, soft: true): ExportsOf<N> | undefined;
  /**
   * A table shared under a path (`t`, `mod/t`, `host/mod/t`, `/host/mod/t`) that lives while some module holds it.
   * @prosody module:shared(path)
   */
  shared<T extends object = Record<string, unknown>>(path: string): T;

  /**
   * Adds to a list that all modules of the host see; fires `item-added/KEY`. Keys of {@link HostItems} are typed.
   * @prosody module:add_item(key, value)
   */
  addItem<K extends string>(key: K, value: ItemOf<K>): void;
  /**
   * Takes it back; fires `item-removed/KEY`.
   * @prosody module:remove_item(key, value)
   */
  removeItem<K extends string>(key: K, value: ItemOf<K>): void;
  /**
   * Items of that key of all modules of the host, in order of addition.
   * @prosody module:get_host_items(key)
   */
  getHostItems<K extends keyof HostItems>(key: K): HostItems[K][];
  /** The same for a key that nobody declared; what its items are is for who asks to know. */
  getHostItems<T = unknown>(key: string): T[];
  /**
   * Calls `added` for existing items and new ones, `removed` as they go.
   * @param existing false: not for those that are there already
   * @prosody module:handle_items(key, added, removed, existing)
   */
  handleItems<K extends keyof HostItems>(
    key: K,
    added: (item: HostItems[K]) => void,
    removed: (item: HostItems[K]) => void,
    existing?: boolean,
  ): void;
  /** The same for a key that nobody declared. */
  handleItems<T = unknown>(key: string, added: (item: T) => void, removed: (item: T) => void, existing?: boolean): void;
  /**
   * Adds a `<kind>-provider` item; `item.name` defaults to the module's name without `<kind>_`.
   * @prosody module:provides(kind, item)
   */
  provides(kind: string, item: object): void;
  /**
   * A feature in the disco#info of the host (XEP-0030).
   * @prosody module:add_feature(xmlns)
   */
  addFeature(xmlns: string): void;
  /**
   * An identity in the disco#info of the host (XEP-0030).
   * @prosody module:add_identity(category, type, name)
   */
  addIdentity(category: string, type: string, name?: string): void;
  /**
   * A data form in the disco#info of the host (XEP-0128).
   * @prosody module:add_extension(form)
   */
  addExtension(form: Element): void;
  /** Puts a service into the host's table: other modules ask for it by `@inject(token)`. */
  provide<T>(token: Token<T>, value: T): void;

  /**
   * Routes a stanza as if this host had sent it; `from` and `to` must be set. It belongs to the router afterwards.
   * @prosody module:send(stanza, origin)
   */
  send(stanza: Element, origin?: Origin): void;
  /**
   * Sends an iq get or set and waits for the answer.
   * @param origin not used: it is here for Prosody's order of arguments
   * @param timeoutSeconds default 120
   * @returns the result stanza; rejects with a `StanzaError`
   * @prosody module:send_iq(stanza, origin, timeout)
   */
  sendIq(stanza: Element, origin?: Origin, timeoutSeconds?: number): Promise<Element>;
  /**
   * One stanza to many recipients: turned into text once, at once.
   * @prosody module:broadcast(jids, stanza)
   */
  broadcast(recipients: Iterable<string>, stanza: Element): void;
  /**
   * The same for text that is already there; what the room engine's fan-out uses.
   * @param recipients those who get something again and again are best kept as `Recipients`
   */
  deliver(template: StanzaTemplate, recipients: Recipients | readonly DeliveryTarget[]): void;

  /**
   * Calls `fn(now, ...args)` after `seconds`; a number it returns is the seconds until it is called again.
   * @prosody module:add_timer(delay, fn, ...)
   */
  addTimer<A extends unknown[]>(
    seconds: number,
    fn: (nowSeconds: number, ...args: A) => number | undefined,
    ...args: A
  ): Timer;
  /**
   * Has a task done now and then, also over restarts: the time of its last run is stored. Loads `mod_cron`; call it in
   * `load()`.
   * @prosody module:cron(task)
   */
  cron(task: CronTask): void;
  /**
   * {@link cron} every hour.
   * @prosody module:hourly(name, fn)
   */
  hourly(run: CronTask["run"]): void;
  /** With a name of its own, for several. */
  hourly(name: string, run: CronTask["run"]): void;
  /**
   * {@link cron} every day.
   * @prosody module:daily(name, fn)
   */
  daily(run: CronTask["run"]): void;
  /** With a name of its own, for several. */
  daily(name: string, run: CronTask["run"]): void;
  /**
   * {@link cron} every week.
   * @prosody module:weekly(name, fn)
   */
  weekly(run: CronTask["run"]): void;
  /** With a name of its own, for several. */
  weekly(name: string, run: CronTask["run"]): void;
  /**
   * Runs `fn` once the whole server has started; at once when it has already.
   * @returns what `fn` returns; rejects with what it throws
   * @prosody module:on_ready(fn)
   */
  onReady<R>(fn: () => R | Promise<R>): Promise<R>;

  /**
   * A store of this host's, kept on disk (see `docs/api`): `keyval`, `keyval+`, `map` or `archive`.
   * @param name default: the module's name
   * @throws TypeError for a global module, which has no host whose data it would be
   * @prosody module:open_store(name, type)
   */
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

  /**
   * A function that takes measurements, named `chorus_mod_MODULE__NAME` with label `host`.
   * @throws TypeError for an unknown type
   * @prosody module:measure(name, type, conf)
   */
  measure<T extends keyof Measures>(name: string, type: T, options?: MetricOptions): Measures[T];
  /**
   * A metric as OpenMetrics has them, named `chorus_mod_MODULE__NAME`; modules of a host have label `host` filled in
   * before theirs. Never label by room or user: each combination is kept for good.
   * @throws TypeError when it is there with another type or other labels
   * @prosody module:metric(type, name, unit, description, labels, conf)
   */
  metric(
    type: MetricType,
    name: string,
    unit?: string,
    description?: string,
    labels?: readonly string[],
    options?: MetricOptions,
  ): MetricFamily;

  /**
   * Grants a permission of this module (`":create-room"`) to a role and those above it.
   * @prosody module:default_permission(role, permission)
   */
  defaultPermission(role: UserRole, permission: string): void;
  /**
   * {@link defaultPermission} for several.
   * @prosody module:default_permissions(role, permissions)
   */
  defaultPermissions(role: UserRole, permissions: Iterable<string>): void;
  /**
   * Whether the sender has a permission; a refusal is logged (debug).
   * @prosody module:may(permission, context)
   */
  may(permission: string, context: PermissionContext): boolean;
  /**
   * The same, without a word in the log: to find out what to offer.
   * @prosody module:could(permission, context)
   */
  could(permission: string, context: PermissionContext): boolean;
  /** Role of a JID on this host. */
  roleOf(jid: string): UserRole;
}
