import {
  inject,
  injectable,
  ModuleApiToken,
  NS_DATA_FORM,
  parseJid,
  xml,
  type Element,
  type ModuleApi,
} from "chorus-muc";

const FORM_TYPE = "http://jabber.org/network/serverinfo";
/** What there may be addresses for (XEP-0157 §3): the keys of the option; `KEY-addresses` is the field. */
const PURPOSES = ["abuse", "admin", "feedback", "sales", "security", "status", "support"] as const;

type Addresses = Partial<Record<(typeof PURPOSES)[number], readonly string[]>>;

function isPurpose(key: string): key is (typeof PURPOSES)[number] {
  return (PURPOSES as readonly string[]).includes(key);
}

/** The URI of an XMPP address (RFC 5122). */
function uriOf(jid: string): string {
  return `xmpp:${encodeURI(jid).replaceAll(/[?#]/g, encodeURIComponent)}`;
}

/**
 * Tells in disco#info of a host whom to turn to about it (XEP-0157): option `contact_info`, lists of URIs by what they
 * are for; without it the admins of the host.
 */
@injectable()
export default class ServerContactInfo {
  constructor(@inject(ModuleApiToken) private readonly module: ModuleApi) {}

  load(): void {
    const option = this.module.getOption("contact_info");
    const addresses = option === undefined ? this.#admins() : this.#read(option);
    const form = formOf(addresses);
    if (form) this.module.addExtension(form);
  }

  #admins(): Addresses {
    const jids = [...this.module.getOptionInheritedSet("admins", [])].flatMap((admin) => parseJid(admin) ?? []);
    return { admin: jids.map(uriOf) };
  }

  /** What makes no sense is left out, and told. */
  #read(option: unknown): Addresses {
    if (typeof option !== "object" || option === null || Array.isArray(option)) {
      this.module.log("error", "contact_info: expected lists of addresses, by abuse, admin, feedback and so on");
      return {};
    }
    const addresses: Addresses = {};
    for (const [key, value] of Object.entries(option)) {
      const uris = typeof value === "string" ? [value] : value;
      if (!isPurpose(key))
        this.module.log("error", "contact_info: expected one of %s, got %s", PURPOSES.join(", "), key);
      else if (!Array.isArray(uris) || !uris.every((uri) => typeof uri === "string")) {
        this.module.log("error", "contact_info: %s: expected a list of addresses", key);
      } else addresses[key] = uris.filter((uri) => this.#isUri(key, uri));
    }
    return addresses;
  }

  /** XEP-0157 §3: they are URIs. A bare address is a mistake that is easily made. */
  #isUri(key: string, uri: string): boolean {
    if (URL.canParse(uri)) return true;
    this.module.log("error", 'contact_info: %s: expected a URI such as "mailto:…" or "xmpp:…", got "%s"', key, uri);
    return false;
  }
}

function formOf(addresses: Addresses): Element | undefined {
  const fields = PURPOSES.flatMap((purpose) => {
    const uris = addresses[purpose] ?? [];
    if (uris.length === 0) return [];
    const values = uris.map((uri) => xml("value", {}, uri));
    return [xml("field", { var: `${purpose}-addresses`, type: "list-multi" }, ...values)];
  });
  if (fields.length === 0) return undefined;
  const head = xml("field", { var: "FORM_TYPE", type: "hidden" }, xml("value", {}, FORM_TYPE));
  return xml("x", { xmlns: NS_DATA_FORM, type: "result" }, head, ...fields);
}
