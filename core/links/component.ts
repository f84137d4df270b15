import type { Logger, LogLevel } from "../log/logger.js";
import { Backlog } from "../router/backlog.js";
import type { Origin } from "../router/stanza-event.js";
import type { Clock } from "../timers/clock.js";
import type { Element } from "../xmpp/element.js";
import { ComponentConnection } from "./component-connection.js";
import type { Link } from "./link.js";
import { diagnose, type LinkFailure, type RetryPace } from "./link-failure.js";
import { DEFAULT_LINK_LIMITS, type LinkLimits } from "./link-limits.js";
import type { Outlet } from "./outlet.js";
import { formatUpstream, type Upstream } from "./upstream.js";

/** First and longest wait between attempts, in milliseconds; it doubles in between. */
const PACES: Readonly<Record<RetryPace, { readonly first: number; readonly longest: number }>> = {
  network: { first: 1_000, longest: 60_000 },
  // The old connection has gone by then: a server that still had it would take the new one for another instance.
  unread: { first: 4_000, longest: 60_000 },
  configuration: { first: 10_000, longest: 300_000 },
  // Two instances that throw each other out must not do so every few seconds.
  conflict: { first: 60_000, longest: 900_000 },
};
/** A connection that held this long makes the next failure a first one. */
const STABLE_MS = 60_000;
/** Connections in a row that may end over an unanswered ping, before the server counts as one that answers none. */
const SILENCES = 2;

/** What a {@link ComponentLink} is for, and whom it tells. */
export interface ComponentLinkOptions {
  /** Name of the component. */
  readonly host: string;
  readonly upstream: Upstream;
  /** Never logged. */
  readonly secret: string;
  readonly logger: Logger;
  readonly clock: Clock;
  /** What differs from {@link DEFAULT_LINK_LIMITS}. */
  readonly limits?: Partial<LinkLimits>;
  /** From 0 up to 1, for the jitter of retries; `Math.random` by default. */
  readonly random?: () => number;
  /** Every stanza that comes, in order; addresses are as they were sent. */
  onStanza(stanza: Element, origin: Origin): void;
  /** The link is up; `resumed`: it was before, and was lost. */
  onUp(resumed: boolean): void;
  onDown(): void;
  /** What `origin.send` does. */
  send(stanza: Element, origin: Origin): void;
}

/**
 * Connection to an upstream server as its external component (XEP-0114), which comes back whenever it is lost.
 *
 * Attempts are repeated for ever, at growing intervals, as every reason may be mended at the other end; a reason is
 * told once, in one line that names the option to look at, and again when it changes.
 */
export class ComponentLink implements Link {
  readonly peer: string;
  readonly origin: Origin;
  readonly #options: ComponentLinkOptions;
  readonly #limits: LinkLimits;
  readonly #backlog: Backlog;
  #connection: ComponentConnection | undefined;
  #outlet: Outlet | undefined;
  #retry: { cancel(): void } | undefined;
  #start: { promise: Promise<void>; resolve: () => void; reject: (error: Error) => void } | undefined;
  #isStopping = false;
  #wasUp = false;
  #upSinceMs = 0;
  /** Failures in a row, and what was said about the last one. */
  #failures = 0;
  #told = "";
  /** Connections in a row that ended over an unanswered ping, to a server that never answered one. */
  #silences = 0;
  #answersPings = false;

  constructor(options: ComponentLinkOptions) {
    this.#options = options;
    this.#limits = { ...DEFAULT_LINK_LIMITS, ...options.limits };
    this.#backlog = new Backlog(this.#limits.maxBacklog);
    this.peer = formatUpstream(options.upstream);
    const origin: Origin = {
      type: "component",
      host: options.host,
      backlog: this.#backlog,
      log: options.logger.log.bind(options.logger),
      send: (stanza) => {
        options.send(stanza, origin);
        return true;
      },
    };
    this.origin = origin;
  }

