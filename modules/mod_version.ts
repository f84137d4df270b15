import { readFileSync } from "node:fs";
import { type as osName } from "node:os";
import { dirname, join } from "node:path";
import { inject, injectable, ModuleApiToken, xml, type ModuleApi } from "chorus-muc";

const NS_VERSION = "jabber:iq:version";

/** Tells what software this is (XEP-0092); the operating system only where `hide_os_type` is false. */
@injectable()
export default class SoftwareVersion {
  constructor(@inject(ModuleApiToken) private readonly module: ModuleApi) {}

  load(): void {
    const version = packageVersion(import.meta.dirname);
    const hideOs = this.module.getOptionBoolean("hide_os_type", true);
    this.module.addFeature(NS_VERSION);
    this.module.hook(`iq-get/host/${NS_VERSION}:query`, () => {
      const query = xml("query", NS_VERSION, xml("name", {}, "Chorus"), xml("version", {}, version));
      if (!hideOs) query.append(xml("os", {}, osName()));
      return xml("iq", {}, query);
    });
  }
}

/** The version in the nearest `package.json` at or above a folder: this file runs from `dist/`. */
function packageVersion(folder: string): string {
  for (let at = folder; dirname(at) !== at; at = dirname(at)) {
    try {
      const { version } = JSON.parse(readFileSync(join(at, "package.json"), "utf8")) as { version?: unknown };
      if (typeof version === "string") return version;
    } catch {
      // None here: one folder up.
    }
  }
  return "unknown";
}
