import type { MetricFamily, MetricOptions, Metrics, MetricSeries, MetricType } from "./metrics.js";

/** What `module.measure` returns, by the type of measurement (Prosody: `util.statistics`). */
export interface Measures {
  /** A present amount: the function sets it. */
  amount(value: number): void;
  /** A count: the function adds. */
  counter(increment: number): void;
  /** Events: each call counts one. */
  rate(): void;
  /** Durations: a call begins one, and what it returns ends it. */
  times(): () => void;
  /** Sizes in bytes: each call notes one. */
  sizes(bytes: number): void;
  /** Any other amounts: each call notes one. */
  distribution(value: number): void;
}

const METRICS: Readonly<Record<keyof Measures, readonly [type: MetricType, unit?: string]>> = {
  amount: ["gauge"],
  counter: ["counter"],
  rate: ["counter"],
  times: ["histogram", "seconds"],
  sizes: ["histogram", "bytes"],
  distribution: ["summary"],
};

/** Upper bounds for sizes, bytes. */
const SIZE_BUCKETS = [100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000];

function measureOn(type: keyof Measures, series: MetricSeries): unknown {
  switch (type) {
    case "amount":
      return (value: number) => {
        series.set(value);
      };
    case "counter":
      return (increment: number) => {
        series.add(increment);
      };
    case "rate":
      return () => {
        series.add(1);
      };
    case "times":
      return () => {
        const began = performance.now();
        return () => {
          series.sample((performance.now() - began) / 1000);
        };
      };
    case "sizes":
    case "distribution":
      return (value: number) => {
        series.sample(value);
      };
  }
}

/** The function that takes measurements of one kind for one host. @throws TypeError for an unknown type */
export function measure<T extends keyof Measures>(
  metrics: Metrics,
  name: string,
  host: string,
  type: T,
  options: MetricOptions = {},
): Measures[T] {
  const known = (METRICS as Partial<typeof METRICS>)[type];
  if (!known) throw new TypeError(`measure: the type must be one of ${Object.keys(METRICS).join(", ")}, got ${type}`);
  const [metric, unit] = known;
  const family: MetricFamily = metrics.family(metric, name, ["host"], {
    ...(type === "sizes" && { buckets: SIZE_BUCKETS }),
    ...(unit !== undefined && { unit }),
    ...options,
  });
  return measureOn(type, family.withLabels(host)) as Measures[T];
}
