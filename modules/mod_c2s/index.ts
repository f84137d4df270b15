import type { Socket } from "node:net";
import type { SecureContext } from "node:tls";
import {
  ClockToken,
  ConfigToken,
  HostsToken,
  inject,
  injectable,
  joinJid,
  ModuleApiToken,
  RouterToken,
  type Clock,
  type Config,
  type Host,
  type Hosts,
  type ModuleApi,
  type Router,
} from "chorus-muc";
import { C2sStream } from "./c2s-stream.js";
import type { C2sContext, C2sOptions, ConflictResolve } from "./context.js";
import { acceptDirectTls, Listener } from "./listener.js";

const KIB = 1024;
/** As in Prosody. */
const SEND_TIMEOUT_SECONDS = 180;

/**
 * Listens for clients (RFC 6120): opens the ports, speaks stream headers and features, and passes stanzas to the router.
 * Loaded once; hosts that have it enabled are those that clients may log in to.
 */
@injectable()
export default class ClientListeners {
  static readonly isGlobal = true;
  readonly #hostNames = new Set<string>();
  readonly #streams = new Set<C2sStream>();
  readonly #listeners: Listener[] = [];
  #stopped: (() => void) | undefined;
  #context: C2sContext | undefined;
  #interfaces: string[] = [];
  #ports: number[] = [];
  #directTlsPorts: number[] = [];

  constructor(
    @inject(ModuleApiToken) private readonly module: ModuleApi,
    @inject(ConfigToken) private readonly config: Config,
    @inject(HostsToken) private readonly hosts: Hosts,
    @inject(RouterToken) private readonly router: Router,
    @inject(ClockToken) private readonly clock: Clock,
  ) {}

  load(): void {
    this.#context = this.#makeContext(this.#options());
    this.#ports = this.#portOption("c2s_ports", [5222]);
    this.#directTlsPorts = this.#portOption("c2s_direct_tls_ports", []);
    const everywhere = this.module.getOptionArray("interfaces", ["*", "::"]);
    this.#interfaces = this.module.getOptionArray("c2s_interfaces", everywhere).map(String);
    this.module.hookGlobal(
      "server-stopping",
      () => {
        this.#closePorts();
        return undefined;
      },
      1000,
    ); // first of all: nobody new comes in
    this.module.hookGlobal("server-stopping", ({ reason }) => this.#stop(reason), -1000); // after rooms said farewell
    this.module.hookGlobal("user-deleted", ({ username, host }) => {
      // A turn later: a user who removes the account is told of it first.
      setImmediate(() => {
        this.#closeSessionsOf(joinJid(username, host));
      });
    });
  }

  addHost(module: ModuleApi): void {
    this.#hostNames.add(module.host);
  }

  async ready(): Promise<void> {
    const context = this.#context;
    if (!context) return;
    const accept = (socket: Socket): void => {
      this.#streams.add(new C2sStream(socket, context));
    };
    await this.#listen("c2s", "c2s_ports", this.#ports, accept);
    await this.#listen("c2s_direct_tls", "c2s_direct_tls_ports", this.#directTlsPorts, (socket) => {
      acceptDirectTls(socket, (name) => this.#secureContext(name), accept);
    });
  }

  unload(): void {
    this.#closePorts();
    for (const stream of this.#streams) stream.close("reset", "The listener is reloaded");
  }

  async #listen(name: string, option: string, ports: number[], onConnection: (socket: Socket) => void): Promise<void> {
    const onError = (error: Error): void => {
      this.module.log("warn", "a connection of a client was not accepted: %s", error.message);
    };
    for (const port of ports) {
      for (const at of this.#interfaces) {
        const listener = await Listener.open({ interface: at, port }, option, { onConnection, onError });
        if (!listener) continue;
        this.#listeners.push(listener);
        this.module.addItem("listener", { name, address: listener.address });
      }
    }
  }

