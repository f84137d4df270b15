import {
  AccountError,
  Accounts,
  bare,
  childElements,
  childText,
  domainOf,
  getChild,
  HostsToken,
  inject,
  injectable,
  ModuleApiToken,
  nodeOf,
  nodeprep,
  NS_REGISTER,
  StanzaError,
  xml,
  type Element,
  type Hosts,
  type IqEvent,
  type ModuleApi,
} from "chorus-muc";

/** Lets users change their password and remove their account (XEP-0077 §3.2, §3.3). */
@injectable()
export default class UserAccountManagement {
  readonly #accounts: Accounts;

  constructor(
    @inject(ModuleApiToken) private readonly module: ModuleApi,
    @inject(HostsToken) private readonly hosts: Hosts,
  ) {
    this.#accounts = new Accounts(hosts);
  }

  load(): void {
    for (const kind of ["self", "host"] as const) {
      this.module.hook(`iq-get/${kind}/${NS_REGISTER}:query`, (event) => {
        const username = this.#userOf(event);
        if (username === undefined) return undefined;
        const query = xml(
          "query",
          NS_REGISTER,
          xml("registered", {}),
          xml("username", {}, username),
          xml("password", {}),
        );
        return xml("iq", {}, query);
      });
      this.module.hook(`iq-set/${kind}/${NS_REGISTER}:query`, (event) => {
        const username = this.#userOf(event);
        return username === undefined ? undefined : this.#change(event, username);
      });
    }
  }

  /** The sender, if it is a user of this host. */
  #userOf({ stanza }: IqEvent): string | undefined {
    const from = String(stanza.attrs["from"] ?? "");
    return domainOf(from) === this.module.host ? nodeOf(from) : undefined;
  }

  async #change({ stanza }: IqEvent, username: string): Promise<Element | StanzaError> {
    const query = childElements(stanza)[0] as Element;
    const { host } = this.module;
    try {
      if (getChild(query, "remove", NS_REGISTER)) {
        if (childElements(query).length > 1) return new StanzaError({ type: "modify", condition: "bad-request" });
        await this.#accounts.delete(username, host);
        this.module.log("info", "%s@%s removed the account", username, host);
        return xml("iq", {});
      }
      const named = nodeprep(childText(query, "username", NS_REGISTER) ?? "");
      const password = childText(query, "password", NS_REGISTER) ?? "";
      if (named !== username || password === "") return new StanzaError({ type: "modify", condition: "bad-request" });
      await this.#accounts.setPassword(username, host, password);
    } catch (error) {
      if (!(error instanceof AccountError)) throw error;
      const unacceptable = error.code === "ACCOUNT_PASSWORD";
      return unacceptable
        ? new StanzaError({ type: "modify", condition: "not-acceptable" })
        : new StanzaError({ type: "cancel", condition: "not-allowed" });
    }
    this.#closeOthers(String(stanza.attrs["from"]));
    return xml("iq", {});
  }

  /** Whoever is logged in with the old password has to log in again. */
  #closeOthers(fullJid: string): void {
    for (const session of this.hosts.get(this.module.host)?.sessions.ofUser(bare(fullJid)) ?? []) {
      if (session.fullJid !== fullJid) session.close("reset", "Password changed");
    }
  }
}
