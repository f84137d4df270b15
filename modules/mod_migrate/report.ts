/** Something that did not come over as it was. */
export interface Remark {
  /** `lost`: it is not there; `left`: it was left out on purpose; `note`: it is there, and somebody should know this. */
  readonly kind: "lost" | "left" | "note";
  readonly file: string;
  /** Which record of the file: a room, a user, a JID, a number. */
  readonly record: string | undefined;
  readonly reason: string;
}

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
  readonly remarks: Remark[];
}

/** Counts what is brought over, by host and store. */
export class Report {
  readonly stores: StoreReport[] = [];

  store(host: string, store: string, unit: string): StoreReport {
    const report: StoreReport = { host, store, unit, in: 0, out: 0, remarks: [] };
    this.stores.push(report);
    return report;
  }

  get hasLoss(): boolean {
    return this.stores.some(({ remarks }) => remarks.some(({ kind }) => kind === "lost"));
  }

  /** For people: what came of each store, and of all. */
  *lines(isDryRun: boolean): Generator<string> {
    yield* this.storeLines();
    const lost = this.stores.flatMap(({ remarks }) => remarks).filter(({ kind }) => kind === "lost").length;
    yield isDryRun ? "nothing was written: this was a dry run" : "everything else is written";
    yield lost === 0 ? "nothing was lost" : `${lost} losses: see above`;
  }

  /** For people: what came of each store so far. */
  *storeLines(): Generator<string> {
    let host;
    for (const report of this.stores) {
      if (report.host !== host) yield (host = report.host);
      const left = report.in - report.out;
      yield `  ${report.store}: ${report.in} ${report.unit} in, ${report.out} out${left > 0 ? `, ${left} skipped` : ""}`;
      for (const remark of report.remarks) yield `    ${remarkLine(remark)}`;
    }
  }

  toJson(isDryRun: boolean): string {
    return JSON.stringify({
      dryRun: isDryRun,
      lost: this.hasLoss,
      stores: this.stores.map(({ remarks, ...counts }) => ({
        ...counts,
        skipped: counts.in - counts.out,
        remarks: remarks.map((remark) => ({ ...remark, record: remark.record ?? null })),
      })),
    });
  }
}

function remarkLine({ kind, file, record, reason }: Remark): string {
  const place = record === undefined ? file : `${file}: ${record}`;
  return `${kind}: ${place}: ${reason}`;
}
