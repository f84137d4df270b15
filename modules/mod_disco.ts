import {
  bare,
  childElements,
  cloneElement,
  HostsToken,
  inject,
  injectable,
  ModuleApiToken,
  nodeOf,
  NS_DISCO_INFO,
  NS_DISCO_ITEMS,
  StanzaError,
  xml,
  type DiscoEvent,
  type Element,
  type Hosts,
  type IqEvent,
  type ModuleApi,
} from "chorus-muc";

/** A list may have to be made first, as that of many rooms that were brought over. */
const ITEMS = { deadlineMs: 60_000 };

interface Identity {
  readonly category: string;
  readonly type: string;
  readonly name?: string;
}

/**
 * Service discovery (XEP-0030) of a host and its accounts: identities, features and forms that modules added, and the
 * components below a VirtualHost.
 */
@injectable()
export default class Disco {
  constructor(
    @inject(ModuleApiToken) private readonly module: ModuleApi,
    @inject(HostsToken) private readonly hosts: Hosts,
  ) {}

  load(): void {
    this.module.addFeature(NS_DISCO_INFO);
    this.module.addFeature(NS_DISCO_ITEMS);
    if (this.module.getHostType() === "local") {
      this.module.addIdentity("server", "im", this.module.getOptionString("name", "Chorus"));
      this.module.depends("roster", true);
      this.module.hook(`iq-get/bare/${NS_DISCO_INFO}:query`, (event) => this.#ofAccount(event, "account-disco-info"));
      this.module.hook(`iq-get/bare/${NS_DISCO_ITEMS}:query`, (event) => this.#ofAccount(event, "account-disco-items"));
    } else if (this.module.getOptionBoolean("disco_hidden", false)) this.module.addItem("disco-hidden", true);
    this.module.hook(`iq-get/host/${NS_DISCO_INFO}:query`, (event) => this.#info(event));
    this.module.hook(`iq-get/host/${NS_DISCO_ITEMS}:query`, (event) => this.#items(event), 0, ITEMS);
  }

  #info(event: IqEvent): Element | StanzaError {
    const disco = answerTo(event, NS_DISCO_INFO);
    const { node } = disco;
    if (node !== undefined) {
      return this.#ofNode(disco, this.module.fireEvent("host-disco-info-node", Object.assign(disco, { node })));
    }
    for (const { category, type, name } of this.module.getHostItems<Identity>("identity")) {
      disco.query.append(xml("identity", { category, type, ...(name !== undefined && { name }) }));
    }
    for (const feature of new Set(this.module.getHostItems<string>("feature"))) {
      disco.query.append(xml("feature", { var: feature }));
    }
    for (const form of this.module.getHostItems<Element>("extension")) disco.query.append(cloneElement(form));
    return disco.reply;
  }

  #items(event: IqEvent): Element | StanzaError | Promise<Element | StanzaError> {
    const disco = answerTo(event, NS_DISCO_ITEMS);
    const { node } = disco;
    if (node !== undefined) {
      return this.#ofNode(disco, this.module.fireEvent("host-disco-items-node", Object.assign(disco, { node })));
    }
    for (const [jid, name] of this.#configuredItems()) {
      disco.query.append(xml("item", { jid, ...(name !== undefined && { name }) }));
    }
    const refusal = this.module.fireEventAsync("host-disco-items", disco);
    return refusal instanceof Promise ? refusal.then((error) => error ?? disco.reply) : (refusal ?? disco.reply);
  }

  /** Nodes exist only where some module says so. */
  #ofNode(disco: Disclosure, result: StanzaError | boolean | undefined): Element | StanzaError {
    if (result instanceof StanzaError) return result;
    if (disco.exists === true) return disco.reply;
    return new StanzaError({ type: "cancel", condition: "item-not-found", text: "Node does not exist" });
  }

  /** Components whose name ends in this host's (their own `disco_hidden` leaves them out), and option `disco_items`. */
  #configuredItems(): [jid: string, name?: string][] {
    const items: [string, string?][] = [];
    if (this.module.getHostType() === "local") {
      for (const host of this.hosts) {
        if (host.type !== "component" || !host.name.endsWith(`.${this.module.host}`)) continue;
        if (host.items("disco-hidden").length > 0) continue;
        const [identity] = host.items("identity") as Identity[];
        items.push(identity?.name === undefined ? [host.name] : [host.name, identity.name]);
      }
    }
    for (const item of this.module.getOptionArray("disco_items", [])) {
      if (!Array.isArray(item) || typeof item[0] !== "string") continue;
      items.push(typeof item[1] === "string" ? [item[0], item[1]] : [item[0]]);
    }
    return items;
  }

  /** An account shows itself to its user and to those who may see the user's presence (XEP-0030 §8). */
  #ofAccount(event: IqEvent, name: "account-disco-info" | "account-disco-items"): Element | StanzaError | undefined {
    const { stanza, toSelf } = event;
    const from = bare(String(stanza.attrs["from"]));
    const user = nodeOf(String(stanza.attrs["to"] ?? from));
    const roster = user === undefined ? undefined : this.module.depends("roster", true)?.get(user);
    if (toSelf !== true && roster?.sendsPresenceTo(from) !== true) {
      return new StanzaError({ type: "cancel", condition: "service-unavailable" });
    }
    const disco = answerTo(event, name === "account-disco-info" ? NS_DISCO_INFO : NS_DISCO_ITEMS);
    if (disco.node !== undefined) {
      return new StanzaError({ type: "cancel", condition: "item-not-found", text: "Node does not exist" });
    }
    if (name === "account-disco-info") {
      disco.query.append(xml("identity", { category: "account", type: "registered" }));
      for (const feature of [NS_DISCO_INFO, NS_DISCO_ITEMS]) disco.query.append(xml("feature", { var: feature }));
    }
    this.module.fireEvent(name, disco);
    return disco.reply;
  }
}

interface Disclosure extends DiscoEvent {
  node?: string;
  exists?: boolean;
}

function answerTo({ origin, stanza }: IqEvent, xmlns: string): Disclosure {
  const node: unknown = childElements(stanza)[0]?.attrs["node"];
  const named = typeof node === "string" && node !== "" ? { node } : {};
  const query = xml("query", { xmlns, ...named });
  return { origin, stanza, query, reply: xml("iq", {}, query), ...named };
}
