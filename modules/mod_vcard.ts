import { createHash } from "node:crypto";
import {
  bare,
  childElements,
  childText,
  cloneElement,
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
  type WriteOptions,
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

/** Base64 as a whole: groups of four, padded at the end (RFC 4648 §4). */
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

function refusal(condition: "bad-request" | "policy-violation", text: string): StanzaError {
  return new StanzaError({ type: "modify", condition, text });
}

/** Why a picture is none (XEP-0153 §4.5); one that is somewhere else, as `EXTVAL`, is not looked at. */
function checkPhoto(photo: Element): StanzaError | undefined {
  const type = childText(photo, "TYPE", NS_VCARD)?.trim();
  if (type && !/^image\/[\w.+-]+$/i.test(type))
    return refusal("bad-request", "PHOTO: the type is not that of an image");
  const data = dataOf(photo);
  return data === undefined || BASE64.test(data) ? undefined : refusal("bad-request", "PHOTO: the data is not base64");
}

function dataOf(photo: Element): string | undefined {
  return childText(photo, "BINVAL", NS_VCARD)?.replaceAll(/\s/g, "");
}

function photosOf(card: Element): Element[] {
  return childElements(card).filter(({ name, attrs }) => name === "PHOTO" && (attrs["xmlns"] ?? NS_VCARD) === NS_VCARD);
}

/**
 * Keeps vCards (XEP-0054): of accounts, and on a component of its bare JIDs, where another module says who may change
 * them. Store: option `vcard_store_name`, default `vcard`, on components `vcard_muc`. One that is larger than
 * `vcard_max_size` (bytes of its XML, default 262144), or has a picture that is none, is refused.
 */
@injectable()
export default class VCards {
  #store!: KeyvalStore<string>;
  #maxSize = 0;

  constructor(@inject(ModuleApiToken) private readonly module: ModuleApi) {}

  load(): void {
    const name = this.module.getHostType() === "component" ? "vcard_muc" : "vcard";
    this.#store = this.module.openStore<string>(this.module.getOptionString("vcard_store_name", name));
    this.#maxSize = this.module.getOptionInteger("vcard_max_size", 262144, 0);
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

  /**
   * Stores a vCard, and tells nobody.
   * @param card `undefined` removes
   * @param options whether it must be on disk before it is done (default: yes)
   */
  async set(node: string | null, card: Element | undefined, options?: WriteOptions): Promise<void> {
    await this.#store.set(node, card && serialise(cloneElement(card)), options);
  }

  /** The same at once, where the store can tell; `undefined`: it cannot. */
  getSync(node: string | null): { readonly card: Element | undefined } | undefined {
    const stored = this.#store.getSync?.(node);
    return stored && { card: stored.value === undefined ? undefined : parseStanza(stored.value) };
  }

  /** Why a vCard is not stored: it is too large, or has a picture that is none. */
  check(card: Element): StanzaError | undefined {
    const size = Buffer.byteLength(serialise(card));
    if (size > this.#maxSize) return refusal("policy-violation", `A vCard has at most ${this.#maxSize} bytes`);
    for (const photo of photosOf(card)) {
      const error = checkPhoto(photo);
      if (error) return error;
    }
    return undefined;
  }

  /** SHA-1 of each picture, lower-case hex (XEP-0153 §3.1, XEP-0486 §5.1). */
  hashesOf(card: Element): string[] {
    return photosOf(card).flatMap((photo) => {
      const data = dataOf(photo);
      return data ? [createHash("sha1").update(Buffer.from(data, "base64")).digest("hex")] : [];
    });
  }

  /** The hash of the picture; of several, the first. */
  async avatarHash(node: string | null): Promise<string | undefined> {
    const card = await this.get(node);
    return card && this.hashesOf(card)[0];
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
    const card = childElements(stanza)[0] as Element;
    const refused = this.check(card);
    if (refused) return refused;
    await this.set(node, card);
    this.module.fireEvent("vcard-updated", Object.assign(event, { node }));
    return xml("iq", {});
  }
}

function nodeOfTarget({ origin, stanza }: IqEvent): string | null {
  return nodeOf(bare(String(stanza.attrs["to"] ?? origin.fullJid ?? ""))) ?? null;
}
