import type { EventBus, EventDeclaration, EventKind, HandlerCost, HandlerOwner } from "../events/bus.js";
import type {
  GlobalEventName,
  GlobalEvents,
  Handler,
  HookOptions,
  HostEvents,
  PayloadOf,
  ResultOf,
} from "../events/events.js";
import type { EventSource, EventWrapper, WrappableEventSource } from "../events/event-source.js";
import { GLOBAL } from "../config/config.js";
import { Options } from "../config/options.js";
import type { Host } from "../hosts/host.js";
import type { Items } from "../hosts/items.js";
import { formatMessage } from "../log/format.js";
import type { LogLevel, Logger } from "../log/logger.js";
import { measure, type Measures } from "../metrics/measures.js";
import type { MetricFamily, MetricOptions, MetricType } from "../metrics/metrics.js";
import type { DeliveryTarget, Recipients } from "../router/delivery.js";
import type { Origin } from "../router/stanza-event.js";
import type { Json, StoreType, StoreTypes } from "../storage/store.js";
import type { Timer } from "../timers/clock.js";
import type { Token } from "../tokens.js";
import { cloneElement, isElement, type Element } from "../xmpp/element.js";
import { bare } from "../xmpp/jid.js";
import { StanzaTemplate } from "../xmpp/template.js";
import type { CronTask, ExportsOf, ModuleApi, PermissionContext, UserRole } from "./api.js";
import type { ModuleContext } from "./context.js";
import { directoryOf, readResource } from "./files.js";
import { ModuleStatus, type StatusType } from "./status.js";

/** Handlers that failed so often are told of once more, as the operator has something to do. */
const MANY_FAILURES = 100;
/** Failures in one room count for so long, milliseconds. */
const FAILURE_WINDOW = 3_600_000;

/** The `module` object. Keeps account of what its module took, and gives all of it back in {@link release}. */
export class ModuleObject extends Options implements HandlerOwner {
  readonly host: string;
  loaded = true;
  reloading = false;
  savedState: unknown;
  /** How often a handler of this module threw. */
  failures = 0;
  disabledFor: WeakSet<object> | undefined;
  /** What its handlers are not called for, as told to the operator. */
  readonly disabledIn = new Set<string>();
  /** Failures by room, those of the last hour. */
  readonly #failuresIn = new WeakMap<object, number[]>();
  readonly #context: ModuleContext;
  readonly #bus: EventBus<HostEvents>;
  readonly #undo: (() => void)[] = [];
  readonly #timers = new Set<Timer>();
  readonly #logger: Logger;
  readonly #status = new ModuleStatus();
  #objectHooks: ObjectHook[] = [];

  constructor(
    readonly name: string,
    private readonly served: Host | undefined,
    readonly path: string,
    readonly loadOrder: number,
    context: ModuleContext,
    /** Whether its handlers may be left out for a room where they fail time and again. */
    private readonly mayBeDisabled = false,
  ) {
    super(context.config, served?.name ?? GLOBAL);
    this.host = served?.name ?? GLOBAL;
    this.#context = context;
    // A global module's own bus is the global one, as in Prosody; its events are typed by `hookGlobal`.
    this.#bus = served?.events ?? (context.hosts.events as unknown as EventBus<HostEvents>);
    this.#logger = context.logger.child(served ? `${served.name}:${name}` : `mod_${name}`);
    for (const { name: method, create } of served?.items<ApiExtension>(API_EXTENSION) ?? [])
      this.extend(method, create);
  }

  get isGlobal(): boolean {
    return this.served === undefined;
  }

  /** Prosody's spelling of the reading half of the object; kept so that ported code reads the same. */
  getName(): string {
    return this.name;
  }

  getHost(): string {
    return this.host;
  }

  getHostType(): "global" | "local" | "component" {
    return this.served?.type ?? "global";
  }

  get logger(): Logger {
    return this.#logger;
  }

  log(level: LogLevel, format: string, ...args: unknown[]): void {
    this.#logger.log(level, format, ...args);
  }

  get resourcePath(): string {
    return this.getDirectory();
  }

