/** The process of `chorus`: configuration to ready, signals, and an orderly end. */
import type { Config, HostSection } from "../config/config.js";
import type { LoadedConfig } from "../config/loaded-config.js";
import { ConfigError } from "../config/config-error.js";
import { dataPath } from "../config/options.js";
import { formatProblem } from "../config/problem.js";
import { createLogging, type Logging } from "../log/logging.js";
import type { Logger } from "../log/logger.js";
import { Service } from "../main.js";
import { explain } from "../modules/module-error.js";
import type { ConfigChoice } from "./config-file.js";
import { onNpxGone } from "./npx.js";
import { problemLines, readConfig, startFailure } from "./problems.js";

/** An orderly stop takes no longer than this; then the process ends as it is. */
const STOP_LIMIT_MS = 9500;
/** A second signal that soon is the first one again: npm hands on the Ctrl-C that the terminal has sent to all. */
const SAME_SIGNAL_MS = 1000;
/** So many uncaught exceptions within a minute are no accident: the service is stopped. */
const MAX_EXCEPTIONS_A_MINUTE = 10;

const SIGNAL_NUMBERS = { SIGINT: 2, SIGTERM: 15 } as const;

/**
 * Runs a server until SIGTERM or SIGINT.
 *
 * What modules do on the events of the bus, in timers and in the room's steps is guarded there. What is thrown past
 * those guards, by a callback that a module gave to somebody else, hurts nobody's state but that module's: it is
 * logged, and the server goes on, unless it happens again and again.
 */
export class ServerProcess {
  readonly #choice: ConfigChoice;
  readonly #stopRequested: Promise<string>;
  #requestStop: (reason: string) => void = () => undefined;
  #stopsSinceMs: number | undefined;
  #config: LoadedConfig | undefined;
  #logging: Logging | undefined;
  #log: Logger | undefined;
  #service: Service | undefined;
  #isReady = false;
  #reloading: Promise<void> = Promise.resolve();
  #exceptionsMs: number[] = [];

