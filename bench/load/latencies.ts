/** Times from sending a message to each delivery of it. */
export class Latencies {
  #millis = new Float64Array(1024);
  #count = 0;

  /** All of several. */
  static of(several: readonly Latencies[]): Latencies {
    const all = new Latencies();
    for (const some of several)
      for (let index = 0; index < some.#count; index++) all.add(some.#millis[index] as number);
    return all;
  }

  get count(): number {
    return this.#count;
  }

  add(millis: number): void {
    if (this.#count === this.#millis.length) {
      const larger = new Float64Array(this.#count * 2);
      larger.set(this.#millis);
      this.#millis = larger;
    }
    this.#millis[this.#count++] = millis;
  }

  /** What so many per cent of the deliveries took at most, in milliseconds; 0 when there were none. */
  percentiles(...percents: readonly number[]): number[] {
    const sorted = this.#millis.subarray(0, this.#count).sort();
    return percents.map((percent) => sorted[Math.max(0, Math.ceil((percent / 100) * this.#count) - 1)] ?? 0);
  }
}
