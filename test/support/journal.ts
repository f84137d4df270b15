import { format } from "node:util";
import type { Logger } from "../../core/log/logger.js";

/** What happened in a test, in order, to be waited for instead of slept for. */
export class Journal {
  readonly entries: string[] = [];
  /** What is logged with it is entered as `log <level> <line>`. */
  readonly logger: Logger = {
    name: "test",
    log: (level, ...line) => {
      this.add(`log ${level} ${format(...line)}`);
    },
    isEnabled: () => true,
    child: () => this.logger,
  };
  readonly #waiting = new Set<() => void>();

  add(entry: string): void {
    this.entries.push(entry);
    for (const look of [...this.#waiting]) look();
  }

  count(pattern: RegExp): number {
    return this.entries.filter((entry) => pattern.test(entry)).length;
  }

  /** Resolves once `count` entries match. */
  seen(pattern: RegExp, count = 1): Promise<void> {
    return this.until(() => this.count(pattern) >= count, `${count} of ${pattern}`);
  }

  /** Resolves once a condition holds, which is looked at whenever something happens. @param what for the error */
  async until(condition: () => boolean, what: string): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new Error(`${what} did not come:\n${this.entries.map((entry) => entry.slice(0, 300)).join("\n")}`));
      }, 20_000);
      const look = (): void => {
        if (!condition()) return;
        clearTimeout(timer);
        this.#waiting.delete(look);
        resolve();
      };
      this.#waiting.add(look);
      look();
    });
  }
}
