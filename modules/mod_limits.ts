import { bare, inject, injectable, isClientStream, ModuleApiToken, type ModuleApi, type ReadRate } from "chorus-muc";

/** Powers of ten of the units of Prosody. */
const UNITS: Readonly<Record<string, number>> = { "": 1, k: 1e3, m: 1e6, g: 1e9 };

/**
 * Reads from each client no faster than `limits` says: who sends more waits, as its connection is not read meanwhile.
 * Nobody else waits, and nothing is lost.
 */
@injectable()
export default class Limits {
  constructor(@inject(ModuleApiToken) private readonly module: ModuleApi) {}

  load(): void {
    const rate = this.#rate();
    const unlimited = this.module.getOptionSet("unlimited_jids", []);
    // The first thing that is known of a stream is its host; before that it may send no more than a header.
    this.module.hook("stream-features", ({ origin }) => {
      if (isClientStream(origin) && (origin.username === undefined || !this.#isUnlimited(origin.username, unlimited))) {
        origin.limitRate(rate);
      }
    });
    this.module.hook("resource-bind", ({ session }) => {
      if (!isClientStream(session) || session.fullJid === undefined) return;
      if (unlimited.has(bare(session.fullJid))) session.limitRate(undefined);
    });
  }

  #isUnlimited(username: string, unlimited: ReadonlySet<string>): boolean {
    return unlimited.has(`${username}@${this.module.host}`);
  }

  #rate(): ReadRate {
    const { rate, burst } = this.#table(this.#table(this.module.getOption("limits"))["c2s"]);
    const [, quantity = "10", unit = "k"] = this.#match("rate", rate, /^(\d+) ?([kmg]?)b\/s$/i, "10kb/s");
    const [, seconds = "2"] = this.#match("burst", burst, /^(\d+) ?s$/i, "2s");
    const bytesPerSecond = Number(quantity) * (UNITS[unit.toLowerCase()] ?? 1);
    return { bytesPerSecond: Math.max(1, bytesPerSecond), burstSeconds: Number(seconds) };
  }

  #table(value: unknown): Readonly<Record<string, unknown>> {
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  }

  #match(name: string, value: unknown, form: RegExp, fallback: string): readonly (string | undefined)[] {
    const match = value === undefined ? [] : form.exec(String(value));
    if (match === null)
      this.module.log("warn", "limits.c2s.%s: expected a value like %s, got %s", name, fallback, value);
    return match ?? [];
  }
}
