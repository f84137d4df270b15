/** Profiles of processor time, as `node --cpu-prof` writes them. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** The part of a `.cpuprofile` that is read here: what the samples hit, and the microseconds between them. */
interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

/** A function, and the share of the time that was spent in it and not in what it calls, in per cent. */
export interface SelfTime {
  readonly where: string;
  readonly percent: number;
}

/** The functions that most time was spent in, idling and the profiler left out, over all profiles of a folder. */
export function selfTimes(folder: string, count: number): SelfTime[] {
  const micros = new Map<string, number>();
  for (const name of readdirSync(folder).filter((file) => file.endsWith(".cpuprofile"))) {
    const { nodes, samples, timeDeltas } = JSON.parse(readFileSync(join(folder, name), "utf8")) as CpuProfile;
    const where = new Map(
      nodes.map(({ id, callFrame: { functionName, url, lineNumber } }) => [
        id,
        `${functionName || "(anonymous)"} ${url.split(/\/(?:dist|node_modules)\//).at(-1)}${url === "" ? "" : `:${lineNumber + 1}`}`,
      ]),
    );
    for (const [index, id] of samples.entries()) {
      const key = where.get(id) ?? "";
      micros.set(key, (micros.get(key) ?? 0) + (timeDeltas[index] ?? 0));
    }
  }
  // The profiler itself is found where it was begun.
  const busy = [...micros].filter(([where]) => !/^(\(idle\)|dispatch) /.test(where));
  const total = busy.reduce((sum, [, time]) => sum + time, 0);
  return busy
    .sort(([, a], [, b]) => b - a)
    .slice(0, count)
    .map(([where, time]) => ({ where, percent: (time / total) * 100 }));
}
