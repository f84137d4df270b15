import type { SaxesTagNS } from "saxes";
import type { Element } from "./element.js";
import { NS_STREAM, StreamError, type StreamErrorCondition } from "./stream-error.js";
import { TreeBuilder } from "./tree-builder.js";
import { isXmlName } from "./xml-names.js";
import { createXmlParser, type XmlParser } from "./xml-parser.js";

/** What a peer may send at most; beyond it the stream ends with `policy-violation`. */
export interface StreamLimits {
  /** Bytes of one stanza, and of the stream's header. */
  readonly maxStanzaBytes: number;
  /** Elements within each other in one stanza, the stanza included. */
  readonly maxDepth: number;
  /** Attributes of one element, namespace declarations included. */
  readonly maxAttributes: number;
}

/** The namespaces that a stream's header declares. */
export interface StreamNamespaces {
  /** The default namespace, which the stanzas are in. */
  readonly content: string;
  /** That of the header itself. */
  readonly stream: string;
}

/** What an {@link XmlStreamReader} tells; what one of them throws comes out of `write`. */
export interface XmlStreamEvents {
  onHeader(attrs: Readonly<Record<string, string>>, namespaces: StreamNamespaces): void;
  onStanza(element: Element): void;
  onEnd(): void;
}

const NOT_BLANK = /[^ \t\r\n]/;
/** Messages of the XML parser that stand for a forbidden feature of XML rather than for broken XML. */
const FORBIDDEN_FEATURE = /undefined entity|doctype/;

/**
 * Reads one XMPP stream with a parser of all of XML: text in, the header and stanzas out, in the shape that `element.ts`
 * describes. Between two stanzas it may be left out: what it does not hear of is as if it were not there.
 */
export class XmlStreamReader {
  readonly #limits: StreamLimits;
  readonly #contentNamespace: string;
  readonly #events: XmlStreamEvents;
  readonly #parser: XmlParser;
  readonly #tree: TreeBuilder;
  #hasHeader = false;
  #attributes = 0;
  /**
   * What was read but not yet told. The parser reports the end of an element before it finds that the closing tag
   * bears another name, so an element is told once the next event shows that there was no such error.
   */
  #untold: Element | "end" | undefined;

  /** The piece being parsed, its bytes, and where it starts in the parser's count of characters. */
  #piece = "";
  #pieceBytes = 0;
  #pieceStart = 0;
  /** Where in the piece the present stanza starts, in characters and bytes, and its bytes in earlier pieces. */
  #stanzaChars = 0;
  #stanzaStart = 0;
  #stanzaBytes = 0;
  /** Only white space was read since the last stanza. */
  #isAtBoundary = true;

  /** @param contentNamespace default namespace that the header must declare */
  constructor(limits: StreamLimits, contentNamespace: string, events: XmlStreamEvents) {
    this.#limits = limits;
    this.#contentNamespace = contentNamespace;
    this.#events = events;
    this.#tree = new TreeBuilder(contentNamespace);
    this.#parser = this.#newParser();
  }

  /** Whether the header was read. */
  get hasHeader(): boolean {
    return this.#hasHeader;
  }

  /** Whether only white space was read since the last stanza, or since the beginning. */
  get isAtBoundary(): boolean {
    return this.#isAtBoundary;
  }

  /** The name of the stanza that is being read, once its first tag was. */
  get openName(): string | undefined {
    return this.#tree.root?.name;
  }

  /** Reads on. @throws StreamError when the peer broke a rule */
  write(text: string): void {
    if (!this.#beginPiece(text)) return;
    this.#parser.write(this.#piece);
    this.#tell();
    this.#endPiece();
  }

  /** @returns false when there is nothing but white space between stanzas, of which the XML parser never hears */
  #beginPiece(text: string): boolean {
    if (this.#isAtBoundary) {
      const start = text.search(NOT_BLANK);
      if (start === -1) return false;
      if (start > 0) text = text.slice(start);
    }
    this.#pieceBytes = Buffer.byteLength(text);
    this.#pieceStart += this.#piece.length;
    this.#piece = text;
    this.#stanzaChars = this.#stanzaStart = 0;
    return true;
  }

