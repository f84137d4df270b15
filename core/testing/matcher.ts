/**
 * Compares a received stanza with an expected one, by the rules of scenario scripts.
 *
 * Name and namespace are equal, and: a *non-strict* element needs every expected attribute, a child of its own for
 * every expected child in any order, and the expected text unless that is blank. A *strict* one needs the same
 * attributes, the same children in the same order and the same text. Which it is: `scansion:strict` decides for its
 * element and all below, else what is below a strict element is strict, else elements of the stream's own namespace
 * are non-strict and all others strict.
 */
import { childElements, isElement, namespaceOf, type Element } from "../xmpp/element.js";
import { serialise } from "../xmpp/template.js";
import { STRICT_ATTRIBUTE } from "./scansion.js";

/** As an expected attribute value or text: any value that is there. */
export const ANY = "{scansion:any}";

const STREAM_NAMESPACES: ReadonlySet<string> = new Set(["jabber:client", "jabber:server", "jabber:component:accept"]);

/** Why a received element is not the expected one. */
export interface Mismatch {
  /** Where, from the stanza down: `presence > x > item`. */
  readonly path: string;
  readonly reason: string;
}

/** Whether `received` is what `expected` asks for. */
export function matches(expected: Element, received: Element): boolean {
  return compare(expected, received, undefined, "") === undefined;
}

/** The first difference that keeps `received` from being what `expected` asks for; `undefined` when it matches. */
export function mismatch(expected: Element, received: Element): Mismatch | undefined {
  return compare(expected, received, undefined, "");
}

/** The elements of an expected stanza that are compared strictly. */
export function strictElements(expected: Element): Set<Element> {
  const strict = new Set<Element>();
  const walk = (element: Element, parent: Strictness | undefined): void => {
    const mode = strictness(element, parent);
    if (mode.strict) strict.add(element);
    for (const child of childElements(element)) walk(child, mode);
  };
  walk(expected, undefined);
  return strict;
}

/** `explicit`: an attribute said so, and it holds for all below. */
interface Strictness {
  readonly strict: boolean;
  readonly explicit: boolean;
}

function strictness(expected: Element, parent: Strictness | undefined): Strictness {
  const said: unknown = expected.attrs[STRICT_ATTRIBUTE];
  if (typeof said === "string") return { strict: said === "true" || said === "1", explicit: true };
  if (parent?.explicit || parent?.strict) return parent;
  return { strict: streamNamespace(expected) !== undefined, explicit: false };
}

/** The namespace of an element, `undefined` for the stream's own, whichever stream that is. */
function streamNamespace(element: Element): string | undefined {
  const xmlns = namespaceOf(element);
  return xmlns === undefined || STREAM_NAMESPACES.has(xmlns) ? undefined : xmlns;
}

function attributesOf(element: Element): Map<string, string> {
  const attributes = new Map<string, string>();
  for (const [name, value] of Object.entries(element.attrs as Record<string, unknown>)) {
    if (
      name === "xmlns" ||
      name.startsWith("xmlns:") ||
      name === STRICT_ATTRIBUTE ||
      value === undefined ||
      value === null
    )
      continue;
    attributes.set(name, String(value));
  }
  return attributes;
}

/** The element's own text, without that of its children. */
function ownText(element: Element): string {
  return element.children.filter((child: unknown) => !isElement(child)).join("");
}

function compare(
  expected: Element,
  received: Element,
  parent: Strictness | undefined,
  parentPath: string,
): Mismatch | undefined {
  const path = parentPath === "" ? expected.name : `${parentPath} > ${expected.name}`;
  const differs = (reason: string): Mismatch => ({ path, reason });
  if (expected.name !== received.name) return differs(`expected <${expected.name}/>, got <${received.name}/>`);
  const [wantedNs, gotNs] = [streamNamespace(expected), streamNamespace(received)];
  if (wantedNs !== gotNs) {
    return differs(`expected namespace ${wantedNs ?? "of the stream"}, got ${gotNs ?? "that of the stream"}`);
  }
  const mode = strictness(expected, parent);
  const attributes = compareAttributes(expected, received, mode.strict);
  if (attributes !== undefined) return differs(attributes);
  const text = compareText(ownText(expected), ownText(received), mode.strict);
  if (text !== undefined) return differs(text);
  return mode.strict
    ? compareInOrder(expected, received, mode, path)
    : compareInAnyOrder(expected, received, mode, path);
}

function compareAttributes(expected: Element, received: Element, strict: boolean): string | undefined {
  const wanted = attributesOf(expected);
  const got = attributesOf(received);
  for (const [name, value] of wanted) {
    const actual = got.get(name);
    if (actual === undefined) return `expected ${name}="${value}", which is not there`;
    if (value !== ANY && value !== actual) return `expected ${name}="${value}", got ${name}="${actual}"`;
  }
  if (!strict) return undefined;
  for (const [name, value] of got) {
    if (!wanted.has(name)) return `unexpected attribute ${name}="${value}"`;
  }
  return undefined;
}

function compareText(wanted: string, got: string, strict: boolean): string | undefined {
  if (wanted.trim() === ANY) return got.trim() === "" ? "expected some text, got none" : undefined;
  if (wanted.trim() === "") {
    return strict && got.trim() !== "" ? `unexpected text ${JSON.stringify(got)}` : undefined;
  }
  return wanted === got ? undefined : `expected text ${JSON.stringify(wanted)}, got ${JSON.stringify(got)}`;
}

function compareInOrder(expected: Element, received: Element, mode: Strictness, path: string): Mismatch | undefined {
  const wanted = childElements(expected);
  const got = childElements(received);
  for (const [index, child] of wanted.entries()) {
    const actual = got[index];
    if (actual === undefined) return { path, reason: `expected child ${serialise(child)}, got no more children` };
    const difference = compare(child, actual, mode, path);
    if (difference !== undefined) return difference;
  }
  const extra = got[wanted.length];
  return extra === undefined ? undefined : { path, reason: `unexpected child ${serialise(extra)}` };
}

/** Finds a received child of its own for every expected one; a child that fits two is moved if that helps another. */
function compareInAnyOrder(expected: Element, received: Element, mode: Strictness, path: string): Mismatch | undefined {
  const wanted = childElements(expected);
  const got = childElements(received);
  const takenBy = new Map<number, number>();
  const fits = wanted.map((child) =>
    got.flatMap((actual, index) => (compare(child, actual, mode, path) === undefined ? [index] : [])),
  );
  const place = (child: number, tried: Set<number>): boolean =>
    (fits[child] ?? []).some((index) => {
      if (tried.has(index)) return false;
      tried.add(index);
      const holder = takenBy.get(index);
      if (holder !== undefined && !place(holder, tried)) return false;
      takenBy.set(index, child);
      return true;
    });
  for (const [index, child] of wanted.entries()) {
    if (place(index, new Set())) continue;
    // The one child that could have been meant says more than "none matches".
    const namesakes = got.filter((actual) => actual.name === child.name && namespaceOf(actual) === namespaceOf(child));
    const [only] = namesakes;
    const difference = namesakes.length === 1 && only !== undefined ? compare(child, only, mode, path) : undefined;
    return difference ?? { path, reason: `no child matches ${serialise(child)}` };
  }
  return undefined;
}
