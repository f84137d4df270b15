import type { Measurement } from "./workloads/workload.js";

/** The middle one; of an even number the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const [low = NaN, high = NaN] = sorted.length % 2 === 1 ? [sorted[middle], sorted[middle]] : sorted.slice(middle - 1);
  return (low + high) / 2;
}

/** One measurement for each workload and server, with the median of each figure. */
export function medians(rounds: readonly Measurement[]): Measurement[] {
  const groups = new Map<string, Measurement[]>();
  for (const one of rounds) {
    const key = `${one.workload}\n${one.server}`;
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  return [...groups.values()].map((group) => {
    const [{ workload, server, figures }] = group as [Measurement, ...Measurement[]];
    const names = Object.keys(figures);
    return {
      workload,
      server,
      figures: Object.fromEntries(names.map((name) => [name, median(group.map((one) => one.figures[name] ?? NaN))])),
    };
  });
}
