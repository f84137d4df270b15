import { Element, childElements, xml } from "./element.js";

/** Namespace of the stream itself, bound to the prefix `stream` in every header of ours (RFC 6120 §4.8.1). */
export const NS_STREAM = "http://etherx.jabber.org/streams";
/** Namespace of the stream error conditions (RFC 6120 §4.9.3). */
export const NS_STREAM_ERRORS = "urn:ietf:params:xml:ns:xmpp-streams";

const CONDITIONS = [
  "bad-format",
  "bad-namespace-prefix",
  "conflict",
  "connection-timeout",
  "host-gone",
  "host-unknown",
  "improper-addressing",
  "internal-server-error",
  "invalid-from",
  "invalid-namespace",
  "invalid-xml",
  "not-authorized",
  "not-well-formed",
  "policy-violation",
  "remote-connection-failed",
  "reset",
  "resource-constraint",
  "restricted-xml",
  "see-other-host",
  "system-shutdown",
  "undefined-condition",
  "unsupported-encoding",
  "unsupported-feature",
  "unsupported-stanza-type",
  "unsupported-version",
] as const;

/** A defined condition of RFC 6120 §4.9.3. */
export type StreamErrorCondition = (typeof CONDITIONS)[number];

const KNOWN: ReadonlySet<string> = new Set(CONDITIONS);

/** Parser of the closed vocabulary: the condition, or `undefined` for a word that is none. */
export function parseStreamCondition(name: string): StreamErrorCondition | undefined {
  return KNOWN.has(name) ? (name as StreamErrorCondition) : undefined;
}

/** Why a stream ends: what a peer did, or what it says that we did. Every stream error is final (RFC 6120 §4.9.1.1). */
export class StreamError extends Error {
  override readonly name = "StreamError";
  readonly condition: StreamErrorCondition;
  /** For humans. */
  readonly text: string | undefined;

  constructor(condition: StreamErrorCondition, text?: string, options?: ErrorOptions) {
    super(text === undefined ? condition : `${condition}: ${text}`, options);
    this.condition = condition;
    this.text = text;
  }
}

/** `<stream:error/>`, to be written on a stream whose header binds the prefix, before it is closed. */
export function streamErrorElement(error: StreamError): Element {
  const element = new Element("stream:error");
  element.append(xml(error.condition, NS_STREAM_ERRORS));
  if (error.text !== undefined) element.append(xml("text", NS_STREAM_ERRORS, error.text));
  return element;
}

/**
 * The error of a received `<stream:error/>`; an unknown condition reads as `undefined-condition`.
 * @returns `undefined` for any other element
 */
export function parseStreamError(element: Element): StreamError | undefined {
  if (element.name !== "error" || element.attrs["xmlns"] !== NS_STREAM) return undefined;
  let condition: StreamErrorCondition = "undefined-condition";
  let text: string | undefined;
  for (const child of childElements(element)) {
    if (child.attrs["xmlns"] !== NS_STREAM_ERRORS) continue;
    if (child.name === "text") text = child.text();
    else condition = parseStreamCondition(child.name) ?? condition;
  }
  return new StreamError(condition, text);
}