  #portOption(option: string, fallback: readonly number[]): number[] {
    return this.module.getOptionArray(option, fallback).flatMap((value) => {
      const port = typeof value === "number" || typeof value === "string" ? Number(value) : NaN;
      if (Number.isInteger(port) && port >= 0 && port <= 65535) return [port];
      const message = `${option}: expected port numbers from 0 to 65535, got ${JSON.stringify(value)}; it is left out`;
      this.config.report({ severity: "error", position: this.config.positionOf("*", option), message });
      return [];
    });
  }

  #options(): C2sOptions {
    const { module } = this;
    const maxStanzaBytes = module.getOptionInteger("c2s_stanza_size_limit", 256 * KIB, 10_000);
    const unauthed = module.getOptionInteger("c2s_unauthed_stanza_size_limit", 10_000, 4096); // bytes
    const shape = { maxDepth: 128, maxAttributes: 128 };
    return {
      limits: { maxStanzaBytes, ...shape },
      unauthedLimits: { maxStanzaBytes: Math.min(unauthed, maxStanzaBytes), ...shape },
      authTimeoutSeconds: module.getOptionPeriod("c2s_timeout", 300, 1),
      closeTimeoutSeconds: module.getOptionPeriod("c2s_close_timeout", 5, 1),
      stanzaTimeoutSeconds: module.getOptionPeriod("c2s_stanza_timeout", 300, 1),
      sendTimeoutSeconds: this.#sendTimeout(),
      maxPendingBytes: module.getOptionInteger("c2s_max_pending", 4096 * KIB, 64 * KIB), // bytes
      maxBacklogBytes: module.getOptionInteger("c2s_max_backlog", 1024 * KIB, 64 * KIB), // bytes
      conflictResolve: module.getOptionEnum<ConflictResolve>(
        "conflict_resolve",
        "kick_old",
        "kick_new",
        "random",
        "increment",
      ),
      maxResources: module.getOptionInteger("max_resources", 10, 1), // sessions per user
    };
  }

  /** `network_settings.send_timeout`, in seconds. */
  #sendTimeout(): number {
    const settings = this.module.getOption("network_settings");
    const seconds = (settings as { readonly send_timeout?: unknown } | null | undefined)?.send_timeout;
    if (typeof seconds === "number" && seconds > 0) return seconds;
    if (seconds !== undefined) {
      const message = `network_settings: expected a number of seconds as send_timeout, got ${JSON.stringify(seconds)}; ${SEND_TIMEOUT_SECONDS} is used`;
      const position = this.config.positionOf("*", "network_settings");
      this.config.report({ severity: "error", position, message });
    }
    return SEND_TIMEOUT_SECONDS;
  }

  #makeContext(options: C2sOptions): C2sContext {
    return {
      options,
      router: this.router,
      log: (level, format, ...args) => {
        this.module.log(level, format, ...args);
      },
      host: (name) => this.#host(name),
      addTimer: (seconds, fn) => this.module.addTimer(seconds, fn),
      now: () => this.clock.now(),
      onSocketClosed: (stream) => {
        this.#streams.delete(stream);
        if (this.#streams.size === 0) this.#stopped?.();
      },
    };
  }

  #host(name: string): Host | undefined {
    return this.#hostNames.has(name) ? this.hosts.get(name) : undefined;
  }

  #secureContext(name: string): SecureContext | undefined {
    return this.#host(name)?.items("tls-context")[0] as SecureContext | undefined;
  }

  #closeSessionsOf(user: string): void {
    for (const stream of this.#streams) {
      if (stream.belongsTo(user)) stream.close("not-authorized", "Account deleted");
    }
  }

  #closePorts(): void {
    for (const listener of this.#listeners.splice(0)) listener.close();
  }

  async #stop(reason: string): Promise<undefined> {
    if (this.#streams.size === 0) return;
    await new Promise<void>((resolve) => {
      this.#stopped = resolve;
      for (const stream of this.#streams) stream.close("system-shutdown", reason);
      // Streams whose client does not close its side are ended by their own timers, or with the process.
      this.module.addTimer(2, () => {
        resolve();
        return undefined;
      });
    });
  }
}
