import { randomBytes } from "node:crypto";
import { inject, injectable, ModuleApiToken, xml, type ModuleApi } from "chorus-muc";

const NS_UNIQUE = "http://jabber.org/protocol/muc#unique";

/** Suggests a name for a room that nobody has (XEP-0307): 24 characters, 120 random bits. */
@injectable()
export default class MucUnique {
  constructor(@inject(ModuleApiToken) private readonly module: ModuleApi) {}

  load(): void {
    this.module.addFeature(NS_UNIQUE);
    this.module.hook(`iq-get/host/${NS_UNIQUE}:unique`, () =>
      xml("iq", {}, xml("unique", { xmlns: NS_UNIQUE }, randomName())),
    );
  }
}

const ALPHABET = "abcdefghijklmnopqrstuvwxyz234567";

function randomName(): string {
  return Array.from(randomBytes(24), (byte) => ALPHABET[byte & 31]).join("");
}
