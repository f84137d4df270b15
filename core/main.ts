/** The whole service: configuration, then hosts, modules, links, ready. */
import "reflect-metadata";
import { dirname, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { container as tsyringeRoot, type InjectionToken } from "tsyringe";
import { backupCommand } from "./cli/backup-command.js";
import { prosodyFilesOf } from "./cli/offline-data.js";
import { metricsCommand } from "./cli/metrics-command.js";
import { moduleCommands } from "./cli/module-commands.js";
import { GLOBAL, type Config, type HostSection } from "./config/config.js";
import { Options } from "./config/options.js";
import { EventBus, type EventKind } from "./events/bus.js";
import type { GlobalEventName, GlobalEvents, HostEvents } from "./events/events.js";
import { Host } from "./hosts/host.js";
import { Hosts } from "./hosts/hosts.js";
import { readPermissionSettings } from "./hosts/permission-options.js";
import { Permissions } from "./hosts/permissions.js";
import type { Logger } from "./log/logger.js";
import { Metrics } from "./metrics/metrics.js";
import { ModuleFinder, type ModuleFile } from "./modules/finder.js";
import { ModuleManager } from "./modules/manager.js";
import { explain } from "./modules/module-error.js";
import { ModulePlan, type Autoload } from "./modules/plan.js";
import { SharedTables } from "./modules/shared-tables.js";
import { StanzaRouter } from "./router/stanza-router.js";
import type { Router } from "./router/router.js";
import { Storages } from "./storage/storages.js";
import type { Storage } from "./storage/store.js";
import type { Clock } from "./timers/clock.js";
import { systemClock } from "./timers/system-clock.js";
import { Timers } from "./timers/timers.js";
import { ClockToken, ConfigToken, HostsToken, RouterToken } from "./tokens.js";
import { createLink } from "./links/create-link.js";

/** What the results of the core's own events mean. */
const HOST_EVENTS: Readonly<Record<string, EventKind>> = {
  "iq/*": "suspendable",
  "iq-get/*": "suspendable",
  "iq-set/*": "suspendable",
  "iq-result/*": "stoppable",
  "iq-error/*": "stoppable",
  "message/*": "stoppable",
  "presence/*": "stoppable",
  "pre-*": "stoppable",
  "pre-resource-bind": "suspendable",
  "stanza/*": "stoppable",
  "host-disco-info-node": "stoppable",
  "host-disco-items": "suspendable",
  "host-disco-items-node": "stoppable",
  "stream-features": "notify",
  "resource-bind": "notify",
  "resource-unbind": "notify",
  "account-disco-info": "notify",
  "account-disco-items": "notify",
  "link-up": "notify",
  "link-down": "notify",
  "module-loaded": "notify",
  "module-unloaded": "notify",
  "module-reloaded": "notify",
  "module-status/updated": "notify",
  "item-added/*": "notify",
  "item-removed/*": "notify",
};

/** The same for those of the whole server. */
const GLOBAL_EVENTS: Readonly<Record<GlobalEventName, EventKind>> = {
  "server-started": "notify",
  "server-stopping": "suspendable",
  "server-stopped": "notify",
  "config-reloaded": "notify",
  "host-activated": "notify",
  "user-created": "notify",
  "user-deleted": "notify",
  "user-password-changed": "notify",
};

/** Where the modules that come with Chorus are. */
const BUILT_IN_MODULES = resolve(import.meta.dirname, "../modules");

/** What a {@link Service} is made of. */
export interface ServiceOptions {
  readonly config: Config;
  readonly logger: Logger;
  /** One database instead of those that the configuration names. */
  readonly storage?: Storage;
  readonly clock?: Clock;
}

/** A Chorus: made by {@link Service.create}, with all modules loaded; open to the world from {@link start} on. */
export class Service {
  readonly config: Config;
  readonly hosts: Hosts;
  readonly router: Router;
  readonly timers: Timers;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly modules: ModuleManager;
  readonly metrics = new Metrics();
  readonly #storages: Storages;
  readonly #plan: ModulePlan;
  readonly #finder: ModuleFinder;
  readonly #permissions = new Map<string, Permissions>();
  #stopping: Promise<void> | undefined;
  /** Timers do not keep the process alive, and a link that waits to be retried has no socket. */
  #keepAlive: NodeJS.Timeout | undefined;

  private constructor(options: ServiceOptions, storages: Storages, plan: ModulePlan, finder: ModuleFinder) {
    const { config, logger } = options;
    this.config = config;
    this.logger = logger;
    this.clock = options.clock ?? systemClock;
    this.#storages = storages;
    this.#plan = plan;
    this.#finder = finder;
    this.timers = new Timers(this.clock, (error) => {
      logger.log("error", "a timer failed: %s", error instanceof Error ? error.stack : error);
    });
    const globalEvents = new EventBus<GlobalEvents>({
      timers: this.timers,
      defaultDeadlineMs: () => 5000, // half of what a stop may take
    });
    for (const [event, kind] of Object.entries(GLOBAL_EVENTS)) globalEvents.declare(event, kind);
    this.hosts = new Hosts(globalEvents);
    this.router = new StanzaRouter({ hosts: this.hosts, logger, timers: this.timers });
    const container = tsyringeRoot.createChildContainer();
    container.register(ClockToken as InjectionToken, { useValue: this.clock });
    container.register(ConfigToken as InjectionToken, { useValue: config });
    container.register(HostsToken as InjectionToken, { useValue: this.hosts });
    container.register(RouterToken as InjectionToken, { useValue: this.router });
    this.modules = new ModuleManager({
      container,
      finder,
      isDisabled: (host, name) => plan.isDisabled(host, name),
      context: {
        config,
        hosts: this.hosts,
        logger,
        router: this.router,
        timers: this.timers,
        shared: new SharedTables(),
        metrics: this.metrics,
        now: () => this.clock.now(),
        openStore: (host, name, type) => storages.openStore(host, name, type),
        permissions: (host) => this.#permissionsOf(host),
      },
    });
  }

  /**
   * Opens the database and loads all modules. What is wrong with the configuration is told to `config`, not thrown.
   * @throws StorageError when the database cannot be opened
   */
  static async create(options: ServiceOptions): Promise<Service> {
    const { config, clock = systemClock } = options;
    const paths = new Options(config, GLOBAL).getOptionArray("plugin_paths").filter((path) => typeof path === "string");
    const finder = new ModuleFinder(
      paths.map((path) => resolve(config.file, "..", path)),
      BUILT_IN_MODULES,
      dirname(config.file),
    );
    const autoload = (await import(pathToFileURL(resolve(BUILT_IN_MODULES, "autoload.js")).href)) as Autoload;
    const plan = new ModulePlan(config, autoload, finder);
    const service = new Service(options, await Storages.open(config, () => clock.now(), options.storage), plan, finder);
    const { hosts, modules, metrics } = service;
    const backup = backupCommand({
      snapshot: () => service.#storages.snapshot(),
      now: () => clock.now(),
      prosodyFiles: prosodyFilesOf(config),
    });
    const measured = metricsCommand(metrics, () => service.#storages.counters);
    for (const command of [...moduleCommands({ hosts, modules, finder }), measured, backup]) {
      service.hosts.published.add("command-provider", command, "");
    }
    await service.#loadModules();
    return service;
  }

  /**
   * Opens listeners and links, and resolves when every one is up.
   * @returns what to tell the operator: where it listens, what it is attached to
   * @throws Error when one cannot be opened; the service is stopped then
   */
  async start(): Promise<string[]> {
    this.#keepAlive = setInterval(() => undefined, 2 ** 30);
    try {
      await this.modules.ready();
      await Promise.all([...this.hosts].map((host) => host.link?.start()));
    } catch (error) {
      await this.stop();
      throw error;
    }
    this.hosts.events.fire("server-started", {});
    const listeners = [...this.hosts.published.get<Listener>("listener"), ...this.#hostListeners()];
    const links = [...this.hosts].flatMap((host) => (host.link ? [`${host.name} attached to ${host.link.peer}`] : []));
    return [...listeners.map(({ name, address }) => `${name} on ${address}`), ...links];
  }

  /** The file of a module, loaded or not; `undefined` when there is none of that name. */
  findModule(name: string): ModuleFile | undefined {
    return this.#finder.find(name);
  }

  /** Tells everybody that the values of the configuration have changed; what reads its options once keeps them. */
  configReloaded(): void {
    for (const [host, permissions] of this.#permissions) {
      permissions.configure(readPermissionSettings(this.config, this.hosts, host));
    }
    this.hosts.events.fire("config-reloaded", {});
  }

  /** Saves, says goodbye and closes everything. Harmless when called again. */
  stop(reason = "The service is shutting down"): Promise<void> {
    this.#stopping ??= this.#stop(reason);
    return this.#stopping;
  }

  async #stop(reason: string): Promise<void> {
    await this.hosts.events.fireAsync("server-stopping", { reason });
    await this.#storages.idle();
    for (const host of this.hosts) await host.link?.stop();
    await this.modules.unloadAll();
    this.hosts.events.fire("server-stopped", {});
    this.timers.stop();
    clearInterval(this.#keepAlive);
    await this.#storages.close();
  }

  #hostListeners(): Listener[] {
    return [...this.hosts].flatMap((host) => host.items<Listener>("listener"));
  }

  async #loadModules(): Promise<void> {
    const sections = this.config.hosts.filter(({ name }) => this.config.getOwn(name, "enabled") !== false);
    for (const section of sections) this.#addHost(section);
    for (const name of this.#plan.forServer()) await this.#loadReported(undefined, name);
    for (const section of sections) await this.#loadHost(section);
  }

  #addHost(section: HostSection): void {
    const deadlineMs = new Options(this.config, section.name).getOptionPeriod("muc_hook_timeout", 5, 0) * 1000;
    const events = new EventBus<HostEvents>({ timers: this.timers, defaultDeadlineMs: () => deadlineMs });
    for (const [event, kind] of Object.entries(HOST_EVENTS)) events.declare(event, kind);
    const host = new Host(section.name, section.type === "VirtualHost" ? "local" : "component", events);
    this.hosts.add(host);
    if (host.type === "component") {
      host.link = createLink({
        host,
        config: this.config,
        router: this.router,
        logger: this.logger,
        clock: this.clock,
      });
    }
  }

  async #loadHost(section: HostSection): Promise<void> {
    const host = this.hosts.get(section.name) as Host;
    let standard: readonly string[] = [];
    if (section.componentModule !== undefined) {
      if (!this.#isKnown(section) || !(await this.#loadReported(host, section.componentModule, section))) {
        this.hosts.remove(host.name);
        return;
      }
      standard = this.modules.standardModulesOf(host.name, section.componentModule);
    }
    for (const name of this.#plan.forHost(section, standard)) await this.#loadReported(host, name);
    this.hosts.events.fire("host-activated", { host });
  }

  /** Whether the module of a component exists here; the operator is told if not, and the component is left out. */
  #isKnown({ name, componentModule = "", position }: HostSection): boolean {
    if (this.#finder.find(componentModule)) return true;
    const message = `Component "${name}": expected the name of a module that exists here, got "${componentModule}"; it is left out`;
    this.config.report({ severity: "error", position, message });
    return false;
  }

  /** Loads a module; when that fails the operator is told, and the rest goes on. */
  async #loadReported(host: Host | undefined, name: string, component?: HostSection): Promise<boolean> {
    try {
      await this.modules.load(host, name);
      return true;
    } catch (error) {
      const position = component?.position ?? this.config.positionOf(host?.name ?? GLOBAL, "modules_enabled", name);
      this.config.report({ severity: "error", position, message: explain(error) });
      return false;
    }
  }

  #permissionsOf(host: string): Permissions {
    let permissions = this.#permissions.get(host);
    if (!permissions) {
      permissions = new Permissions(readPermissionSettings(this.config, this.hosts, host));
      this.#permissions.set(host, permissions);
    }
    return permissions;
  }
}

/** Item of a module that listens. */
interface Listener {
  readonly name: string;
  readonly address: string;
}
