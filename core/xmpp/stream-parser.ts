import type { SaxesTagNS } from "saxes";
import type { Element } from "./element.js";
import { NS_CLIENT } from "./namespaces.js";
import { PlainStanzaReader } from "./plain-stanza.js";
import { NS_STREAM, StreamError, type StreamErrorCondition } from "./stream-error.js";
import { TreeBuilder } from "./tree-builder.js";
import { Utf8Decoder } from "./utf8-decoder.js";
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

/** Limits for clients: Prosody's size, and more depth than any known extension needs. */
export const DEFAULT_STREAM_LIMITS: StreamLimits = { maxStanzaBytes: 262_144, maxDepth: 128, maxAttributes: 128 };

/** The namespaces that a stream's header declares. */
export interface StreamNamespaces {
  /** The default namespace, which the stanzas are in. */
  readonly content: string;
  /** That of the header itself. */
  readonly stream: string;
}

/** What a {@link StreamParser} tells. A handler may call `reset` or `stop`, but not `write`. */
export interface StreamHandlers {
  /** The header came. `attrs`: `to`, `from`, `id`, `version`, `xml:lang` …, as they stand */
  onStreamStart(attrs: Readonly<Record<string, string>>, namespaces: StreamNamespaces): void;
  /** A whole child of the stream: a stanza, or an element of negotiation. The handler owns it. */
  onStanza(element: Element): void;
  /** The peer closed the stream; nothing more is read. */
  onStreamEnd(): void;
  /** The peer broke a rule; nothing more is read. The owner answers with the error and ends the stream. */
  onError(error: StreamError): void;
  /** A handler threw; reading goes on. */
  onHandlerError(error: unknown): void;
}

/** Longest piece that is parsed between two looks at the size limit, in bytes. */
const MAX_PIECE = 65_536;

/** In how many parts the XML parser is given what is not plain; more would cost more than they could save. */
const MAX_PARTS = 4;

const LESS = 0x3c;
const GREATER = 0x3e;
const NOT_BLANK = /[^ \t\r\n]/;
/** Messages of the XML parser that stand for a forbidden feature of XML rather than for broken XML. */
const FORBIDDEN_FEATURE = /undefined entity|doctype/;

/** Thrown through the XML parser when a handler wanted no more of the present input. */
const STOPPED = new Error("stopped");

/**
 * Reads an XMPP stream (RFC 6120 §4): bytes in, stanzas out, in the shape that `element.ts` describes.
 *
 * It accepts the subset of XML that RFC 6120 §11 allows: no comments, processing instructions, document types or
 * entities of one's own (`restricted-xml`). Nothing throws out of it, whatever arrives.
 */
export class StreamParser {
  readonly #limits: StreamLimits;
  readonly #handlers: StreamHandlers;
  readonly #contentNamespace: string;
  readonly #plain: PlainStanzaReader;
  #parser: XmlParser;
  #tree: TreeBuilder;
  #decoder = new Utf8Decoder();
  #state: "header" | "open" | "stopped" = "header";
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
  #atBoundary = true;
  #stanzasRead = 0;

  /** @param contentNamespace default namespace that the header must declare */
  constructor(limits: StreamLimits, handlers: StreamHandlers, contentNamespace: string = NS_CLIENT) {
    this.#limits = limits;
    this.#handlers = handlers;
    this.#contentNamespace = contentNamespace;
    this.#plain = new PlainStanzaReader({ ...limits, contentNamespace });
    this.#tree = new TreeBuilder(contentNamespace);
    this.#parser = this.#newParser();
  }

  /** Whether the beginning of a stanza, or of the header, was read and not its end. */
  get isWithinStanza(): boolean {
    return this.#state !== "stopped" && !this.#atBoundary;
  }

  /** How many stanzas were whole so far. */
  get stanzasRead(): number {
    return this.#stanzasRead;
  }

