import type { Element } from "./element.js";
import { NS_CLIENT } from "./namespaces.js";
import { PlainStanzaReader } from "./plain-stanza.js";
import { TreeBuilder } from "./tree-builder.js";
import { createXmlParser } from "./xml-parser.js";

const ignore = (): void => undefined;

const plainReader = new PlainStanzaReader({ contentNamespace: NS_CLIENT, maxDepth: 1000, maxAttributes: 1000 });
/** Halves of characters, which UTF-8 does not have. */
const LONE_SURROGATE = /\p{Surrogate}/u;

/**
 * Parses one whole element from text of our own: storage, configuration, tests. What a peer sends goes through a
 * `StreamParser`, which has limits.
 *
 * The root is in `jabber:client` unless it says otherwise; the element has the same shape as a received one.
 * @throws SyntaxError on text that is not well-formed XML, and on document types and processing instructions
 */
export function parseStanza(text: string): Element {
  return parsePlain(text) ?? parseAny(text);
}

/** The element, if it is plain and nothing else is there. */
function parsePlain(text: string): Element | undefined {
  if (!text.startsWith("<")) return undefined;
  const bytes = Buffer.from(text);
  if (bytes.length > text.length && LONE_SURROGATE.test(text)) return undefined;
  plainReader.begin(bytes);
  const element = plainReader.read(0);
  return plainReader.end === bytes.length ? element : undefined;
}

function parseAny(text: string): Element {
  const tree = new TreeBuilder();
  let root: Element | undefined;
  const refuse = (what: string): never => {
    throw new SyntaxError(`parseStanza: ${what} in ${text.length > 200 ? `${text.slice(0, 200)}…` : text}`);
  };
  const onText = (data: string): void => {
    tree.text(data);
  };
  const parser = createXmlParser(
    {
      error: (error) => refuse(error.message),
      xmldecl: ignore,
      doctype: () => refuse("document type"),
      comment: ignore,
      processinginstruction: () => refuse("processing instruction"),
      opentagstart: ignore,
      attribute: ignore,
      opentag: (tag) => {
        tree.open(tag);
      },
      closetag: () => {
        root = tree.close() ?? root;
      },
      text: onText,
      cdata: onText,
    },
    { additionalNamespaces: { "": NS_CLIENT } },
  );
  parser.write(text).close();
  return root ?? refuse("no element");
}
