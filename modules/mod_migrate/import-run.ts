import { StorageError, type CommandIo } from "chorus-muc";
import { keepHeapSmall } from "./heap-growth.js";
import { Progress } from "./progress.js";
import { Report, type StoreReport } from "./report.js";

/** How an import is called, whatever it is from. */
export interface ImportOptions {
  /** Everything is read and checked, and nothing written. */
  readonly isDryRun: boolean;
  /** What is done, for what is said of it; default: `import`. */
  readonly verb?: "import" | "export";
  /** The report is one line of JSON. */
  readonly isJson: boolean;
}

/** One import on its way. */
export class ImportRun {
  /** What came over so far. */
  readonly report = new Report();
  readonly isDryRun: boolean;
  readonly #progress: Progress;

  constructor(
    private readonly options: ImportOptions,
    private readonly io: CommandIo,
  ) {
    this.isDryRun = options.isDryRun;
    this.#progress = new Progress(io.progress);
  }

  /** Writes together what `make` issues, and waits for it. */
  async write(make: () => readonly Promise<unknown>[]): Promise<void> {
    if (!this.isDryRun) await Promise.all(make());
  }

  /** Tells how far it is with a store. @param fraction of it that is done, where that is known */
  progress({ host, store, unit }: StoreReport, count: number, fraction?: number): void {
    this.#progress.tell(`${host} ${store}`, count, unit, fraction);
  }

  /** Brings over what `bring` does, and says what came of it. @returns the status to exit with */
  async finish(bring: () => Promise<void>): Promise<number> {
    const { report, io, isDryRun } = this;
    let failure: StorageError | undefined;
    const letGrow = keepHeapSmall();
    try {
      await bring();
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      failure = error;
    } finally {
      letGrow();
    }
    this.#progress.end();
    if (failure) {
      for (const line of report.storeLines()) io.error(line);
      io.error(`${failure.code}: ${failure.message}`);
      io.error(`it ended there, unfinished: mend that, and ${this.options.verb ?? "import"} again`);
      return 1;
    }
    if (this.options.isJson) io.print(report.toJson(isDryRun));
    else for (const line of report.lines(isDryRun)) io.print(line);
    return report.hasLoss ? 1 : 0;
  }
}
