import { setTimeout as sleep } from "node:timers/promises";
import { loginAll, type LoadClient } from "../load/client.js";
import { Latencies } from "../load/latencies.js";
import { usageOf } from "../process-usage.js";
import type { Launch } from "../servers/launch.js";
import type { BenchServer } from "../servers/server.js";
import type { Sizes } from "./sizes.js";

/** What has been measured of one server under one workload: figures by name, the unit at its end. */
export interface Measurement {
  readonly workload: string;
  readonly server: string;
  readonly figures: Readonly<Record<string, number>>;
}

/** Servers that rooms are measured on, beside which a workload may need others. */
export const SERVERS = ["chorus", "prosody", "ejabberd", "bare"] as const;
export type ServerName = (typeof SERVERS)[number];

/** What a workload has at hand. */
export interface Bench {
  readonly sizes: Sizes;
  readonly launch: Launch;
  /** Folder for profiles of what is measured of Chorus. */
  readonly profile: string | undefined;
  /** Folder for data that is made once. */
  readonly kept: string;
}

/** A load. What it measures may have several names, as parts that share a server. */
export interface Workload {
  /** As it is called on the command line. */
  readonly name: string;
  readonly servers: readonly ServerName[];
  /** Takes minutes and is compared with nothing: measured in the first round alone. */
  readonly once?: boolean;
  /** Measures those of its servers. */
  run(servers: readonly ServerName[], bench: Bench): AsyncIterable<Measurement>;
}

/** Measures one server after the other. */
export function inTurn(
  measureOne: (server: ServerName, bench: Bench) => Promise<readonly Measurement[]>,
): Workload["run"] {
  return async function* (servers, bench) {
    for (const server of servers) yield* await measureOne(server, bench);
  };
}

/** Waits until a server has nothing left to do. @throws Error when that takes longer than a minute */
export async function settle({ pid, name }: BenchServer): Promise<void> {
  const deadline = performance.now() + 60_000;
  for (let before = usageOf(pid).cpuMicros, quiet = 0; quiet < 2;) {
    await sleep(100);
    const now = usageOf(pid).cpuMicros;
    quiet = now - before < 3000 ? quiet + 1 : 0;
    before = now;
    if (performance.now() > deadline) throw new Error(`${name} does not come to rest`);
  }
}

/**
 * How many messages come before those that are measured: a server that compiles while it runs gets as many as it takes
 * until it has, four times what is measured; others a tenth.
 */
export function warmUp({ compiles }: BenchServer, messages: number): number {
  return compiles ? messages * 4 : Math.ceil(messages / 10);
}

/** What came of something that was done to a server. */
export interface Outcome {
  readonly deliveries: number;
  /** How long each took, where that is known. */
  readonly latencies?: Latencies;
}

/** Adds up what a server uses while something is done to it, in one go or in several. */
export class Meter {
  readonly #server: BenchServer;
  #cpuMicros = 0;
  #seconds = 0;
  #deliveries = 0;
  readonly #latencies: Latencies[] = [];

  constructor(server: BenchServer) {
    this.#server = server;
  }

  /** Counts the time of the processor, what is left to do afterwards included, and how long it took until all had arrived. */
  async measure(action: () => Promise<Outcome>): Promise<void> {
    const server = this.#server;
    await settle(server);
    const before = usageOf(server.pid).cpuMicros;
    const timed = async (): Promise<void> => {
      const began = performance.now();
      const { deliveries, latencies } = await action();
      this.#seconds += (performance.now() - began) / 1000;
      this.#deliveries += deliveries;
      if (latencies) this.#latencies.push(latencies);
    };
    await (server.profiled ? server.profiled(timed) : timed());
    await settle(server);
    this.#cpuMicros += usageOf(server.pid).cpuMicros - before;
  }

  /** All of it, and the memory of the server now. */
  figures(): Record<string, number> {
    const [p50 = 0, p95 = 0, p99 = 0, max = 0] = Latencies.of(this.#latencies).percentiles(50, 95, 99, 100);
    return {
      cpuMicrosPerDelivery: this.#cpuMicros / this.#deliveries,
      deliveries: this.#deliveries,
      deliveriesPerSecond: this.#deliveries / this.#seconds,
      ...(this.#latencies.length > 0 && { latencyP50Ms: p50, latencyP95Ms: p95, latencyP99Ms: p99, latencyMaxMs: max }),
      rssBytes: usageOf(this.#server.pid).rssBytes,
    };
  }
}

/** Measures something that is done to a server in one go. */
export async function measure(server: BenchServer, action: () => Promise<Outcome>): Promise<Record<string, number>> {
  const meter = new Meter(server);
  await meter.measure(action);
  return meter.figures();
}

/** Hands a server that is being started to an action, with what logs so many users in; ends all of it afterwards. */
export async function withServer<S extends BenchServer, T>(
  start: Promise<S>,
  action: (server: S, login: (count: number) => Promise<LoadClient[]>) => Promise<T>,
): Promise<T> {
  const server = await start;
  const clients: LoadClient[] = [];
  try {
    return await action(server, async (count) => {
      const added = await loginAll(server, count, clients.length);
      clients.push(...added);
      return added;
    });
  } finally {
    for (const client of clients) client.end();
    await server.stop();
  }
}