  context(host: string = GLOBAL): ModuleApi {
    this.#mustBeLoaded("context");
    const served = host === GLOBAL ? undefined : this.#context.hosts.get(host);
    if (host !== GLOBAL && !served) throw new TypeError(`context: ${host} is not served here`);
    const view = new ModuleObject(this.name, served, this.path, this.loadOrder, this.#context);
    this.onRelease(() => {
      view.release();
    });
    return view.asApi();
  }

  setStatus(type: StatusType, message: string, override?: boolean): void {
    if (!this.#status.set(type, message, override, this.#context.now() / 1000)) return;
    this.#bus.fire("module-status/updated", { name: this.name });
  }

  logStatus(level: Exclude<StatusType, "core">, message: string, ...args: unknown[]): void {
    this.log(level, message, ...args);
    this.setStatus(level, formatMessage(message, args));
  }

  getStatus(): [type: StatusType, message: string, time: number] {
    return this.#status.get();
  }

  // Files

  getDirectory(): string {
    return directoryOf(this.path);
  }

  loadResource(path: string): Promise<Buffer>;
  loadResource(path: string, encoding: BufferEncoding): Promise<string>;
  loadResource(path: string, encoding?: BufferEncoding): Promise<Buffer | string> {
    return readResource(this.getDirectory(), path, encoding);
  }

  require<T = unknown>(lib: string): Promise<T> {
    return this.#context.loadHelper(this.path, lib) as Promise<T>;
  }

  // HandlerOwner

  onHandlerError(error: unknown, event: string, about: string, subject?: object): void {
    this.failures++;
    const where = about === "" ? event : `${event} (${about})`;
    this.log(
      "error",
      "handler of %s failed: %s",
      where,
      error instanceof Error ? (error.stack ?? error.message) : error,
    );
    if (this.failures % MANY_FAILURES === 0)
      this.log("error", "handlers of this module failed %d times", this.failures);
    if (subject !== undefined && this.mayBeDisabled) this.#countFailure(subject, about);
  }

  #countFailure(subject: object, about: string): void {
    const limit = this.getOptionInteger("module_max_failures", 10, 0);
    if (limit === 0) return;
    const now = this.#context.now();
    const recent = [...(this.#failuresIn.get(subject) ?? []), now].filter((at) => at > now - FAILURE_WINDOW);
    this.#failuresIn.set(subject, recent);
    if (recent.length < limit) return;
    this.disabledFor ??= new WeakSet();
    this.disabledFor.add(subject);
    this.disabledIn.add(about);
    this.logStatus("error", "left out in %s after %d failures, until it is loaded again", about, recent.length);
  }

  /** What its handlers on its own bus have cost. */
  get costs(): HandlerCost[] {
    return this.#bus.costsOf(this);
  }

  onSlowHandler(event: string, milliseconds: number): void {
    this.log("warn", "handler of %s took %d ms", event, Math.round(milliseconds));
  }

  // Events

  hook<K extends keyof HostEvents>(
    event: K,
    handler: Handler<HostEvents, K>,
    priority?: number,
    options?: HookOptions,
  ): void {
    this.#mustBeLoaded("hook");
    this.#bus.hook(event, handler, this, priority, options);
  }

  hookGlobal<K extends GlobalEventName>(event: K, handler: Handler<GlobalEvents, K>, priority?: number): void {
    this.#mustBeLoaded("hookGlobal");
    this.#context.hosts.events.hook(event, handler, this, priority);
  }

  hookTag(
    xmlns: string,
    name: string,
    handler: (origin: Origin, stanza: Element) => true | undefined,
    priority?: number,
  ): void {
    this.hook(`stanza/${xmlns}:${name}`, ({ origin, stanza }) => handler(origin, stanza), priority);
  }

  hookObjectEvent(object: EventSource, event: string, handler: (data: unknown) => unknown, priority?: number): void {
    this.#mustBeLoaded("hookObjectEvent");
    this.unhookObjectEvent(object, event, handler);
    const guarded = (data: unknown): unknown => {
      try {
        return handler(data);
      } catch (error) {
        this.onHandlerError(error, event, "");
        return undefined;
      }
    };
    object.addHandler(event, guarded, priority);
    this.#objectHooks.push({ object, event, handler, guarded });
  }

  unhookObjectEvent(object: EventSource, event: string, handler: (data: unknown) => unknown): void {
    this.#objectHooks = this.#objectHooks.filter((hook) => {
      if (hook.object !== object || hook.event !== event || hook.handler !== handler) return true;
      object.removeHandler(event, hook.guarded);
      return false;
    });
  }

  hookUntyped(event: string, handler: (event: unknown) => unknown, priority?: number, options?: HookOptions): void {
    this.#mustBeLoaded("hook");
    this.#bus.hookUntyped(event, handler, this, priority, options);
  }

  unhook<K extends keyof HostEvents>(event: K, handler: Handler<HostEvents, K>): void {
    this.#bus.unhook(event, handler as (event: unknown) => unknown, this);
  }

  wrapEvent<K extends keyof HostEvents>(
    event: K,
    wrapper: (
      next: (event?: PayloadOf<HostEvents[K]>) => ResultOf<HostEvents[K]>,
      event: PayloadOf<HostEvents[K]>,
    ) => ResultOf<HostEvents[K]>,
  ): void {
    this.#mustBeLoaded("wrapEvent");
    this.#bus.wrap(event, wrapper as Parameters<EventBus<HostEvents>["wrap"]>[1], this);
  }

  wrapGlobal<K extends GlobalEventName>(
    event: K,
    wrapper: (
      next: (event?: PayloadOf<GlobalEvents[K]>) => ResultOf<GlobalEvents[K]>,
      event: PayloadOf<GlobalEvents[K]>,
    ) => ResultOf<GlobalEvents[K]>,
  ): void {
    this.#mustBeLoaded("wrapGlobal");
    this.#context.hosts.events.wrap(event, wrapper as Parameters<EventBus<GlobalEvents>["wrap"]>[1], this);
  }

  wrapObjectEvent(object: WrappableEventSource, event: string | false, wrapper: EventWrapper): void {
    this.#mustBeLoaded("wrapObjectEvent");
    object.addWrapper(event, wrapper);
    this.onRelease(() => {
      object.removeWrapper(event, wrapper);
    });
  }

  fireEvent<K extends keyof HostEvents>(
    event: K,
    data: PayloadOf<HostEvents[K]>,
  ): Exclude<ResultOf<HostEvents[K]>, Promise<unknown>> {
    return this.#bus.fire(event, data);
  }

  fireEventAsync<K extends keyof HostEvents>(event: K, data: PayloadOf<HostEvents[K]>): ResultOf<HostEvents[K]> {
    return this.#bus.fireAsync(event, data);
  }

  fireUntyped(event: string, data: unknown): unknown {
    return this.#bus.fireUntyped(event, data);
  }

  hasHandlers(event: string): boolean {
    return this.#bus.hasHandlers(event);
  }

  declareEvents(kinds: Readonly<Record<string, EventKind>>, declared?: EventDeclaration): void {
    for (const [event, kind] of Object.entries(kinds)) this.onRelease(this.#bus.declare(event, kind, declared));
  }

  // Other modules

  depends<N extends string>(name: N): ExportsOf<N>;
  depends<N extends string>(name: N, soft: true): ExportsOf<N> | undefined;
  depends<N extends string>(name: N, soft = false): ExportsOf<N> | undefined {
    return this.#context.depends(this, name, soft) as ExportsOf<N> | undefined;
  }

  shared<T extends object = Record<string, unknown>>(path: string): T {
    const parts = path.split("/");
    const absolute = path.startsWith("/")
      ? path
      : `/${[this.host, this.name].slice(0, Math.max(0, 3 - parts.length)).join("/")}/${path}`.replaceAll("//", "/");
    const { table, release } = this.#context.shared.hold(absolute);
    this.onRelease(release);
    return table as T;
  }

  addItem(key: string, value: unknown): void {
    this.#mustBeLoaded("addItem");
    this.#published.add(key, value, this.name);
  }

  removeItem(key: string, value: unknown): void {
    this.#published.remove(key, value, this.name);
  }

  getHostItems<T = unknown>(key: string): T[] {
    return this.#published.get<T>(key);
  }

  handleItems<T = unknown>(key: string, added: (item: T) => void, removed: (item: T) => void, existing = true): void {
    this.hook(`item-added/${key}`, ({ item }) => {
      added(item as T);
    });
    this.hook(`item-removed/${key}`, ({ item }) => {
      removed(item as T);
    });
    if (!existing) return;
    for (const item of this.getHostItems<T>(key)) added(item);
  }

  provides(kind: string, item: object): void {
    const prefix = `${kind}_`;
    const given = item as { name?: unknown };
    if (given.name === undefined) {
      Object.assign(item, { name: this.name.startsWith(prefix) ? this.name.slice(prefix.length) : this.name });
    }
    this.addItem(`${kind}-provider`, item);
  }

  addFeature(xmlns: string): void {
    this.addItem("feature", xmlns);
  }

  addIdentity(category: string, type: string, name?: string): void {
    this.addItem("identity", { category, type, ...(name !== undefined && { name }) });
  }

  addExtension(form: Element): void {
    this.addItem("extension", form);
  }

  provide<T>(token: Token<T>, value: T): void {
    this.#mustBeLoaded("provide");
    this.onRelease(this.#context.provide(this, token, value));
  }

  extendApi<N extends keyof ModuleApi>(name: N, create: ApiExtension["create"]): void {
    const extension: ApiExtension = { name, create };
    this.addItem(API_EXTENSION, extension);
    for (const object of this.#context.objectsOf(this.host)) object.extend(name, create);
    this.onRelease(() => {
      for (const object of this.#context.objectsOf(this.host)) Reflect.deleteProperty(object, name);
    });
  }

  /** Puts a method that another module offers on this object. */
  extend(name: string, create: ApiExtension["create"]): void {
    const method = create(this.asApi(), (undo) => {
      this.onRelease(undo);
    });
    Object.defineProperty(this, name, { value: method, configurable: true, writable: true });
  }

  /** This object as modules know it: what other modules add to {@link ModuleApi} is there while they are loaded. */
  asApi(): ModuleApi {
    return this as unknown as ModuleApi;
  }

  // Sending

  send(stanza: Element, origin?: Origin): void {
    this.#context.router.send(stanza, origin);
  }

  sendIq(stanza: Element, _origin?: Origin, timeoutSeconds?: number): Promise<Element> {
    return this.#context.router.request(stanza, timeoutSeconds);
  }

  broadcast(recipients: Iterable<string>, stanza: Element): void {
    if (!isElement(stanza)) throw new TypeError("broadcast: a stanza is needed");
    const from = String(stanza.attrs["from"] ?? "");
    if (from === "") throw new TypeError("broadcast: the stanza needs a 'from'");
    const targets = [...recipients].map((jid) => ({ jid }));
    this.#context.router.deliver(new StanzaTemplate(cloneElement(stanza)), targets);
  }

  deliver(template: StanzaTemplate, recipients: Recipients | readonly DeliveryTarget[]): void {
    this.#context.router.deliver(template, recipients);
  }

  addTimer<A extends unknown[]>(
    seconds: number,
    fn: (nowSeconds: number, ...args: A) => number | undefined,
    ...args: A
  ): Timer {
    this.#mustBeLoaded("addTimer");
    const timer = this.#context.timers.add(seconds, (now) => {
      let again: number | undefined;
      try {
        again = fn(now, ...args);
      } catch (error) {
        this.onHandlerError(error, "a timer", "");
      }
      if (again === undefined) this.#timers.delete(timer);
      return again;
    });
    const own: Timer = {
      stop: () => {
        this.#timers.delete(timer);
        timer.stop();
      },
      reschedule: (delay) => {
        if (!this.loaded) return;
        this.#timers.add(timer);
        timer.reschedule(delay);
      },
    };
    this.#timers.add(timer);
    return own;
  }

  cron(task: CronTask): void {
    this.depends("cron");
    this.addItem("task", { module: this.asApi(), task });
  }

  hourly(name: string | CronTask["run"], run?: CronTask["run"]): void {
    this.#regularly("hourly", name, run);
  }

  daily(name: string | CronTask["run"], run?: CronTask["run"]): void {
    this.#regularly("daily", name, run);
  }

  weekly(name: string | CronTask["run"], run?: CronTask["run"]): void {
    this.#regularly("weekly", name, run);
  }

  #regularly(when: "hourly" | "daily" | "weekly", name: string | CronTask["run"], run?: CronTask["run"]): void {
    const task = typeof name === "string" ? { name, run } : { run: name };
    if (typeof task.run !== "function") throw new TypeError(`${when}: a function is needed`);
    this.cron({ ...task, run: task.run, when });
  }

  onReady<R>(fn: () => R | Promise<R>): Promise<R> {
    this.#mustBeLoaded("onReady");
    return this.#context.started.then(fn);
  }

  openStore<T = Json, K extends StoreType = "keyval">(name: string = this.name, type?: K): StoreTypes<T>[K] {
    if (this.isGlobal) throw new TypeError("openStore: global modules have no storage");
    return this.#context.openStore<T, K>(this.host, name, type ?? ("keyval" as K));
  }

  // Metrics

  measure<T extends keyof Measures>(name: string, type: T, options?: MetricOptions): Measures[T] {
    return measure(this.#context.metrics, this.#metricName(name), this.host, type, options);
  }

  metric(
    type: MetricType,
    name: string,
    unit?: string,
    description?: string,
    labels: readonly string[] = [],
    options: MetricOptions = {},
  ): MetricFamily {
    const family = this.#context.metrics.family(
      type,
      this.#metricName(name),
      this.isGlobal ? labels : ["host", ...labels],
      { ...options, ...(unit !== undefined && { unit }), ...(description !== undefined && { description }) },
    );
    return this.isGlobal ? family : family.withPartialLabel(this.host);
  }

  #metricName(name: string): string {
    return `chorus_mod_${this.name}/${name}`;
  }

  // Permissions

  defaultPermission(role: UserRole, permission: string): void {
    this.#mustBeLoaded("defaultPermission");
    this.onRelease(this.#context.permissions(this.host).grant(role, this.#permissionName(permission)));
  }

  defaultPermissions(role: UserRole, permissions: Iterable<string>): void {
    for (const permission of permissions) this.defaultPermission(role, permission);
  }

  may(permission: string, context: PermissionContext): boolean {
    const isAllowed = this.could(permission, context);
    if (!isAllowed) this.log("debug", "%s is not permitted to %s", jidOf(context), this.#permissionName(permission));
    return isAllowed;
  }

  could(permission: string, context: PermissionContext): boolean {
    const role = this.roleOf(bare(jidOf(context)));
    return this.#context.permissions(this.host).may(role, this.#permissionName(permission));
  }

  roleOf(jid: string): UserRole {
    return this.#context.permissions(this.host).roleOf(jid);
  }

  #permissionName(permission: string): string {
    return permission.startsWith(":") ? this.name + permission : permission;
  }

  // Release

  /** Registers something to be undone when the module goes; last in, first out. */
  onRelease(undo: () => void): void {
    this.#undo.push(undo);
  }

  /** Gives back all that was taken. Nothing that goes wrong here keeps the rest from being given back. */
  release(): void {
    this.loaded = false;
    this.#bus.removeOwner(this);
    this.#context.hosts.events.removeOwner(this);
    for (const timer of this.#timers) timer.stop();
    this.#timers.clear();
    for (const { object, event, guarded } of this.#objectHooks.splice(0)) object.removeHandler(event, guarded);
    for (const undo of this.#undo.splice(0).reverse()) {
      try {
        undo();
      } catch (error) {
        this.log("error", "giving back what the module took failed: %s", error instanceof Error ? error.stack : error);
      }
    }
    this.#published.removeSource(this.name);
  }

  get #published(): Items {
    return this.served?.published ?? this.#context.hosts.published;
  }

  #mustBeLoaded(what: string): void {
    if (!this.loaded) throw new TypeError(`${what}: mod_${this.name} is not loaded any longer`);
  }
}

/** A handler of an event of some object. */
interface ObjectHook {
  readonly object: EventSource;
  readonly event: string;
  readonly handler: (data: unknown) => unknown;
  readonly guarded: (data: unknown) => unknown;
}

function jidOf(context: PermissionContext): string {
  return typeof context === "string" ? context : String(context.stanza?.attrs["from"] ?? context.origin?.fullJid ?? "");
}

/** Key of the items that {@link ModuleObject.extendApi} adds. */
const API_EXTENSION = "module-api";

/** A method that a module adds to the `module` objects of its host. */
interface ApiExtension {
  readonly name: string;
  // The method's type is the merged one of `ModuleApi`; here it is a value to be put on an object.
  readonly create: (module: ModuleApi, onUnload: (undo: () => void) => void) => unknown;
}
