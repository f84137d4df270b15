import type { Element } from "./element.js";
import { NS_CLIENT } from "./namespaces.js";
import { PlainStanzaReader } from "./plain-stanza.js";
import { StreamError } from "./stream-error.js";
import { Utf8Decoder } from "./utf8-decoder.js";
import { XmlStreamReader, type StreamLimits, type StreamNamespaces } from "./xml-stream-reader.js";

export type { StreamLimits, StreamNamespaces };

/** Limits for clients: Prosody's size, and more depth than any known extension needs. */
export const DEFAULT_STREAM_LIMITS: StreamLimits = { maxStanzaBytes: 262_144, maxDepth: 128, maxAttributes: 128 };

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

/** Thrown through what reads when a handler wanted no more of the present input. */
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
  /** Reads what arrives whole and plain. */
  readonly #plain: PlainStanzaReader;
  /** Reads all else, and alone decides what is an error. */
  #xml: XmlStreamReader;
  #decoder = new Utf8Decoder();
  #isStopped = false;
  #stanzasRead = 0;

  /** @param contentNamespace default namespace that the header must declare */
  constructor(limits: StreamLimits, handlers: StreamHandlers, contentNamespace: string = NS_CLIENT) {
    this.#limits = limits;
    this.#handlers = handlers;
    this.#contentNamespace = contentNamespace;
    this.#plain = new PlainStanzaReader({ ...limits, contentNamespace });
    this.#xml = this.#newReader();
  }

  /** Whether the beginning of a stanza, or of the header, was read and not its end. */
  get isWithinStanza(): boolean {
    return !this.#isStopped && !this.#xml.isAtBoundary;
  }

  /** How many stanzas were whole so far. */
  get stanzasRead(): number {
    return this.#stanzasRead;
  }

  /**
   * Reads what arrived. A string must not end within a surrogate pair.
   * @param length how many bytes of a buffer count
   */
  write(chunk: Buffer | string, length = chunk.length): void {
    if (typeof chunk === "string") {
      const bytes = Buffer.from(chunk);
      this.write(bytes, bytes.length);
    } else if (length <= MAX_PIECE) {
      if (!this.#isStopped) this.#writePiece(chunk, length);
    } else {
      const reader = this.#xml;
      for (let at = 0; at < length && this.#xml === reader && !this.#isStopped; at += MAX_PIECE) {
        const piece = chunk.subarray(at, Math.min(at + MAX_PIECE, length));
        this.#writePiece(piece, piece.length);
      }
    }
  }

  /**
   * Starts over with a new stream (after TLS or SASL, RFC 6120 §4.3.3). Input that was received before this call and is
   * not parsed yet is dropped: what was sent in clear must not count as sent under TLS.
   */
  reset(): void {
    this.#xml = this.#newReader();
    this.#decoder = new Utf8Decoder();
    this.#isStopped = false;
  }

  /** Ignores further input, until a reset. */
  stop(): void {
    this.#isStopped = true;
  }

  #writePiece(buffer: Buffer, length: number): void {
    const reader = this.#xml;
    try {
      this.#plain.begin(buffer, length);
      for (let at = 0, parts = 0; at < length; parts++) {
        if (reader.isAtBoundary) {
          at = this.#readPlain(buffer, at, length);
          if (at === length) return;
          parts = 0;
        }
        const rest = buffer.subarray(at, length);
        const end = parts < MAX_PARTS ? at + this.#endOfPart(rest) : length;
        reader.write(this.#decoder.decode(buffer.subarray(at, end)));
        if (this.#decoder.isBroken) throw new StreamError("not-well-formed", "invalid UTF-8");
        at = end;
      }
    } catch (error) {
      if (error === STOPPED || this.#xml !== reader) return;
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
  #readPlain(bytes: Buffer, from: number, length: number): number {
    if (!this.#xml.hasHeader || this.#decoder.isWithinCharacter) return from;
    const plain = this.#plain;
    const { maxStanzaBytes } = this.#limits;
    for (let at = from; at < length; at++) {
      const code = bytes[at] as number;
      if (isBlank(code)) continue;
      const stanza = code === LESS ? plain.read(at) : undefined;
      if (stanza === undefined || plain.end - at > maxStanzaBytes) return at;
      at = plain.end - 1;
      this.#tellStanza(stanza);
    }
    return length;
  }

  /** Where the stanza that the XML parser reads may end: it is given no more, so that plain ones behind it are seen. */
  #endOfPart(rest: Buffer): number {
    const name = this.#xml.openName;
    const tag = name === undefined ? 0 : rest.indexOf(`</${name}`);
    const end = tag === -1 ? -1 : rest.indexOf(GREATER, tag);
    return end === -1 ? rest.length : end + 1;
  }

  #newReader(): XmlStreamReader {
    return new XmlStreamReader(this.#limits, this.#contentNamespace, {
      onHeader: (attrs, namespaces) => {
        this.#stanzasRead++;
        this.#call(() => {
          this.#handlers.onStreamStart(attrs, namespaces);
        });
      },
      onStanza: (stanza) => {
        this.#tellStanza(stanza);
      },
      onEnd: () => {
        this.stop();
        this.#call(() => {
          this.#handlers.onStreamEnd();
        });
      },
    });
  }

  #tellStanza(stanza: Element): void {
    this.#stanzasRead++;
    const reader = this.#xml;
    try {
      this.#handlers.onStanza(stanza);
    } catch (error) {
      this.#tellOfFailure(error);
    }
    if (this.#xml !== reader || this.#isStopped) throw STOPPED;
  }

  /** Calls a handler from within what reads, and leaves that when the handler wanted no more. */
  #call(handler: () => void): void {
    const reader = this.#xml;
    this.#guard(handler);
    if (this.#xml !== reader || this.#isStopped) throw STOPPED;
  }

  #guard(handler: () => void): void {
    try {
      handler();
    } catch (error) {
      this.#tellOfFailure(error);
    }
  }

  #tellOfFailure(error: unknown): void {
    try {
      this.#handlers.onHandlerError(error);
    } catch {
      // A handler of last resort that fails has nobody left to tell.
    }
  }
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;
}

function asStreamError(error: unknown): StreamError {
  return error instanceof StreamError ? error : new StreamError("internal-server-error", undefined, { cause: error });
}
