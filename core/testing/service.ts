/** A whole Chorus inside the test process. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { GLOBAL, type Config } from "../config/config.js";
import { loadConfigText } from "../config/load.js";
import { formatProblem } from "../config/problem.js";
import type { Host } from "../hosts/host.js";
import { formatMessage } from "../log/format.js";
import type { Logger, LogLevel } from "../log/logger.js";
import { Service } from "../main.js";
import { ModuleError } from "../modules/module-error.js";
import { openStorage } from "../storage/open.js";
import type { Storage } from "../storage/store.js";
import type { Clock } from "../timers/clock.js";
import { domainOf, parseJid, resourceOf, type FullJid } from "../xmpp/jid.js";
import { FakeClient } from "./fake-client.js";

/** The service that scenario scripts expect, when they do not run against another one. */
export const SCENARIO_CONFIG = `
modules_enabled = { "roster", "saslauth", "tls", "disco", "ping", "version", "time", "uptime", "vcard", "vcard_legacy", "private" }
admins = { "admin@localhost" }
VirtualHost "localhost"
Component "conference.localhost" "muc"
`;

/** How a service is started for a test. */
export interface TestServiceOptions {
  /**
   * Text of a `prosody.cfg.lua` (default: {@link SCENARIO_CONFIG}), or a configuration that is loaded already.
   * Unless the text says otherwise, data is in memory, anybody may log in without TLS, and listeners are on loopback
   * with ports that the operating system picks.
   */
  readonly config?: string | Config;
  /** One database for everything; it outlives the service then, and so can be given to the next one. */
  readonly storage?: Storage;
  readonly clock?: Clock;
  /** Folders with modules, beside what `plugin_paths` says. Not for a configuration that is loaded already. */
  readonly pluginPaths?: readonly string[];
  /** Whether problems of the configuration and modules that cannot be loaded are let pass (default: they throw). */
  readonly tolerant?: boolean;
  /** Whether listeners and links are opened (default); without, there are only fake clients. */
  readonly listen?: boolean;
  /** Called with each line of the log. */
  readonly log?: (line: string) => void;
}

/** A line of the log. */
export interface LogLine {
  readonly level: LogLevel;
  readonly name: string;
  readonly message: string;
}

/**
 * Starts a service.
 * @throws Error with all problems of the configuration, modules that cannot be loaded included
 */
export async function startService(options: TestServiceOptions = {}): Promise<TestService> {
  const folder = await mkdtemp(join(tmpdir(), "chorus-test-"));
  const storage = options.storage ?? (await openStorage({ driver: "memory" }, () => (options.clock ?? Date).now()));
  const cleanUp = async (): Promise<void> => {
    if (options.storage === undefined) await storage.close();
    await rm(folder, { recursive: true, force: true });
  };
  const lines: LogLine[] = [];
  let service: Service | undefined;
  try {
    const config = await configOf(options, folder);
    service = await Service.create({
      config,
      logger: collector(lines, options.log),
      storage: borrowed(storage),
      ...(options.clock === undefined ? {} : { clock: options.clock }),
    });
    const addresses = options.listen === false ? (await service.modules.ready(), []) : await service.start();
    const problems = config.problems.filter(({ severity }) => severity === "error");
    if (problems.length > 0 && options.tolerant !== true) {
      throw new Error(`the service has problems:\n${problems.map(formatProblem).join("\n")}`);
    }
    return new TestService(service, storage, folder, addresses, lines, cleanUp);
  } catch (error) {
    // What had come up already would keep the test process alive.
    await service?.stop();
    await cleanUp();
    throw error;
  }
}

/** A service that runs inside the test process. */
export class TestService implements AsyncDisposable {
  readonly #cleanUp: () => Promise<void>;

  constructor(
    readonly service: Service,
    readonly storage: Storage,
    /** Its data folder, gone when it stops; that of a configuration that was loaded already is elsewhere. */
    readonly dataPath: string,
    /** Where it listens, as told to the operator. */
    readonly addresses: readonly string[],
    /** Everything logged so far. */
    readonly logLines: readonly LogLine[],
    cleanUp: () => Promise<void>,
  ) {
    this.#cleanUp = cleanUp;
  }