  /** Reads what arrived. A string must not end within a surrogate pair. */
  write(chunk: Buffer | string): void {
    const bytes = typeof chunk === "string" ? Buffer.from(chunk) : chunk;
    const parser = this.#parser;
    for (let at = 0; at < bytes.length && this.#parser === parser; at += MAX_PIECE) {
      if (this.#state === "stopped") return;
      this.#writePiece(bytes.length <= MAX_PIECE ? bytes : bytes.subarray(at, at + MAX_PIECE));
    }
  }

  /**
   * Starts over with a new stream (after TLS or SASL, RFC 6120 §4.3.3). Input that was received before this call and is
   * not parsed yet is dropped: what was sent in clear must not count as sent under TLS.
   */
  reset(): void {
    this.#parser = this.#newParser();
    this.#tree = new TreeBuilder(this.#contentNamespace);
    this.#decoder = new Utf8Decoder();
    this.#state = "header";
    this.#attributes = 0;
    this.#untold = undefined;
    this.#piece = "";
    this.#pieceStart = 0;
    this.#stanzaBytes = 0;
    this.#atBoundary = true;
  }

  /** Ignores further input, until a reset. */
  stop(): void {
    this.#state = "stopped";
    this.#untold = undefined;
  }

  #writePiece(bytes: Buffer): void {
    const parser = this.#parser;
    try {
      this.#plain.begin(bytes);
      for (let at = 0, parts = 0; at < bytes.length;) {
        if (this.#atBoundary) {
          at = this.#readPlain(bytes, at);
          if (at === bytes.length) break;
          parts = 0;
        }
        const end = ++parts < MAX_PARTS ? this.#endOfPart(bytes, at) : bytes.length;
        this.#writePart(bytes.subarray(at, end));
        at = end;
      }
    } catch (error) {
      if (error === STOPPED || this.#parser !== parser) return;
      this.stop();
      this.#guard(() => {
        this.#handlers.onError(asStreamError(error));
      });
    }
  }

  /**
   * Tells of the plain stanzas that come next. Of them, as of white space between stanzas, the XML parser never hears.
   * @returns where something else starts
   */
  #readPlain(bytes: Buffer, from: number): number {
    const { maxStanzaBytes } = this.#limits;
    if (this.#state !== "open" || this.#decoder.isWithinCharacter) return from;
    for (let at = from; at < bytes.length; at++) {
      const code = bytes[at] as number;
      if (isBlank(code)) continue;
      const stanza = code === LESS ? this.#plain.read(at) : undefined;
      if (stanza === undefined || this.#plain.end - at > maxStanzaBytes) return at;
      at = this.#plain.end - 1;
      this.#stanzasRead++;
      this.#tellStanza(stanza);
    }
    return bytes.length;
  }

  /** Where the stanza that the XML parser reads may end: it is given no more, so that plain ones behind it are seen. */
  #endOfPart(bytes: Buffer, at: number): number {
    const { root } = this.#tree;
    const tag = root ? bytes.indexOf(`</${root.name}`, at) : at;
    const end = tag === -1 ? -1 : bytes.indexOf(GREATER, tag);
    return end === -1 ? bytes.length : end + 1;
  }

  #writePart(bytes: Buffer): void {
    if (this.#beginPiece(this.#decoder.decode(bytes))) {
      this.#parser.write(this.#piece);
      this.#tell();
      this.#endPiece();
    }
    if (this.#decoder.isBroken) throw new StreamError("not-well-formed", "invalid UTF-8");
  }

  /** @returns false when there is nothing but white space between stanzas, of which the XML parser never hears */
  #beginPiece(text: string): boolean {
    if (this.#atBoundary) {
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
    this.#atBoundary =
      this.#tree.depth === 0 &&
      (this.#atBoundary || this.#stanzaChars > 0) &&
      !NOT_BLANK.test(this.#piece.slice(this.#stanzaChars));
    this.#stanzaBytes = this.#atBoundary ? 0 : this.#stanzaBytes + this.#pieceBytes - this.#stanzaStart;
    this.#checkSize(this.#stanzaBytes);
  }

  /** Checks the size of the stanza that ends where the parser is now. */
  #endStanza(): void {
    const start = this.#stanzaStart;
    this.#markStart(this.#parser.position);
    this.#checkSize(this.#stanzaBytes + this.#stanzaStart - start);
    this.#stanzaBytes = 0;
    this.#stanzasRead++;
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
        this.#refuse(this.#state === "header" ? "not-well-formed" : "bad-format", "text between stanzas");
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
        if (this.#state === "header") this.#openStream(tag);
        else this.#tree.open(tag);
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
    this.#state = "open";
    this.#endStanza();
    this.#call(() => {
      this.#handlers.onStreamStart(attrs, { content, stream: tag.uri });
    });
  }

  #tell(): void {
    const untold = this.#untold;
    if (untold === undefined) return;
    this.#untold = undefined;
    if (untold !== "end") {
      this.#tellStanza(untold);
      return;
    }
    this.stop();
    this.#call(() => {
      this.#handlers.onStreamEnd();
    });
  }

  #tellStanza(stanza: Element): void {
    this.#call(() => {
      this.#handlers.onStanza(stanza);
    });
  }

  /** Calls a handler from within the parser, and leaves the parser when the handler wanted no more. */
  #call(handler: () => void): void {
    const parser = this.#parser;
    this.#guard(handler);
    if (this.#parser !== parser || this.#state === "stopped") throw STOPPED;
  }

  #guard(handler: () => void): void {
    try {
      handler();
    } catch (error) {
      try {
        this.#handlers.onHandlerError(error);
      } catch {
        // A handler of last resort that fails has nobody left to tell.
      }
    }
  }
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;
}

function asStreamError(error: unknown): StreamError {
  return error instanceof StreamError ? error : new StreamError("internal-server-error", undefined, { cause: error });
}
