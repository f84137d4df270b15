import fc from "fast-check";
import { Element } from "../../../core/xmpp/element.js";

interface Shape {
  readonly name: string;
  readonly namespace: string;
  readonly attrs: Readonly<Record<string, string>>;
  readonly children: readonly (Shape | string)[];
}

const CLIENT = "jabber:client";

const character = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(..."ab<>&\"' \t\n\r]é🎭\u2028") },
  { weight: 1, arbitrary: fc.string({ unit: "binary", minLength: 1, maxLength: 1 }) },
);
/** Text of what XML 1.0 §2.2 allows. */
const text = fc
  .string({ unit: character, maxLength: 12 })
  .map((value) => value.replace(/[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]|\p{Surrogate}/gu, ""));

const { shape } = fc.letrec<{ shape: Shape }>((tie) => ({
  shape: fc.record({
    name: fc.constantFrom("message", "body", "x", "item", "A-b.c_1", "é"),
    namespace: fc.constantFrom(CLIENT, CLIENT, "urn:x", "http://example/#y", ""),
    attrs: fc.dictionary(fc.constantFrom("id", "to", "xml:lang", "p:a", "constructor", "ö"), text, { maxKeys: 4 }),
    children: fc.oneof(
      { maxDepth: 4, depthIdentifier: "tree" },
      fc.constant([] as readonly (Shape | string)[]),
      fc.array(fc.oneof(text, tie("shape")), { maxLength: 4 }),
    ),
  }),
}));

function build({ name, namespace, attrs, children }: Shape, parentNamespace: string): Element {
  const element = new Element(name, {
    ...(namespace === parentNamespace ? {} : { xmlns: namespace }),
    ...("p:a" in attrs ? { "xmlns:p": "urn:p" } : {}),
    ...attrs,
  });
  for (const child of children) {
    if (typeof child !== "string") element.append(build(child, namespace));
    else if (typeof element.children.at(-1) === "string") continue;
    else if (child !== "") element.append(child);
  }
  return element;
}

/** Any stanza, in the shape in which stanzas are received. */
export const arbitraryElement: fc.Arbitrary<Element> = shape.map((it) => build({ ...it, namespace: CLIENT }, CLIENT));

/** An element as plain data, to be compared; the order of attributes does not count. */
export function plain(element: Element): unknown {
  const attrs = Object.entries(element.attrs as Record<string, string>).sort(([a], [b]) => (a < b ? -1 : 1));
  const children = (element.children as (Element | string)[]).map((child) =>
    typeof child === "string" ? child : plain(child),
  );
  return { name: element.name, attrs, children };
}
