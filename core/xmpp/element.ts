/**
 * The stanza of the public API: an `@xmpp/xml` element, and what every part of Chorus does with one.
 *
 * Elements that reach a module carry resolved namespaces: no prefixes, an `xmlns` attribute exactly where an element's
 * namespace differs from its parent's, and none on a stanza of the stream's own namespace (`jabber:client` and
 * `jabber:component:accept` are the same thing past the link). What has XML's own prefix, as `xml:lang`, keeps its literal
 * name.
 */
import xml, { Element } from "@xmpp/xml";

export { xml, Element };

/** True for an element child, false for text. */
export function isElement(node: unknown): node is Element {
  return node instanceof Element;
}

/** The element children, in order, without the text between them. */
export function childElements(parent: Element): Element[] {
  return parent.children.filter(isElement);
}

/** The first child of that name whose namespace is `xmlns` (default: that of the stanza, which is written as none). */
export function getChild(parent: Element, name: string, xmlns?: string): Element | undefined {
  for (const child of parent.children) {
    if (!isElement(child) || child.name !== name) continue;
    if (xmlns === undefined ? child.attrs["xmlns"] === undefined : namespaceOf(child) === xmlns) return child;
  }
  return undefined;
}

/** Text of the first child of that name, or `undefined` when there is no such child. */
export function childText(parent: Element, name: string, xmlns?: string): string | undefined {
  return getChild(parent, name, xmlns)?.text();
}

/** The namespace of an element, looked up through its ancestors; `undefined` for a stanza's own. */
export function namespaceOf(element: Element): string | undefined {
  for (let at: Element | null = element; at !== null; at = at.parent) {
    const xmlns: unknown = at.attrs["xmlns"];
    if (typeof xmlns === "string") return xmlns;
  }
  return undefined;
}

/** A deep copy that shares nothing with the original. */
export function cloneElement(element: Element): Element {
  return cloneWithoutAttribute(element, undefined);
}

/** A deep copy, but for one attribute of the element. Faster than to delete it afterwards, which leaves a slow object. */
export function cloneWithoutAttribute(element: Element, attribute: string | undefined): Element {
  const copy = new Element(element.name);
  for (const name in element.attrs) if (name !== attribute) copy.attrs[name] = element.attrs[name];
  for (const child of element.children) copy.append(isElement(child) ? cloneElement(child) : child);
  return copy;
}

/**
 * Removes the children for which `condition` holds, in place; text stays.
 * @param subject what else `condition` is told, so that it need not be a function of its own for each call
 * @returns how many were removed
 */
export function removeChildren<T = undefined>(
  parent: Element,
  condition: (child: Element, subject: T) => boolean,
  subject?: T,
): number {
  const { children } = parent;
  // Mostly there is none, and nothing is made.
  for (const child of children) {
    if (!isElement(child) || !condition(child, subject as T)) continue;
    parent.children = children.filter((each: unknown) => !isElement(each) || !condition(each, subject as T));
    return children.length - parent.children.length;
  }
  return 0;
}