  /** A host that is served. @throws TypeError when it is not */
  host(name: string): Host {
    const host = this.service.hosts.get(name);
    if (host === undefined) throw new TypeError(`host: ${name} is not served here`);
    return host;
  }

  /** Port of the client listener. @throws TypeError when there is none */
  get clientPort(): number {
    const port = /^c2s on .*:(\d+)/.exec(this.addresses.find((address) => address.startsWith("c2s on ")) ?? "")?.[1];
    if (port === undefined) throw new TypeError(`clientPort: no client listener among ${this.addresses.join(", ")}`);
    return Number(port);
  }

  /**
   * Logs a client in, without a connection. A second one of the same full JID is a mistake of the test.
   * @param jid `user@host`, or with a resource of one's choice
   */
  client(jid: string): FakeClient {
    const full = parseJid(resourceOf(jid) === undefined ? `${jid}/test` : jid);
    if (full === undefined) throw new TypeError(`client: ${jid} is no JID`);
    const { router, logger } = this.service;
    return new FakeClient(full as FullJid, {
      router,
      host: this.host(domainOf(full)),
      log: (level, format, ...args) => {
        logger.log(level, format, ...args);
      },
    });
  }

  /**
   * Puts the present file of a module in the place of the loaded one, as `chorusctl module reload` does.
   * @param name without `mod_`
   * @param host default: wherever it is loaded
   * @throws ModuleError when it does not load, or is not loaded
   */
  async reload(name: string, host?: string): Promise<void> {
    const { modules, hosts } = this.service;
    const places = [GLOBAL, ...[...hosts].map((served) => served.name)];
    const loaded = places.filter((place) => modules.loadedOn(place).includes(name));
    if (host === undefined && loaded.length === 0)
      throw new ModuleError("MODULE_NOT_LOADED", name, "is not loaded on any host");
    for (const place of host === undefined ? loaded : [host]) await modules.reload(place, name);
  }

  /** Stops the service, and removes its folder. */
  async stop(): Promise<void> {
    try {
      await this.service.stop();
    } finally {
      await this.#cleanUp();
    }
  }

  /** {@link stop}, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

async function configOf(
  { config = SCENARIO_CONFIG, pluginPaths = [] }: TestServiceOptions,
  folder: string,
): Promise<Config> {
  if (typeof config !== "string") return config;
  const defaults = [
    `data_path = ${quote(folder)}`,
    'storage = "memory"',
    'authentication = "insecure"',
    `insecure_open_authentication = "Yes please, I know what I'm doing!"`,
    "c2s_ports = { 0 }",
    'c2s_interfaces = { "127.0.0.1" }',
    "c2s_require_encryption = false",
    "allow_unencrypted_plain_auth = true",
    `plugin_paths = { ${pluginPaths.map(quote).join(", ")} }`,
  ];
  // On one line with the first of the text, so that problems bear the text's own line numbers.
  return loadConfigText(`${defaults.join("; ")}; ${config}`, { file: join(folder, "prosody.cfg.lua") });
}

/** A Lua string. */
function quote(text: string): string {
  return JSON.stringify(text);
}

/** The storage without its end: the service closes what it is given. */
function borrowed(storage: Storage): Storage {
  return {
    driver: storage.driver,
    openStore: (host, name, type) => storage.openStore(host, name, type),
    idle: () => storage.idle(),
    close: () => storage.idle(),
  };
}

function collector(lines: LogLine[], log: ((line: string) => void) | undefined, name = "chorus"): Logger {
  return {
    name,
    log(level, format, ...args) {
      const message = formatMessage(format, args);
      lines.push({ level, name, message });
      log?.(`${name} ${level} ${message}`);
    },
    isEnabled: () => true,
    child: (child) => collector(lines, log, child),
  };
}
