import { dirname } from "node:path";
import { container as tsyringeRoot, type DependencyContainer, type InjectionToken } from "tsyringe";
import { GLOBAL } from "../config/config.js";
import type { HandlerCost } from "../events/bus.js";
import type { Host } from "../hosts/host.js";
import { LoggerToken, ModuleApiToken, providerOf, storeOf, type Token } from "../tokens.js";
import { API_VERSION } from "../package.js";
import type { ModuleClass, ModuleInstance } from "./api.js";
import type { ModuleContext } from "./context.js";
import type { ModuleFinder, ModuleFile } from "./finder.js";
import { describeParameter, parameterTokens } from "./injection.js";
import { ModuleError, NeedsModule, explain, placeOf } from "./module-error.js";
import { ModuleObject } from "./module-object.js";

/** Times that `load()` may be begun again because it asked for one more module. */
const MAX_ATTEMPTS = 64;

/** Milliseconds that a module has to unload. */
const UNLOAD_MS = 1500;

interface LoadedModule {
  readonly name: string;
  readonly host: Host | undefined;
  readonly moduleClass: ModuleClass;
  readonly instance: ModuleInstance;
  readonly object: ModuleObject;
  readonly container: DependencyContainer;
  /** Modules that stand on this one, as {@link keyOf} names them: of the same host, on a global module of any. */
  readonly dependents: Set<string>;
  /** Global modules: the objects given to `addHost`, by host. */
  readonly hostObjects: Map<string, ModuleObject>;
}

/** What a module that is loaded again takes over from before. */
interface LoadAgain {
  /** What `save()` returned. */
  readonly state: unknown;
  /** Place in the order of handlers. */
  readonly loadOrder: number;
  /** Default: that of its present file. */
  readonly moduleClass?: ModuleClass;
}

/** How a module is doing on one host. */
export interface ModuleHealth {
  /** Type, message, unix seconds. */
  readonly status: ReturnType<ModuleObject["getStatus"]>;
  /** How often a handler of it threw. */
  readonly failures: number;
  /** Rooms whose events it is not told of any longer, as it failed there too often. */
  readonly disabledIn: readonly string[];
  /** What its handlers have cost. */
  readonly costs: readonly HandlerCost[];
}

/** What a {@link ModuleManager} works with. */
export interface ModuleManagerOptions {
  readonly context: Omit<ModuleContext, "depends" | "provide" | "objectsOf" | "started" | "loadHelper">;
  readonly finder: ModuleFinder;
  /** `modules_disabled` of a host, the global set included. */
  readonly isDisabled: (host: string, name: string) => boolean;
  /** Root of the containers: clock, config, hosts, router. */
  readonly container?: DependencyContainer;
}

/** Loads, unloads and reloads modules, each in a child of its host's container. */
export class ModuleManager {
  readonly #options: ModuleManagerOptions;
  readonly #context: ModuleContext;
  readonly #root: DependencyContainer;
  readonly #hostContainers = new Map<string, DependencyContainer>();
  readonly #modules = new Map<string, Map<string, LoadedModule>>();
  readonly #services = new Map<string, Map<symbol, { readonly value: unknown; readonly module: string }>>();
  /** The modules that are being loaded, each with the optional dependencies that turned out not to be had. */
  readonly #attempts = new Map<ModuleObject, ReadonlySet<string>>();
  #loadOrder = 0;
  #started = false;
  #tellStarted: () => void = () => undefined;

