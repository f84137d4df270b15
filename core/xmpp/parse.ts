import { SaxesParser } from "saxes";
import type { Element } from "./element.js";
import { NS_CLIENT, TreeBuilder } from "./tree-builder.js";

/**
 * Parses one whole element from text of our own: storage, configuration, tests. What a peer sends goes through a
 * `StreamParser`, which has limits.
 *
 * The root is in `jabber:client` unless it says otherwise; the element has the same shape as a received one.
 * @throws SyntaxError on text that is not well-formed XML, and on document types and processing instructions
 */
export function parseStanza(text: string): Element {
  const parser = new SaxesParser({ xmlns: true, additionalNamespaces: { "": NS_CLIENT } });
  const tree = new TreeBuilder();
  let root: Element | undefined;
  const refuse = (what: string): never => {
    throw new SyntaxError(`parseStanza: ${what} in ${text.length > 200 ? `${text.slice(0, 200)}…` : text}`);
  };
  parser.on("error", (error) => refuse(error.message));
  parser.on("doctype", () => refuse("document type"));
  parser.on("processinginstruction", () => refuse("processing instruction"));
  parser.on("opentag", (tag) => {
    tree.open(tag);
  });
  parser.on("text", (data) => {
    tree.text(data);
  });
  parser.on("cdata", (data) => {
    tree.text(data);
  });
  parser.on("closetag", () => {
    root = tree.close() ?? root;
  });
  parser.write(text).close();
  return root ?? refuse("no element");
}
