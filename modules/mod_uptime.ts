import { ClockToken, inject, injectable, ModuleApiToken, xml, type Clock, type ModuleApi } from "chorus-muc";

const NS_LAST = "jabber:iq:last";

/** Tells for how long the service has been up, in seconds (XEP-0012 §6). */
@injectable()
export default class Uptime {
  #startedMs: number;

  constructor(
    @inject(ModuleApiToken) private readonly module: ModuleApi,
    @inject(ClockToken) private readonly clock: Clock,
  ) {
    this.#startedMs = clock.now();
  }

  load(): void {
    this.module.addFeature(NS_LAST);
    this.module.hook(`iq-get/host/${NS_LAST}:query`, () => {
      const seconds = Math.floor((this.clock.now() - this.#startedMs) / 1000);
      return xml("iq", {}, xml("query", { xmlns: NS_LAST, seconds: String(seconds) }));
    });
  }

  save(): number {
    return this.#startedMs;
  }

  restore(startedMs: unknown): void {
    if (typeof startedMs === "number") this.#startedMs = startedMs;
  }
}
