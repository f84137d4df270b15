import {
  bare,
  getChild,
  HostsToken,
  inject,
  injectable,
  ModuleApiToken,
  nodeOf,
  NS_VCARD_UPDATE,
  xml,
  type ExportsOf,
  type Hosts,
  type ModuleApi,
  type StanzaEvent,
} from "chorus-muc";

/**
 * Stamps the available presence of local users with the hash of their avatar (XEP-0153 §3.1), for clients that do not
 * do so themselves; an empty `<photo/>` says that there is none.
 */
@injectable()
export default class VCardUpdates {
  /** By user that is logged in. */
  readonly #hashes = new Map<string, string | undefined>();
  #vcards!: ExportsOf<"vcard">;

  constructor(
    @inject(ModuleApiToken) private readonly module: ModuleApi,
    @inject(HostsToken) private readonly hosts: Hosts,
  ) {}

  load(): void {
    this.#vcards = this.module.depends("vcard");
    this.module.hook("pre-resource-bind", async ({ username }) => {
      if (!this.#hashes.has(username)) this.#hashes.set(username, await this.#vcards.avatarHash(username));
      return undefined;
    });
    this.module.hook("vcard-updated", ({ node }) => {
      if (node !== null && this.#hashes.has(node)) void this.#refresh(node); // it tells of its failures itself
    });
    this.module.hook("resource-unbind", ({ session }) => {
      const user = bare(session.fullJid ?? "");
      const others = this.hosts.get(this.module.host)?.sessions.ofUser(user) ?? [];
      if (others.length === 0) this.#hashes.delete(nodeOf(user) ?? "");
    });
    for (const kind of ["full", "bare", "host"] as const) {
      // Before presence is delivered or kept.
      this.module.hook(`pre-presence/${kind}`, (event) => this.#stamp(event), 1);
    }
  }

  async #refresh(username: string): Promise<void> {
    try {
      this.#hashes.set(username, await this.#vcards.avatarHash(username));
    } catch (error) {
      this.module.log("error", "the vCard of %s cannot be read: %s", username, error);
    }
  }

  #stamp({ origin, stanza }: StanzaEvent): undefined {
    if (stanza.attrs["type"] !== undefined) return;
    let update = getChild(stanza, "x", NS_VCARD_UPDATE);
    if (update && getChild(update, "photo", NS_VCARD_UPDATE)) return;
    if (!update) {
      update = xml("x", NS_VCARD_UPDATE);
      stanza.append(update);
    }
    const hash = this.#hashes.get(nodeOf(bare(origin.fullJid ?? "")) ?? "");
    update.append(xml("photo", {}, ...(hash === undefined ? [] : [hash])));
  }
}
