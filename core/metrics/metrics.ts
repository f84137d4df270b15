import { Counter, Gauge, Histogram, Registry, Summary } from "prom-client";

/** Kinds of metric, as OpenMetrics has them. */
export type MetricType = "counter" | "gauge" | "histogram" | "summary";

/** What a metric says of itself. */
export interface MetricOptions {
  readonly description?: string;
  /** Base unit in plural (`seconds`, `bytes`), which ends the metric's name. */
  readonly unit?: string;
  /** Upper bounds of a histogram, ascending. */
  readonly buckets?: readonly number[];
}

/** One series of a metric: a value for each combination of labels. */
export interface MetricSeries {
  /** Counter and gauge: adds; a counter takes no negative amounts (TypeError). */
  add(amount: number): void;
  /** Gauge: sets. */
  set(value: number): void;
  /** Histogram and summary: notes one observation. */
  sample(value: number): void;
}

/** A metric with its series. Without labels it is its only series itself. */
export interface MetricFamily extends MetricSeries {
  /** The series with these label values, in the order in which the labels were declared. */
  withLabels(...values: readonly string[]): MetricSeries;
  /** The family with its first label fixed. */
  withPartialLabel(value: string): MetricFamily;
}

type AnyMetric = Counter | Gauge | Histogram | Summary;

/** What all kinds of metric are made from. */
interface MetricDefinition {
  readonly name: string;
  readonly help: string;
  readonly labelNames: string[];
  readonly registers: Registry[];
  readonly buckets?: number[];
}

const MAKERS: Readonly<Record<MetricType, new (definition: MetricDefinition) => AnyMetric>> = {
  counter: Counter,
  gauge: Gauge,
  histogram: Histogram,
  summary: Summary,
};

/** Characters that a metric's name may not have become underscores. */
function metricName(name: string, unit: string | undefined): string {
  const plain = name.replaceAll("/", "__").replace(/[^A-Za-z0-9_]/g, "_");
  return unit === undefined || plain.endsWith(`_${unit}`) ? plain : `${plain}_${unit}`;
}

/** All metrics of one service. They count on when the module that keeps them is loaded again. */
export class Metrics {
  readonly #registry = new Registry();

  /**
   * A metric by name, made when nobody has it yet.
   * @throws TypeError when it is there with another type or other labels
   */
  family(type: MetricType, name: string, labels: readonly string[], options: MetricOptions = {}): MetricFamily {
    const full = metricName(name, options.unit);
    const existing = this.#registry.getSingleMetric(full) as
      (AnyMetric & { labelNames?: readonly string[] }) | undefined;
    const maker = MAKERS[type];
    if (existing && (!(existing instanceof maker) || String(existing.labelNames) !== String(labels))) {
      throw new TypeError(`metric: ${full} is there already, with another type or other labels`);
    }
    const metric =
      existing ??
      new maker({
        name: full,
        help: options.description ?? full,
        labelNames: [...labels],
        registers: [this.#registry],
        ...(options.buckets && { buckets: [...options.buckets] }),
      });
    return new Family(metric, full, labels, []);
  }

  /** Everything as text, in the format of OpenMetrics and Prometheus. */
  text(): Promise<string> {
    return this.#registry.metrics();
  }
}

class Family implements MetricFamily {
  readonly #metric: AnyMetric;
  readonly #name: string;
  readonly #labels: readonly string[];
  readonly #fixed: readonly string[];

  constructor(metric: AnyMetric, name: string, labels: readonly string[], fixed: readonly string[]) {
    this.#metric = metric;
    this.#name = name;
    this.#labels = labels;
    this.#fixed = fixed;
  }

  withLabels(...values: readonly string[]): MetricSeries {
    const all = [...this.#fixed, ...values];
    if (all.length !== this.#labels.length) {
      throw new TypeError(`metric: ${this.#name} has ${this.#labels.length} labels, received ${all.length} values`);
    }
    return new Family(this.#metric, this.#name, this.#labels, all);
  }

  withPartialLabel(value: string): MetricFamily {
    return new Family(this.#metric, this.#name, this.#labels, [...this.#fixed, value]);
  }

  add(amount: number): void {
    const metric = this.#metric;
    if (metric instanceof Counter && !(amount >= 0)) throw new TypeError(`metric: ${this.#name} only grows`);
    if (!(metric instanceof Counter || metric instanceof Gauge)) throw this.#misuse("add");
    metric.inc(this.#values(), amount);
  }

  set(value: number): void {
    if (!(this.#metric instanceof Gauge)) throw this.#misuse("set");
    this.#metric.set(this.#values(), value);
  }

  sample(value: number): void {
    const metric = this.#metric;
    if (!(metric instanceof Histogram || metric instanceof Summary)) throw this.#misuse("sample");
    metric.observe(this.#values(), value);
  }

  #values(): Record<string, string> {
    if (this.#fixed.length !== this.#labels.length) {
      throw new TypeError(`metric: ${this.#name} needs values of ${this.#labels.join(", ")}`);
    }
    return Object.fromEntries(this.#labels.map((label, index) => [label, this.#fixed[index] as string]));
  }

  #misuse(what: string): TypeError {
    return new TypeError(`metric: ${this.#name} has no ${what}`);
  }
}
