import { inject, injectable, ModuleApiToken, NS_PING, xml, type ModuleApi } from "chorus-muc";

/** Answers pings of the host, and on hosts with accounts of these, too (XEP-0199). */
@injectable()
export default class Ping {
  constructor(@inject(ModuleApiToken) private readonly module: ModuleApi) {}

  load(): void {
    this.module.addFeature(NS_PING);
    this.module.hook(`iq-get/host/${NS_PING}:ping`, () => xml("iq", {}));
    // On components the bare JIDs are rooms and the like, which answer for themselves.
    if (this.module.getHostType() === "local") this.module.hook(`iq-get/bare/${NS_PING}:ping`, () => xml("iq", {}));
  }
}