  #endPiece(): void {
    this.#isAtBoundary =
      this.#tree.depth === 0 &&
      (this.#isAtBoundary || this.#stanzaChars > 0) &&
      !NOT_BLANK.test(this.#piece.slice(this.#stanzaChars));
    this.#stanzaBytes = this.#isAtBoundary ? 0 : this.#stanzaBytes + this.#pieceBytes - this.#stanzaStart;
    this.#checkSize(this.#stanzaBytes);
  }

  /** Checks the size of the stanza that ends where the parser is now. */
  #endStanza(): void {
    const start = this.#stanzaStart;
    this.#markStart(this.#parser.position);
    this.#checkSize(this.#stanzaBytes + this.#stanzaStart - start);
    this.#stanzaBytes = 0;
  }

  /** Marks where a stanza starts; its size counts from there. */
  #markStart(position: number): void {
    const chars = position - this.#pieceStart;
    // Plain ASCII needs no counting; of other text, each character is counted once.
    this.#stanzaStart =
      this.#pieceBytes === this.#piece.length
        ? chars
        : this.#stanzaStart + Buffer.byteLength(this.#piece.slice(this.#stanzaChars, chars));
    this.#stanzaChars = chars;
  }

  #checkSize(bytes: number): void {
    const { maxStanzaBytes } = this.#limits;
    if (bytes > maxStanzaBytes)
      throw new StreamError("policy-violation", `more than ${maxStanzaBytes} bytes in a stanza`);
  }

  #newParser(): XmlParser {
    const onText = (text: string): void => {
      this.#tell();
      if (this.#tree.depth > 0) this.#tree.text(text);
      else if (NOT_BLANK.test(text))
        this.#refuse(this.#hasHeader ? "bad-format" : "not-well-formed", "text between stanzas");
      else this.#markStart(this.#parser.position - 1); // the "<" that ended the white space was read
    };
    return createXmlParser({
      error: ({ message }) => this.#onXmlError(message),
      xmldecl: ({ encoding }) => {
        if (encoding !== undefined && encoding.toLowerCase() !== "utf-8")
          this.#refuse("unsupported-encoding", encoding);
      },
      doctype: () => this.#refuse("restricted-xml", "document type"),
      comment: () => this.#refuse("restricted-xml", "comment"),
      processinginstruction: () => this.#refuse("restricted-xml", "processing instruction"),
      opentagstart: ({ name }) => {
        this.#tell();
        this.#checkName(name);
        this.#attributes = 0;
        if (this.#tree.depth >= this.#limits.maxDepth) this.#refuse("policy-violation", "elements nested too deep");
      },
      attribute: ({ name }) => {
        this.#checkName(name);
        if (++this.#attributes > this.#limits.maxAttributes) this.#refuse("policy-violation", "too many attributes");
      },
      opentag: (tag) => {
        if (this.#hasHeader) this.#tree.open(tag);
        else this.#openStream(tag);
      },
      closetag: () => {
        this.#tell();
        if (this.#tree.depth === 0) {
          this.#untold = "end";
          return;
        }
        this.#untold = this.#tree.close();
        if (this.#untold) this.#endStanza();
      },
      text: onText,
      cdata: onText,
    });
  }

  #checkName(name: string): void {
    if (!isXmlName(name)) this.#refuse("not-well-formed", "a name that not every parser takes");
  }

  #onXmlError(message: string): never {
    // The tag that closed what is untold bears another name: it was never whole.
    if (message.startsWith("unexpected close tag")) this.#untold = undefined;
    return this.#refuse(FORBIDDEN_FEATURE.test(message) ? "restricted-xml" : "not-well-formed", message);
  }

  /** What was whole before the error is told before it, however the input was cut into chunks. */
  #refuse(condition: StreamErrorCondition, text: string): never {
    this.#tell();
    throw new StreamError(condition, text);
  }

  #openStream(tag: SaxesTagNS): void {
    const content = tag.ns[""] ?? "";
    if (tag.uri !== NS_STREAM || tag.local !== "stream") {
      throw new StreamError("invalid-namespace", `expected a stream header, got <${tag.name}/>`);
    }
    if (content !== this.#contentNamespace) {
      throw new StreamError("invalid-namespace", `expected the namespace ${this.#contentNamespace}, got "${content}"`);
    }
    const attrs: Record<string, string> = {};
    for (const [name, { prefix, value }] of Object.entries(tag.attributes)) {
      if (name !== "xmlns" && prefix !== "xmlns") attrs[name] = value;
    }
    this.#hasHeader = true;
    this.#endStanza();
    this.#events.onHeader(attrs, { content, stream: tag.uri });
  }

  #tell(): void {
    const untold = this.#untold;
    if (untold === undefined) return;
    this.#untold = undefined;
    if (untold === "end") this.#events.onEnd();
    else this.#events.onStanza(untold);
  }
}
