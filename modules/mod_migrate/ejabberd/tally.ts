import type { Remark, Report, StoreReport } from "../report.js";

/** Names of records that a remark about many of them has. */
const NAMED = 3;

/** Records of one kind, of one host. */
export interface Counted {
  readonly store: StoreReport;
  /** Says something of one record. */
  tell(kind: Remark["kind"], record: string | undefined, reason: string): void;
}

/** Counts records that come from all hosts and stores in turn; a remark that goes for many is made once. */
export class Tally {
  readonly #counted = new Map<string, Counted>();
  readonly #remarks = new Map<string, { readonly names: Set<string>; count: number }>();

  constructor(
    private readonly report: Report,
    /** The source, as remarks name it. */
    private readonly file: string,
  ) {}

  of(host: string, store: string, unit: string): Counted {
    const key = `${host}\n${store}`;
    const known = this.#counted.get(key);
    if (known) return known;
    const counted = this.#make(this.report.store(host, store, unit), key);
    this.#counted.set(key, counted);
    // Stores of one host stand together, whenever their first record came.
    this.report.stores.sort((a, b) => (a.host < b.host ? -1 : Number(a.host > b.host)));
    return counted;
  }

  #make(store: StoreReport, key: string): Counted {
    return {
      store,
      tell: (kind, record, reason) => {
        if (kind === "lost") store.remarks.push({ kind, file: this.file, record, reason });
        else this.#collect(store, `${key}\n${kind}\n${reason}`, kind, record, reason);
      },
    };
  }

  #collect(store: StoreReport, key: string, kind: Remark["kind"], record: string | undefined, reason: string): void {
    const known = this.#remarks.get(key);
    if (known) {
      known.count++;
      if (record !== undefined && known.names.size < NAMED) known.names.add(record);
      return;
    }
    const remark = { names: new Set(record === undefined ? [] : [record]), count: 1 };
    this.#remarks.set(key, remark);
    store.remarks.push({
      kind,
      file: this.file,
      reason,
      get record() {
        const { names, count } = remark;
        const others = count - names.size;
        if (names.size === 0) return `${count} record${count === 1 ? "" : "s"}`;
        return [...names].join(", ") + (others > 0 ? ` and ${others} more` : "");
      },
    });
  }
}
