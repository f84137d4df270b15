import { createHash } from "node:crypto";
import {
  bare,
  childElements,
  childText,
  cloneElement,
  getChild,
  inject,
  injectable,
  ModuleApiToken,
  nodeOf,
  NS_VCARD,
  parseStanza,
  serialise,
  StanzaError,
  xml,
  type Element,
  type IqEvent,
  type KeyvalStore,
  type ModuleApi,
} from "chorus-muc";

declare module "chorus-muc" {
  interface ModuleExports {
    vcard: VCards;
  }
  interface IqEvent {
    /** Set by whoever knows that the sender may change the vCard of the entity addressed, on a component. */
    allowVcardModification?: boolean;
  }
  interface HostEvents {
    /** A vCard was stored. `node`: whose, `null` for the host's own. */
    "vcard-updated": IqEvent & { readonly node: string | null };
  }
}

/**
 * Keeps vCards (XEP-0054): of accounts, and on a component of its bare JIDs, where another module says who may change
 * them. Store: option `vcard_store_name`, default `vcard`, on components `vcard_muc`.
 */
@injectable()
export default class VCards {
  #store!: KeyvalStore<string>;

  constructor(@inject(ModuleApiToken) private readonly module: ModuleApi) {}

  load(): void {
    const name = this.module.getHostType() === "component" ? "vcard_muc" : "vcard";
    this.#store = this.module.openStore<string>(this.module.getOptionString("vcard_store_name", name));
    this.module.addFeature(NS_VCARD);
    this.module.hook(`iq-get/bare/${NS_VCARD}:vCard`, (event) => this.#answerGet(event));
    this.module.hook(`iq-get/host/${NS_VCARD}:vCard`, (event) => this.#answerGet(event));
    this.module.hook(`iq-set/bare/${NS_VCARD}:vCard`, (event) => this.#answerSet(event));
    this.module.hook(`iq-set/host/${NS_VCARD}:vCard`, (event) => this.#answerSet(event));
    this.module.hookGlobal("user-deleted", ({ username, host }) => {
      if (host !== this.module.host) return;
      this.#store.set(username, undefined).catch((error: unknown) => {
        this.module.log("error", "the vCard of %s, who was deleted, is still stored: %s", username, error);
      });
    });
  }

  /** The vCard of a node, `null`: of the host. */
  async get(node: string | null): Promise<Element | undefined> {
    const stored = await this.#store.get(node);
    return stored === undefined ? undefined : parseStanza(stored);
  }

  /** `undefined` removes. */
  async set(node: string | null, card: Element | undefined): Promise<void> {
    await this.#store.set(node, card && serialise(cloneElement(card)));
  }

  /** SHA-1 of the picture, lower-case hex (XEP-0153 §3.1); `undefined` when there is none. */
  async avatarHash(node: string | null): Promise<string | undefined> {
    const card = await this.get(node);
    return card && photoHash(card);
  }

  async #answerGet(event: IqEvent): Promise<Element | StanzaError> {
    const card = await this.get(nodeOfTarget(event));
    return card ? xml("iq", {}, card) : new StanzaError({ type: "cancel", condition: "item-not-found" });
  }

  async #answerSet(event: IqEvent): Promise<Element | StanzaError> {
    const { stanza } = event;
    const own = event.toSelf === true && this.module.getHostType() === "local";
    if (!own && event.allowVcardModification !== true) return new StanzaError({ type: "auth", condition: "forbidden" });
    const node = nodeOfTarget(event);
    await this.set(node, childElements(stanza)[0]);
    this.module.fireEvent("vcard-updated", Object.assign(event, { node }));
    return xml("iq", {});
  }
}

function nodeOfTarget({ origin, stanza }: IqEvent): string | null {
  return nodeOf(bare(String(stanza.attrs["to"] ?? origin.fullJid ?? ""))) ?? null;
}

function photoHash(card: Element): string | undefined {
  const photo = getChild(card, "PHOTO", NS_VCARD);
  const picture = photo && childText(photo, "BINVAL", NS_VCARD)?.replaceAll(/\s/g, "");
  return picture ? createHash("sha1").update(Buffer.from(picture, "base64")).digest("hex") : undefined;
}
