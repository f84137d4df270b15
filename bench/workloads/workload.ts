import { setTimeout as sleep } from "node:timers/promises";
import { loginAll, type LoadClient } from "../load/client.js";
import type { Latencies } from "../load/latencies.js";
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
  run(server: ServerName, bench: Bench): Promise<Measurement[]>;
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

/**
 * Measures something that ends in so many deliveries: the time of its processor, what is left to do afterwards included,
 * and how long it took until all had arrived.
 */
export async function measure(
  server: BenchServer,
  action: () => Promise<{ readonly deliveries: number; readonly latencies?: Latencies }>,
): Promise<Record<string, number>> {
  await settle(server);
  const before = usageOf(server.pid);
  let outcome: Awaited<ReturnType<typeof action>> = { deliveries: 0 };
  let seconds = 0;
  const timed = async (): Promise<void> => {
    const began = performance.now();
    outcome = await action();
    seconds = (performance.now() - began) / 1000;
  };
  await (server.profiled ? server.profiled(timed) : timed());
  await settle(server);
  const { deliveries, latencies } = outcome;
  const after = usageOf(server.pid);
  const [p50 = 0, p95 = 0, p99 = 0, max = 0] = latencies?.percentiles(50, 95, 99, 100) ?? [];
  return {
    cpuMicrosPerDelivery: (after.cpuMicros - before.cpuMicros) / deliveries,
    deliveries,
    deliveriesPerSecond: deliveries / seconds,
    ...(latencies && { latencyP50Ms: p50, latencyP95Ms: p95, latencyP99Ms: p99, latencyMaxMs: max }),
    rssBytes: after.rssBytes,
  };
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
