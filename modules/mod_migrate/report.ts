import { Remarks } from "./remarks.js";

export type { Remark } from "./remarks.js";

/** What came of one store of one host. */
export interface StoreReport {
  readonly host: string;
  readonly store: string;
  /** What a record is. */
  readonly unit: string;
  /** Records found; those that could not be read count. */
  in: number;
  /** Records brought over. */
  out: number;
  readonly remarks: Remarks;
}

/** Counts what is brought over, by host and store. */
export class Report {
  readonly stores: StoreReport[] = [];

  store(host: string, store: string, unit: string): StoreReport {
    const report: StoreReport = { host, store, unit, in: 0, out: 0, remarks: new Remarks() };
    this.stores.push(report);
    return report;
  }

  get hasLoss(): boolean {
    return this.losses > 0;
  }

  /** How many records were lost. */
  get losses(): number {
    return this.stores.reduce((sum, { remarks }) => sum + remarks.count("lost"), 0);
  }

  /** For people: what came of each store, and of all. */
  *lines(isDryRun: boolean): Generator<string> {
    yield* this.storeLines();
    yield isDryRun ? "nothing was written: this was a dry run" : "everything else is written";
    yield this.losses === 0 ? "nothing was lost" : `${this.losses} losses: see above`;
  }

  /** For people: what came of each store so far. */
  *storeLines(): Generator<string> {
    let host;
    for (const report of this.stores) {
      if (report.host !== host) yield (host = report.host);
      const left = report.in - report.out;
      yield `  ${report.store}: ${report.in} ${report.unit} in, ${report.out} out${left > 0 ? `, ${left} skipped` : ""}`;
      for (const line of report.remarks.lines()) yield `    ${line}`;
    }
  }

  toJson(isDryRun: boolean): string {
    return JSON.stringify({
      dryRun: isDryRun,
      lost: this.hasLoss,
      stores: this.stores.map(({ remarks, ...counts }) => ({
        ...counts,
        skipped: counts.in - counts.out,
        remarks: [...remarks].map((remark) => ({ ...remark, record: remark.record ?? null })),
        more: remarks.more,
      })),
    });
  }
}
