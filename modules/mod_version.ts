import { type as osName } from "node:os";
import { inject, injectable, ModuleApiToken, packageVersion, xml, type ModuleApi } from "chorus-muc";

const NS_VERSION = "jabber:iq:version";

/** Tells what software this is (XEP-0092); the operating system only where `hide_os_type` is false. */
@injectable()
export default class SoftwareVersion {
  constructor(@inject(ModuleApiToken) private readonly module: ModuleApi) {}

  load(): void {
    const version = packageVersion();
    const hideOs = this.module.getOptionBoolean("hide_os_type", true);
    this.module.addFeature(NS_VERSION);
    this.module.hook(`iq-get/host/${NS_VERSION}:query`, () => {
      const query = xml("query", NS_VERSION, xml("name", {}, "Chorus"), xml("version", {}, version));
      if (!hideOs) query.append(xml("os", {}, osName()));
      return xml("iq", {}, query);
    });
  }
}
