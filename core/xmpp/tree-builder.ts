import type { SaxesTagNS } from "saxes";
import { Element } from "./element.js";
import { NS_CLIENT } from "./namespaces.js";

/** Turns the events of the XML parser into elements of the shape that `element.ts` describes; one tree at a time. */
export class TreeBuilder {
  readonly #contentNamespace: string;
  #root: Element | undefined;
  #current: Element | undefined;
  /** Namespaces of the open elements, outermost first. */
  readonly #namespaces: string[] = [];

  /** @param contentNamespace default namespace of the stream: what is in it counts as being in `jabber:client` */
  constructor(contentNamespace: string = NS_CLIENT) {
    this.#contentNamespace = contentNamespace;
  }

  /** Elements that are open, the root included. */
  get depth(): number {
    return this.#namespaces.length;
  }

  /** The outermost of them. */
  get root(): Element | undefined {
    return this.#root;
  }

  open(tag: SaxesTagNS): void {
    const around = this.#namespaces.at(-1) ?? NS_CLIENT;
    // XML's own namespace is nobody's default (Namespaces in XML 1.0 §3): written so, it would end the streams of those
    // who receive it. With its prefix it is no default for what is within, either.
    const isOfXml = tag.prefix === "xml";
    const own = tag.uri === this.#contentNamespace ? NS_CLIENT : tag.uri;
    const namespace = isOfXml ? around : own;
    const element = new Element(isOfXml ? tag.name : tag.local);
    const attrs = element.attrs as Record<string, string>;
    if (namespace !== around) attrs["xmlns"] = namespace;
    for (const name in tag.attributes) {
      const { prefix, uri, value } = tag.attributes[name] as SaxesTagNS["attributes"][string];
      if (prefix === "") {
        if (name !== "xmlns") attrs[name] = value;
      } else if (prefix !== "xmlns") {
        // Declared where it is used and not further up, so that a child taken out of its parent stays whole.
        if (prefix !== "xml") attrs[`xmlns:${prefix}`] = uri;
        attrs[name] = value;
      }
    }
    if (this.#current) {
      element.parent = this.#current;
      this.#current.children.push(element);
    } else this.#root = element;
    this.#current = element;
    this.#namespaces.push(namespace);
  }

  /** Adds text to the open element; text that is split by the parser, or by CDATA, becomes one node. */
  text(text: string): void {
    const children = this.#current?.children;
    if (!children || text === "") return;
    const last: unknown = children.at(-1);
    if (typeof last === "string") children[children.length - 1] = last + text;
    else children.push(text);
  }

  /** Closes the innermost open element. @returns the root, once that was closed */
  close(): Element | undefined {
    const closed = this.#current;
    this.#namespaces.pop();
    this.#current = closed?.parent ?? undefined;
    if (this.#current) return undefined;
    this.#root = undefined;
    return closed;
  }
}
