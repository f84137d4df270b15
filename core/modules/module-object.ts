import type { EventBus, EventDeclaration, EventKind, HandlerOwner } from "../events/bus.js";
import type {
  GlobalEventName,
  GlobalEvents,
  Handler,
  HookOptions,
  HostEvents,
  PayloadOf,
  ResultOf,
} from "../events/events.js";
import { GLOBAL } from "../config/config.js";
import { Options } from "../config/options.js";
import type { Host } from "../hosts/host.js";
import type { Items } from "../hosts/items.js";
import type { LogLevel, Logger } from "../log/logger.js";
import type { DeliveryTarget } from "../router/delivery.js";
import type { Origin } from "../router/stanza-event.js";
import type { Json, StoreType, StoreTypes } from "../storage/store.js";
import type { Timer } from "../timers/clock.js";
import type { Token } from "../tokens.js";
import { cloneElement, isElement, type Element } from "../xmpp/element.js";
import { bare } from "../xmpp/jid.js";
import { StanzaTemplate } from "../xmpp/template.js";
import type { ExportsOf, ModuleApi, UserRole } from "./api.js";
import type { ModuleContext } from "./context.js";

/** Handlers that failed so often are told of once more, as the operator has something to do. */
const MANY_FAILURES = 100;

/** The `module` object. Keeps account of what its module took, and gives all of it back in {@link release}. */
export class ModuleObject extends Options implements HandlerOwner {
  readonly host: string;
  loaded = true;
  reloading = false;
  /** How often a handler of this module threw. */
  failures = 0;
  readonly #context: ModuleContext;
  readonly #bus: EventBus<HostEvents>;
  readonly #undo: (() => void)[] = [];
  readonly #timers = new Set<Timer>();
  readonly #logger: Logger;

  constructor(
    readonly name: string,
    private readonly served: Host | undefined,
    readonly path: string,
    readonly loadOrder: number,
    context: ModuleContext,
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

  // HandlerOwner

  onHandlerError(error: unknown, event: string, about: string): void {
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

  handleItems<T = unknown>(key: string, added: (item: T) => void, removed: (item: T) => void): void {
    this.hook(`item-added/${key}`, ({ item }) => {
      added(item as T);
    });
    this.hook(`item-removed/${key}`, ({ item }) => {
      removed(item as T);
    });
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

  deliver(template: StanzaTemplate, recipients: readonly DeliveryTarget[]): void {
    this.#context.router.deliver(template, recipients);
  }

  addTimer(seconds: number, fn: (nowSeconds: number) => number | undefined): Timer {
    this.#mustBeLoaded("addTimer");
    const timer = this.#context.timers.add(seconds, (now) => {
      let again: number | undefined;
      try {
        again = fn(now);
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

  openStore<T = Json, K extends StoreType = "keyval">(name: string = this.name, type?: K): StoreTypes<T>[K] {
    if (this.isGlobal) throw new TypeError("openStore: global modules have no storage");
    return this.#context.openStore<T, K>(this.host, name, type ?? ("keyval" as K));
  }

  // Permissions

  defaultPermission(role: UserRole, permission: string): void {
    this.#mustBeLoaded("defaultPermission");
    this.onRelease(this.#context.permissions(this.host).grant(role, this.#permissionName(permission)));
  }

  may(permission: string, context: string | { readonly origin?: Origin; readonly stanza?: Element }): boolean {
    const jid =
      typeof context === "string" ? context : String(context.stanza?.attrs["from"] ?? context.origin?.fullJid ?? "");
    return this.#context.permissions(this.host).may(this.roleOf(bare(jid)), this.#permissionName(permission));
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

/** Key of the items that {@link ModuleObject.extendApi} adds. */
const API_EXTENSION = "module-api";

/** A method that a module adds to the `module` objects of its host. */
interface ApiExtension {
  readonly name: string;
  // The method's type is the merged one of `ModuleApi`; here it is a value to be put on an object.
  readonly create: (module: ModuleApi, onUnload: (undo: () => void) => void) => unknown;
}