  constructor(choice: ConfigChoice) {
    this.#choice = choice;
    this.#stopRequested = new Promise((resolve) => {
      this.#requestStop = resolve;
    });
  }

  /** @returns the exit status: 0 after a stop that was asked for, 1 when it could not start */
  async run(): Promise<number> {
    this.#handleSignals();
    try {
      this.#config = await readConfig(this.#choice.file);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      complain(problemLines(error.problems));
      return 1;
    }
    return this.#runConfigured(this.#config);
  }

  async #runConfigured(config: LoadedConfig): Promise<number> {
    const logging = createLogging(config);
    const log = logging.logger("chorus");
    this.#logging = logging;
    this.#log = log;
    try {
      this.#service = await Service.create({ config, logger: log });
      this.#tellProblems(config, log);
      const addresses = await Promise.race([this.#service.start(), this.#stopRequested]);
      if (typeof addresses !== "string") this.#tellReady(addresses, config);
      await this.#service.stop(await this.#stopRequested);
      log.log("info", "stopped");
      return 0;
    } catch (error) {
      // Problems that were found on the way may be the reason.
      if (!this.#service) complain(problemLines(config.problems));
      complain([startFailure(error, config)]);
      await this.#service?.stop("The service cannot start").catch((reason: unknown) => {
        complain([explain(reason)]);
      });
      return 1;
    } finally {
      await logging.close();
    }
  }

  /** Until the server is ready they are told where whoever starts it looks, all at once; later in the log. */
  #tellProblems(config: LoadedConfig, log: Logger): void {
    complain(problemLines(config.problems));
    config.onProblem((problem) => {
      const line = formatProblem(problem);
      if (this.#isReady) log.log(problem.severity === "error" ? "error" : "warn", "%s", line);
      else complain([line]);
    });
  }

  #tellReady(addresses: readonly string[], config: LoadedConfig): void {
    this.#isReady = true;
    if (this.#choice.isExample) {
      this.#log?.log(
        "warn",
        "no prosody.cfg.lua in this folder: running with the example %s, data in %s; copy it, and make it yours",
        config.file,
        dataPath(config),
      );
    }
    process.stdout.write(`chorus ready: ${addresses.length > 0 ? addresses.join(", ") : "no listener, no link"}\n`);
  }

  #handleSignals(): void {
    // A reader that has gone away, as in `chorus | head`, ends neither the service nor its log files.
    for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined);
    for (const signal of ["SIGTERM", "SIGINT"] as const) {
      process.on(signal, () => {
        this.#stop(signal);
      });
    }
    onNpxGone(() => {
      this.#stop("SIGTERM");
    });
    process.on("SIGHUP", () => {
      this.#reloading = this.#reloading.then(() => this.#reload());
    });
    process.on("unhandledRejection", (reason) => {
      this.#note("a promise was rejected that nobody waits for", reason);
    });
    process.on("uncaughtException", (error) => {
      this.#note("an exception was thrown that nobody caught", error);
      if (this.#isReady) this.#countException();
      else process.exit(1);
    });
  }

  #stop(signal: keyof typeof SIGNAL_NUMBERS): void {
    const now = performance.now();
    if (this.#stopsSinceMs === undefined) {
      this.#stopsSinceMs = now;
      setTimeout(() => {
        this.#abandon(`the stop takes longer than ${STOP_LIMIT_MS / 1000} s`, 1);
      }, STOP_LIMIT_MS).unref();
      this.#log?.log("info", "%s: stopping", signal);
      if (!this.#config) process.exit(0); // nothing to stop yet
      this.#requestStop("The service is shutting down");
    } else if (now - this.#stopsSinceMs > SAME_SIGNAL_MS) {
      this.#abandon(`${signal} came again`, 128 + SIGNAL_NUMBERS[signal]);
    }
  }

  /** Ends the process as `kill -9` would: what was acknowledged is on disk. */
  #abandon(why: string, status: number): void {
    complain([`${why}: ending at once, with what is saved so far`]);
    process.exit(status);
  }

  async #reload(): Promise<void> {
    const [config, logging, log] = [this.#config, this.#logging, this.#log];
    if (!this.#isReady || !config || !logging || !log || this.#stopsSinceMs !== undefined) return;
    logging.reopen();
    try {
      const fresh = await readConfig(this.#choice.file);
      reportOtherHosts(config, fresh);
      logging.reload(fresh);
      config.adopt(fresh);
      this.#service?.configReloaded();
      log.log("info", "SIGHUP: configuration read again, log files opened anew");
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      complain(problemLines(error.problems));
      log.log("error", "SIGHUP: the configuration stays as it was: %s", error.message);
    }
  }

  #note(what: string, error: unknown): void {
    const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
    if (this.#isReady) this.#log?.log("error", "%s: %s", what, detail);
    else complain([`${what}: ${detail}`]);
  }

  #countException(): void {
    const now = performance.now();
    this.#exceptionsMs = [...this.#exceptionsMs.filter((at) => now - at < 60_000), now];
    if (this.#exceptionsMs.length < MAX_EXCEPTIONS_A_MINUTE) return;
    this.#log?.log("error", "%d uncaught exceptions within a minute: stopping", this.#exceptionsMs.length);
    process.exitCode = 1;
    this.#stop("SIGTERM");
  }
}

/** Hosts come and go with a restart only. */
function reportOtherHosts(running: Config, fresh: Config): void {
  const identity = ({ type, name, componentModule }: HostSection): string => `${type} ${name} ${componentModule ?? ""}`;
  const known = new Set(running.hosts.map(identity));
  const wanted = new Set(fresh.hosts.map(identity));
  const changed = [
    ...fresh.hosts.filter((host) => !known.has(identity(host))),
    ...running.hosts.filter((host) => !wanted.has(identity(host))),
  ];
  for (const { type, name, position } of changed) {
    const message = `${type} "${name}": expected the sections that the server was started with, got a change, which a restart makes`;
    fresh.report({ severity: "warning", position, message });
  }
}

function complain(lines: readonly string[]): void {
  for (const line of lines) process.stderr.write(`${line}\n`);
}
