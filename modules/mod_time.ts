import {
  ClockToken,
  formatDateTime,
  inject,
  injectable,
  ModuleApiToken,
  xml,
  type Clock,
  type Element,
  type ModuleApi,
} from "chorus-muc";

const NS_TIME = "urn:xmpp:time";

/** Tells the time, in UTC (XEP-0202). */
@injectable()
export default class EntityTime {
  constructor(
    @inject(ModuleApiToken) private readonly module: ModuleApi,
    @inject(ClockToken) private readonly clock: Clock,
  ) {}

  load(): void {
    this.module.addFeature(NS_TIME);
    this.module.hook(`iq-get/host/${NS_TIME}:time`, () => this.#answer());
    if (this.module.getHostType() === "local") this.module.hook(`iq-get/bare/${NS_TIME}:time`, () => this.#answer());
  }

  #answer(): Element {
    const utc = formatDateTime(this.clock.now() / 1000);
    return xml("iq", {}, xml("time", NS_TIME, xml("tzo", {}, "+00:00"), xml("utc", {}, utc)));
  }
}
