/** What happened in a test, in order, to be waited for instead of slept for. */
export class Journal {
  readonly entries: string[] = [];
  readonly #waiting = new Set<() => void>();

  add(entry: string): void {
    this.entries.push(entry);
    for (const look of [...this.#waiting]) look();
  }

  count(pattern: RegExp): number {
    return this.entries.filter((entry) => pattern.test(entry)).length;
  }

  /** Resolves once `count` entries match. */
  async seen(pattern: RegExp, count = 1): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(
          new Error(
            `${count} of ${pattern} did not come:\n${this.entries.map((entry) => entry.slice(0, 300)).join("\n")}`,
          ),
        );
      }, 20_000);
      const look = (): void => {
        if (this.count(pattern) < count) return;
        clearTimeout(timer);
        this.#waiting.delete(look);
        resolve();
      };
      this.#waiting.add(look);
      look();
    });
  }
}
