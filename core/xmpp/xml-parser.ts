import { SaxesParser, type SaxesOptions, type SaxesTagNS, type XMLDecl } from "saxes";

/** A parser of XML with namespaces. */
export type XmlParser = SaxesParser<{ xmlns: true }>;

/** What the parser tells; whatever a handler throws comes out of `write`. */
export interface XmlHandlers {
  /** Must throw: the parser would go on with a guess. */
  error(error: Error): never;
  xmldecl(declaration: XMLDecl): void;
  doctype(): void;
  comment(): void;
  processinginstruction(): void;
  opentagstart(tag: { readonly name: string }): void;
  attribute(attribute: { readonly name: string }): void;
  opentag(tag: SaxesTagNS): void;
  closetag(): void;
  text(text: string): void;
  cdata(text: string): void;
}

/** The fields in which `SaxesParser` keeps its handlers. */
interface HandlerFields {
  errorHandler: XmlHandlers["error"];
  xmldeclHandler: XmlHandlers["xmldecl"];
  doctypeHandler: XmlHandlers["doctype"];
  commentHandler: XmlHandlers["comment"];
  piHandler: XmlHandlers["processinginstruction"];
  openTagStartHandler: XmlHandlers["opentagstart"];
  attributeHandler: XmlHandlers["attribute"];
  openTagHandler: XmlHandlers["opentag"];
  closeTagHandler: XmlHandlers["closetag"];
  textHandler: XmlHandlers["text"];
  cdataHandler: XmlHandlers["cdata"];
}

/** Makes a parser of XML 1.0 with all its handlers. */
export function createXmlParser(handlers: XmlHandlers, options?: SaxesOptions): XmlParser {
  const parser: XmlParser = new SaxesParser({
    ...options,
    xmlns: true,
    position: false,
    forceXMLVersion: true,
    defaultXMLVersion: "1.0",
  });
  // Not by `on`, which stores under a computed key: past a handful of those V8 keeps the parser's own state in a
  // dictionary, and parsing takes three times as long.
  const fields = parser as unknown as HandlerFields;
  fields.errorHandler = handlers.error;
  fields.xmldeclHandler = handlers.xmldecl;
  fields.doctypeHandler = handlers.doctype;
  fields.commentHandler = handlers.comment;
  fields.piHandler = handlers.processinginstruction;
  fields.openTagStartHandler = handlers.opentagstart;
  fields.attributeHandler = handlers.attribute;
  fields.openTagHandler = handlers.opentag;
  fields.closeTagHandler = handlers.closetag;
  fields.textHandler = handlers.text;
  fields.cdataHandler = handlers.cdata;
  return parser;
}