  constructor(options: ModuleManagerOptions) {
    this.#options = options;
    this.#root = options.container ?? tsyringeRoot.createChildContainer();
    this.#context = {
      ...options.context,
      depends: (module, name, soft) => this.#depends(module, name, soft),
      provide: (module, token, value) => this.#provide(module, token, value),
      objectsOf: (host) => this.#objectsOf(host),
      started: new Promise((resolve) => {
        this.#tellStarted = resolve;
      }),
      loadHelper: (path, lib) => options.finder.loadHelper(path, lib),
    };
  }

  /** Names of the modules of a host, in order of loading. */
  loadedOn(host: string): string[] {
    return [...(this.#modules.get(host)?.keys() ?? [])];
  }

  /** How a loaded module is doing; `undefined` when it is not loaded there. */
  healthOf(host: string, name: string): ModuleHealth | undefined {
    const object = this.#get(host, name)?.object ?? this.#get(GLOBAL, name)?.hostObjects.get(host);
    if (!object) return undefined;
    const { failures, disabledIn, costs } = object;
    return { status: object.getStatus(), failures, disabledIn: [...disabledIn].sort(), costs };
  }

  /** What `depends` would return, for the core's own use and for tests. */
  exportsOf(host: string, name: string): unknown {
    const module = this.#get(host, name);
    return module && (module.instance.exports ?? module.instance);
  }

  /** The set that comes with a component's own module, which is loaded. */
  standardModulesOf(host: string, name: string): readonly string[] {
    return this.#get(host, name)?.moduleClass.standardModules ?? [];
  }

  /**
   * Loads a module on a host, and what it depends on before it. Nothing happens when it is loaded already.
   * @throws ModuleError
   */
  async load(host: Host | undefined, name: string): Promise<void> {
    await this.#load(host, name, []);
  }

  /** Tells all modules that the server has started; those loaded later are told at once. */
  async ready(): Promise<void> {
    this.#started = true;
    this.#tellStarted();
    for (const modules of this.#modules.values()) {
      for (const module of [...modules.values()]) await this.#tellReady(module);
    }
  }

  /** Unloads a module, those that stand on it first. @throws ModuleError `MODULE_NOT_LOADED` */
  async unload(host: string, name: string): Promise<void> {
    const module = this.#get(host, name);
    if (!module) throw new ModuleError("MODULE_NOT_LOADED", name, `is not loaded on ${host}`);
    for (const dependent of [...module.dependents].reverse()) {
      const standing = this.#byKey(dependent);
      if (standing) await this.unload(standing.host?.name ?? GLOBAL, standing.name);
    }
    await this.#takeDown(module);
  }

  /**
   * Puts the present file of a module in place of the loaded one: state goes over by `save` and `restore`, its place
   * in the order of handlers stays, and the modules that stand on it are loaded again after it. Nobody's stanza is
   * handled in between, so that nothing is let pass that the module guards. When the new file does not load, the old
   * module stays, or comes back.
   * @throws ModuleError
   */
  async reload(host: string, name: string): Promise<void> {
    const old = this.#get(host, name);
    if (!old) throw new ModuleError("MODULE_NOT_LOADED", name, `is not loaded on ${host}`);
    if (old.moduleClass.noReload !== undefined)
      throw new ModuleError("MODULE_NO_RELOAD", name, old.moduleClass.noReload);
    const moduleClass = await this.#classOf(this.#find(name));
    await this.#context.router.pauseWhile(() => this.#replace(old, moduleClass));
    const event = { module: name, host };
    if (old.host) old.host.events.fire("module-reloaded", event);
  }

  async #replace(old: LoadedModule, moduleClass: ModuleClass): Promise<void> {
    const { name, host } = old;
    const hosts = [...old.hostObjects.keys()];
    const state = old.instance.save?.();
    const dependents = this.#standingOn(old);
    await this.unload(host?.name ?? GLOBAL, name);
    const { loadOrder } = old.object;
    const failures: unknown[] = [];
    try {
      await this.#load(host, name, [], { state, loadOrder, moduleClass });
    } catch (error) {
      failures.push(error);
      await this.#load(host, name, [], { state, loadOrder, moduleClass: old.moduleClass });
    }
    for (const served of hosts) await this.#addHost(name, this.#context.hosts.get(served) as Host);
    for (const dependent of dependents) {
      // One that does not come back is no reason for the others not to.
      await this.#load(dependent.host, dependent.name, [], dependent).catch((error: unknown) => failures.push(error));
    }
    const [failure] = failures;
    if (failure !== undefined) throw failure;
  }

  /** Unloads everything, last loaded first. */
  async unloadAll(): Promise<void> {
    const all = [...this.#modules.values()].flatMap((modules) => [...modules.values()]);
    for (const module of all.sort((a, b) => b.object.loadOrder - a.object.loadOrder)) {
      if (this.#get(module.host?.name ?? GLOBAL, module.name) === module) await this.#takeDown(module);
    }
  }

  #standingOn(module: LoadedModule): (LoadAgain & Pick<LoadedModule, "name" | "host">)[] {
    const found = new Map<string, LoadAgain & Pick<LoadedModule, "name" | "host">>();
    const visit = (at: LoadedModule): void => {
      for (const key of at.dependents) {
        const dependent = this.#byKey(key);
        if (!dependent || found.has(key)) continue;
        const { name, host, object } = dependent;
        found.set(key, { name, host, state: dependent.instance.save?.(), loadOrder: object.loadOrder });
        visit(dependent);
      }
    };
    visit(module);
    return [...found.values()].sort((a, b) => a.loadOrder - b.loadOrder);
  }

  async #load(host: Host | undefined, name: string, path: readonly string[], again?: LoadAgain): Promise<void> {
    const hostName = host?.name ?? GLOBAL;
    if (this.#get(hostName, name)) return;
    if (path.includes(name)) {
      throw new ModuleError("MODULE_DEPENDENCY_CYCLE", name, `depends on itself: ${[...path, name].join(" -> ")}`);
    }
    if (this.#options.isDisabled(hostName, name)) {
      throw new ModuleError("MODULE_DISABLED", name, `is in modules_disabled of ${hostName}`);
    }
    const file = this.#find(name);
    const moduleClass = again?.moduleClass ?? (await this.#classOf(file));
    if (moduleClass.isGlobal === true && host) {
      await this.#load(undefined, name, path);
      await this.#addHost(name, host);
      return;
    }
    const loadOrder = again?.loadOrder ?? this.#loadOrder++;
    const unavailable = new Set<string>();
    const here = [...path, name];
    await this.#loadRequired(host, name, moduleClass, here);
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      try {
        await this.#instantiate({ host, file, moduleClass, loadOrder, unavailable, ...(again && { again }) });
        return;
      } catch (error) {
        if (!(error instanceof NeedsModule)) throw error;
        await this.#loadDependency(host, name, error.wanted, error.soft ? unavailable : undefined, here);
      }
    }
    throw new ModuleError("MODULE_FAILED", name, `asked for more than ${MAX_ATTEMPTS} modules while loading`);
  }

  async #classOf(file: ModuleFile): Promise<ModuleClass> {
    const moduleClass = await this.#options.finder.load(file);
    const { apiVersion = API_VERSION } = moduleClass;
    if (apiVersion === API_VERSION) return moduleClass;
    const versions = `was written for version ${apiVersion} of the module API, this is version ${API_VERSION}`;
    throw new ModuleError("MODULE_API_VERSION", file.name, versions);
  }

  #find(name: string): ModuleFile {
    const file = this.#options.finder.find(name);
    if (!file) throw new ModuleError("MODULE_NOT_FOUND", name, "does not exist here");
    return file;
  }

  /** Loads what the class says it needs: by name, and by the tokens of its constructor. */
  async #loadRequired(
    host: Host | undefined,
    name: string,
    moduleClass: ModuleClass,
    path: readonly string[],
  ): Promise<void> {
    const providers = parameterTokens(name, moduleClass).map((token) =>
      typeof token === "symbol" && !this.#services.get(host?.name ?? GLOBAL)?.has(token)
        ? providerOf(token)
        : undefined,
    );
    for (const wanted of [...(moduleClass.requires ?? []), ...providers]) {
      if (wanted !== undefined) await this.#loadDependency(host, name, wanted, undefined, path);
    }
  }

  async #loadDependency(
    host: Host | undefined,
    name: string,
    wanted: string,
    unavailable: Set<string> | undefined,
    path: readonly string[],
  ): Promise<void> {
    try {
      await this.#load(host, wanted, path);
    } catch (error) {
      if (unavailable) unavailable.add(wanted);
      else throw new ModuleError("MODULE_DEPENDENCY_MISSING", name, `needs mod_${wanted}`, { cause: error });
    }
  }

  async #instantiate(options: {
    host: Host | undefined;
    file: ModuleFile;
    moduleClass: ModuleClass;
    loadOrder: number;
    unavailable: ReadonlySet<string>;
    again?: { state: unknown };
  }): Promise<void> {
    const { host, file, moduleClass, loadOrder, unavailable, again } = options;
    const { name } = file;
    const hostName = host?.name ?? GLOBAL;
    const mayBeDisabled = !file.builtIn && moduleClass.failsClosed !== true;
    const object = new ModuleObject(name, host, file.path, loadOrder, this.#context, mayBeDisabled);
    object.reloading = again !== undefined;
    object.savedState = again?.state;
    const container = this.#hostContainer(hostName).createChildContainer();
    container.register(ModuleApiToken as InjectionToken, { useValue: object.asApi() });
    container.register(LoggerToken as InjectionToken, { useValue: object.logger });
    for (const token of parameterTokens(name, moduleClass)) {
      const store = typeof token === "symbol" ? storeOf(token) : undefined;
      if (store) container.register(token, { useFactory: () => object.openStore(store.name, store.type) });
    }
    this.#attempts.set(object, unavailable);
    let module: LoadedModule;
    try {
      const instance = this.#construct(name, moduleClass, container, hostName);
      module = { name, host, moduleClass, instance, object, container, dependents: new Set(), hostObjects: new Map() };
      if (again) instance.restore?.(again.state);
      await instance.load?.();
    } catch (error) {
      object.release();
      await container.dispose();
      if (error instanceof NeedsModule || error instanceof ModuleError) throw error;
      const place = placeOf(error, dirname(file.path)) ?? file.path;
      throw new ModuleError("MODULE_FAILED", name, `failed to load (${place})`, { cause: error });
    } finally {
      this.#attempts.delete(object);
    }
    object.reloading = false;
    object.savedState = undefined;
    this.#modulesOf(hostName).set(name, module);
    host?.setModule(name, true);
    this.#noteConsumers(hostName, name, moduleClass);
    if (host) host.events.fire("module-loaded", { module: name, host: hostName });
    if (this.#started) await this.#tellReady(module);
  }

  /** Whoever was given a service by injection stands on the module that provides it. */
  #noteConsumers(host: string, name: string, moduleClass: ModuleClass): void {
    const key = keyOf(host, name);
    for (const wanted of moduleClass.requires ?? []) this.#getFor(host, wanted)?.dependents.add(key);
    for (const token of parameterTokens(name, moduleClass)) {
      const provider = typeof token === "symbol" ? this.#services.get(host)?.get(token)?.module : undefined;
      if (provider !== undefined) this.#getFor(host, provider)?.dependents.add(key);
    }
  }

  #construct(name: string, moduleClass: ModuleClass, container: DependencyContainer, host: string): ModuleInstance {
    const tokens = parameterTokens(name, moduleClass);
    const values = tokens.map((token, index) => {
      if (!container.isRegistered(token, true)) {
        throw new ModuleError(
          "MODULE_TOKEN_MISSING",
          name,
          `asks in ${describeParameter(moduleClass, index)} for ${describeToken(token)}, ${this.#whyMissing(token, host)}`,
        );
      }
      return container.resolve<unknown>(token);
    });
    return new moduleClass(...values);
  }

  /** Why a token cannot be had, and what to do. */
  #whyMissing(token: InjectionToken, host: string): string {
    const provider = typeof token === "symbol" ? providerOf(token) : undefined;
    if (provider !== undefined) return `which mod_${provider} is to provide, and did not when it was loaded on ${host}`;
    const remedy = `enable the module that provides it before this one, or name that module where the token is made`;
    return `which nothing on ${host} provides: ${remedy}, createToken(DESCRIPTION, MODULE)`;
  }

  #hostContainer(host: string): DependencyContainer {
    let container = this.#hostContainers.get(host);
    if (!container) {
      container = this.#root.createChildContainer();
      this.#hostContainers.set(host, container);
    }
    return container;
  }

  #depends(module: ModuleObject, name: string, soft: boolean): unknown {
    const found = this.#getFor(module.host, name);
    if (found) {
      found.dependents.add(keyOf(module.host, module.name));
      return found.instance.exports ?? found.instance;
    }
    const unavailable = this.#attempts.get(module);
    if (!unavailable) {
      if (soft) return undefined;
      throw new ModuleError("MODULE_NOT_LOADED", name, `is not loaded on ${module.host}; ask for it in load()`);
    }
    if (soft && unavailable.has(name)) return undefined;
    throw new NeedsModule(name, soft);
  }

  #provide<T>(module: ModuleObject, token: Token<T>, value: T): () => void {
    let services = this.#services.get(module.host);
    if (!services) this.#services.set(module.host, (services = new Map()));
    const other = services.get(token);
    if (other) throw new TypeError(`provide: ${describeToken(token)} is provided by mod_${other.module} already`);
    services.set(token, { value, module: module.name });
    const container = this.#hostContainer(module.host);
    if (!container.isRegistered(token as InjectionToken)) {
      // One factory per token for good; whoever provides it now is looked up when it is asked for.
      container.register(token as InjectionToken, {
        useFactory: () => {
          const service = this.#services.get(module.host)?.get(token);
          if (!service) throw new TypeError(`nothing provides ${describeToken(token)} at present`);
          return service.value;
        },
      });
    }
    return () => services.delete(token);
  }

  async #addHost(name: string, host: Host): Promise<void> {
    const module = this.#get(GLOBAL, name);
    if (!module || module.hostObjects.has(host.name)) return;
    const object = new ModuleObject(name, host, module.object.path, module.object.loadOrder, this.#context);
    try {
      await module.instance.addHost?.(object.asApi());
    } catch (error) {
      object.release();
      throw new ModuleError("MODULE_FAILED", name, `does not work on ${host.name}`, { cause: error });
    }
    module.hostObjects.set(host.name, object);
    host.setModule(name, true);
  }

  async #tellReady(module: LoadedModule): Promise<void> {
    try {
      await module.instance.ready?.();
    } catch (error) {
      throw new ModuleError("MODULE_FAILED", module.name, "could not start", { cause: error });
    }
  }

  async #takeDown(module: LoadedModule): Promise<void> {
    const hostName = module.host?.name ?? GLOBAL;
    try {
      await withinTime(module.instance.unload?.());
    } catch (error) {
      module.object.log("error", "unload failed: %s", explain(error));
    }
    for (const [host, object] of module.hostObjects) {
      object.release();
      this.#context.hosts.get(host)?.setModule(module.name, false);
    }
    module.object.release();
    await module.container.dispose();
    this.#modulesOf(hostName).delete(module.name);
    const key = keyOf(hostName, module.name);
    for (const modules of this.#modules.values()) {
      for (const other of modules.values()) other.dependents.delete(key);
    }
    module.host?.setModule(module.name, false);
    if (module.host) module.host.events.fire("module-unloaded", { module: module.name, host: hostName });
  }

  #modulesOf(host: string): Map<string, LoadedModule> {
    let modules = this.#modules.get(host);
    if (!modules) this.#modules.set(host, (modules = new Map()));
    return modules;
  }

  #get(host: string, name: string): LoadedModule | undefined {
    return this.#modules.get(host)?.get(name);
  }

  /** The module that a host sees under a name: its own, or a global one. */
  #getFor(host: string, name: string): LoadedModule | undefined {
    return this.#get(host, name) ?? this.#get(GLOBAL, name);
  }

  #byKey(key: string): LoadedModule | undefined {
    const [host = "", name = ""] = key.split(" ");
    return this.#get(host, name);
  }

  *#objectsOf(host: string): Iterable<ModuleObject> {
    for (const module of this.#modules.get(host)?.values() ?? []) yield module.object;
    for (const module of this.#modules.get(GLOBAL)?.values() ?? []) {
      const object = module.hostObjects.get(host);
      if (object) yield object;
    }
    for (const object of this.#attempts.keys()) if (object.host === host) yield object;
  }
}

/** Names a module among those of all hosts; neither part has a space. */
function keyOf(host: string, name: string): string {
  return `${host} ${name}`;
}

/** A module that does not end must not keep the server from ending. */
async function withinTime(unloading: void | Promise<void>): Promise<void> {
  if (!(unloading instanceof Promise)) return;
  let timeout: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timeout = setTimeout(reject, UNLOAD_MS, new Error(`not done within ${UNLOAD_MS} ms; what it took is given back`));
  });
  await Promise.race([unloading, late]).finally(() => {
    clearTimeout(timeout);
  });
}

function describeToken(token: unknown): string {
  if (typeof token === "symbol") return token.description ?? "a nameless token";
  return typeof token === "function" ? token.name : String(token);
}
