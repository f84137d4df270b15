import {
  AccountError,
  Accounts,
  childElements,
  childText,
  ClockToken,
  errorReply,
  getChild,
  HostsToken,
  inject,
  injectable,
  isClientStream,
  ModuleApiToken,
  nodeprep,
  NS_REGISTER,
  reply,
  StanzaError,
  xml,
  type ClientStream,
  type Clock,
  type Element,
  type Hosts,
  type ModuleApi,
} from "chorus-muc";

/** Addresses remembered; the oldest go first, so that a flood of them cannot fill the memory. */
const MAX_ADDRESSES = 10_000;

/** Lets clients make accounts before they log in (XEP-0077 §3.1), where `allow_registration` is true. */
@injectable()
export default class InBandRegistration {
  readonly #accounts: Accounts;
  /** Unix seconds of the last account made, by address. */
  readonly #lastMade = new Map<string, number>();
  #requireEncryption = true;
  #minSeconds = 0;

  constructor(
    @inject(ModuleApiToken) private readonly module: ModuleApi,
    @inject(HostsToken) hosts: Hosts,
    @inject(ClockToken) private readonly clock: Clock,
  ) {
    this.#accounts = new Accounts(hosts);
  }

  load(): void {
    if (!this.module.getOptionBoolean("allow_registration", false)) return;
    this.#requireEncryption = this.module.getOptionBoolean("c2s_require_encryption", true);
    this.#minSeconds = this.module.getOptionPeriod("min_seconds_between_registrations", 60, 0); // per address
    this.module.hook("stream-features", ({ origin, features }) => {
      if (isClientStream(origin) && origin.username === undefined && this.#isOpenTo(origin)) {
        features.append(xml("register", "http://jabber.org/features/iq-register"));
      }
    });
    this.module.hook(`stanza/iq/${NS_REGISTER}:query`, ({ origin, stanza }) => {
      if (!isClientStream(origin) || origin.username !== undefined) return undefined;
      if (!this.#isOpenTo(origin)) {
        origin.send(errorReply(stanza, new StanzaError({ type: "cancel", condition: "not-allowed" })));
      } else if (stanza.attrs["type"] === "get") origin.send(this.#fields(stanza));
      else origin.hold(this.#register(origin, stanza));
      return true;
    });
  }

  #isOpenTo(stream: ClientStream): boolean {
    return stream.secure || !this.#requireEncryption;
  }

  #fields(stanza: Element): Element {
    const answer = reply(stanza);
    const instructions = xml("instructions", {}, "Choose a user name and a password.");
    answer.append(xml("query", NS_REGISTER, instructions, xml("username", {}), xml("password", {})));
    return answer;
  }

  async #register(stream: ClientStream, stanza: Element): Promise<void> {
    const refusal = await this.#create(stream, childElements(stanza)[0] as Element);
    stream.send(refusal ? errorReply(stanza, refusal) : reply(stanza));
  }

  async #create(stream: ClientStream, query: Element): Promise<StanzaError | undefined> {
    if (getChild(query, "remove", NS_REGISTER))
      return new StanzaError({ type: "auth", condition: "registration-required" });
    const username = nodeprep(childText(query, "username", NS_REGISTER) ?? "");
    const password = childText(query, "password", NS_REGISTER) ?? "";
    if (username === undefined || password === "")
      return new StanzaError({ type: "modify", condition: "not-acceptable" });
    const address = stream.ip ?? "";
    const now = this.clock.now() / 1000;
    const last = this.#lastMade.get(address);
    if (last !== undefined && now - last < this.#minSeconds) {
      stream.log("info", "registration refused: too soon after the last one from %s", address);
      return new StanzaError({
        type: "wait",
        condition: "not-acceptable",
        text: "Too many accounts from this address",
      });
    }
    // Noted before the account is made: what comes meanwhile is too soon as well.
    this.#lastMade.delete(address);
    this.#lastMade.set(address, now);
    if (this.#lastMade.size > MAX_ADDRESSES) this.#lastMade.delete(this.#lastMade.keys().next().value as string);
    try {
      await this.#accounts.create(username, this.module.host, password);
    } catch (error) {
      if (last === undefined) this.#lastMade.delete(address);
      return accountRefusal(error);
    }
    stream.log("info", "account %s@%s registered", username, this.module.host);
    return undefined;
  }
}

function accountRefusal(error: unknown): StanzaError {
  if (!(error instanceof AccountError)) {
    return new StanzaError({ type: "wait", condition: "internal-server-error", cause: error });
  }
  if (error.code === "ACCOUNT_EXISTS") return new StanzaError({ type: "cancel", condition: "conflict" });
  if (error.code === "ACCOUNT_PASSWORD") return new StanzaError({ type: "modify", condition: "not-acceptable" });
  return new StanzaError({ type: "cancel", condition: "not-allowed" });
}