  get isUp(): boolean {
    return this.#outlet !== undefined;
  }

  get outlet(): Outlet | undefined {
    return this.#outlet;
  }

  /** Connects. Resolves when the link is up the first time; rejects only when it is stopped before. */
  start(): Promise<void> {
    if (this.#start) return this.#start.promise;
    let resolve = (): void => undefined;
    let reject: (error: Error) => void = resolve;
    const promise = new Promise<void>((onUp, onStopped) => {
      resolve = onUp;
      reject = onStopped;
    });
    this.#start = { promise, resolve, reject };
    this.#connect();
    return promise;
  }

  /** Closes the stream and connects no more. Resolves when what was sent has left, or after two seconds. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#retry?.cancel();
    this.#start?.reject(new Error(`the link to ${this.peer} was stopped before it was up`));
    await this.#connection?.stop();
  }

  #connect(): void {
    const { host, upstream, secret, clock } = this.#options;
    const onHandlerError = (error: unknown): void => {
      this.#log("error", "a handler failed: %s", error instanceof Error ? error.stack : String(error));
    };
    this.#connection = new ComponentConnection({
      host,
      upstream,
      secret,
      clock,
      limits: this.#limits,
      backlog: this.#backlog,
      pings: this.#silences < SILENCES,
      onUp: (outlet) => {
        this.#onUp(outlet);
      },
      onStanza: (stanza) => {
        this.#options.onStanza(stanza, this.origin);
      },
      onStray: (name) => {
        this.#log("debug", "%s sent <%s/>, which is no stanza", this.peer, name);
      },
      onPong: () => {
        this.#answersPings = true;
        this.#silences = 0;
      },
      onClosed: (failure) => {
        try {
          this.#onClosed(failure);
        } catch (error) {
          onHandlerError(error);
        }
      },
      onHandlerError,
    });
    this.#connection.start();
  }

  #onUp(outlet: Outlet): void {
    const resumed = this.#wasUp;
    this.#outlet = outlet;
    this.#wasUp = true;
    this.#upSinceMs = this.#options.clock.now();
    this.#told = "";
    this.#log("info", "%s: %s as %s", this.peer, resumed ? "connected again" : "connected", this.#options.host);
    this.#start?.resolve();
    this.#options.onUp(resumed);
  }

  #onClosed(failure: LinkFailure | undefined): void {
    const wasUp = this.isUp;
    this.#outlet = undefined;
    if (failure && !this.#isStopping) this.#retryAfter(failure, wasUp);
    if (wasUp) this.#options.onDown();
  }

  #retryAfter(failure: LinkFailure, wasUp: boolean): void {
    const { clock, host, random = Math.random } = this.#options;
    if (wasUp && clock.now() - this.#upSinceMs >= STABLE_MS) this.#failures = 0;
    if (failure.kind === "silent") this.#onSilence();
    const { level, text, pace } = diagnose(failure, host);
    const { first, longest } = PACES[pace];
    const interval = Math.min(longest, first * 2 ** Math.min(this.#failures, 20));
    this.#failures++;
    // Between half and the whole of it, so that many components of one server do not come back at once.
    const delayMs = Math.round(interval * (0.5 + random() / 2));
    const seconds = Math.ceil(delayMs / 1000);
    this.#log(text === this.#told ? "debug" : level, "%s: %s; next attempt in %d s", this.peer, text, seconds);
    this.#told = text;
    this.#retry = clock.wakeAt(clock.now() + delayMs, () => {
      if (!this.#isStopping) this.#connect();
    });
  }

  #onSilence(): void {
    if (this.#answersPings || ++this.#silences < SILENCES) return;
    this.#log("warn", "%s answers no pings: from now on a dead connection is found by TCP alone", this.peer);
  }

  #log(level: LogLevel, format: string, ...args: unknown[]): void {
    this.#options.logger.log(level, format, ...args);
  }
}
