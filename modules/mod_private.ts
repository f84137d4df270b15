import {
  cloneElement,
  childElements,
  inject,
  injectable,
  ModuleApiToken,
  nodeOf,
  parseStanza,
  serialise,
  StanzaError,
  xml,
  type Element,
  type IqEvent,
  type MapStore,
  type ModuleApi,
} from "chorus-muc";

const NS_PRIVATE = "jabber:iq:private";
/** Elements that one user may store. */
const MAX_ELEMENTS = 200;

/** Keeps XML for clients, by name and namespace of the element (XEP-0049): bookmarks (XEP-0048) and the like. */
@injectable()
export default class PrivateStorage {
  readonly #elements: MapStore<string>;

  constructor(@inject(ModuleApiToken) private readonly module: ModuleApi) {
    this.#elements = module.openStore<string, "map">("private", "map");
  }

  load(): void {
    this.module.addFeature(NS_PRIVATE);
    this.module.hook(`iq-get/self/${NS_PRIVATE}:query`, (event) => this.#get(event));
    this.module.hook(`iq-set/self/${NS_PRIVATE}:query`, (event) => this.#set(event));
    this.module.hookGlobal("user-deleted", ({ username, host }) => {
      if (host !== this.module.host) return;
      this.#forget(username).catch((error: unknown) => {
        this.module.log("error", "the private XML of %s, who was deleted, is still stored: %s", username, error);
      });
    });
  }

  async #get({ origin, stanza }: IqEvent): Promise<Element | StanzaError> {
    const user = nodeOf(origin.fullJid ?? "");
    const wanted = childElements(childElements(stanza)[0] as Element);
    if (user === undefined || wanted.length !== 1) return new StanzaError({ type: "modify", condition: "bad-request" });
    const [element] = wanted as [Element];
    const stored = await this.#elements.get(user, keyOf(element));
    const empty = xml(element.name, { xmlns: element.attrs["xmlns"] as string | undefined });
    return xml("iq", {}, xml("query", NS_PRIVATE, stored === undefined ? empty : parseStanza(stored)));
  }

  async #set({ origin, stanza }: IqEvent): Promise<Element | StanzaError> {
    const user = nodeOf(origin.fullJid ?? "");
    const elements = childElements(childElements(stanza)[0] as Element);
    // XEP-0049 §2.1: what is stored has a namespace of its own.
    if (user === undefined || elements.length === 0 || elements.some((element) => !hasNamespace(element))) {
      return new StanzaError({ type: "modify", condition: "bad-request" });
    }
    const known = new Set<string>();
    for await (const [key] of this.#elements.entries(user)) known.add(key);
    const changes: Record<string, string | undefined> = {};
    for (const element of elements) {
      const key = keyOf(element);
      known.add(key);
      changes[key] = element.children.length === 0 ? undefined : serialise(cloneElement(element));
    }
    if (known.size > MAX_ELEMENTS) return new StanzaError({ type: "wait", condition: "resource-constraint" });
    await this.#elements.setKeys(user, changes);
    return xml("iq", {});
  }

  async #forget(user: string): Promise<void> {
    const changes: Record<string, undefined> = {};
    for await (const [key] of this.#elements.entries(user)) changes[key] = undefined;
    await this.#elements.setKeys(user, changes);
  }
}

function hasNamespace(element: Element): boolean {
  return typeof element.attrs["xmlns"] === "string" && element.attrs["xmlns"] !== NS_PRIVATE;
}

function keyOf(element: Element): string {
  return `${element.name}:${String(element.attrs["xmlns"] ?? "")}`;
}
