/** How a client's stream opens: its header, ours, and the features that it may go on with (RFC 6120 §4.2, §4.3, §4.7). */
import { randomUUID } from "node:crypto";
import {
  escapeAttribute,
  nameprep,
  NS_CLIENT,
  NS_STREAM,
  StreamError,
  xml,
  type ClientStream,
  type Element,
  type Host,
} from "chorus-muc";

/** XEP-0478 lets a server tell what it takes. */
const NS_LIMITS = "urn:xmpp:stream-limits:0";

/** Our header, with an id of its own. @param host name of the host; empty when it is not known yet */
export function streamHeader(host: string): string {
  const from = host === "" ? "" : ` from="${escapeAttribute(host)}"`;
  return (
    `<?xml version='1.0'?><stream:stream xmlns="${NS_CLIENT}" xmlns:stream="${NS_STREAM}"` +
    ` id="${randomUUID()}"${from} version="1.0" xml:lang="en">`
  );
}

/**
 * The name, prepared, of the host that a client's header is to.
 * @param present that of the header before it; empty when it is the first
 * @returns or why the stream cannot be
 */
export function hostAsked(attrs: Readonly<Record<string, string>>, present: string): string | StreamError {
  const to = attrs["to"] === undefined ? undefined : nameprep(attrs["to"].replace(/\.$/, ""));
  if (to === undefined) {
    return new StreamError("improper-addressing", "A valid 'to' is needed in the stream header");
  }
  if (present !== "" && present !== to) {
    return new StreamError("not-authorized", "'to' has to stay the same when a stream restarts");
  }
  return to;
}

/** Whether a client's header is of a version that is spoken here: 1.0 or a later one (RFC 6120 §4.7.5). */
export function isVersionKnown(attrs: Readonly<Record<string, string>>): boolean {
  return /^[1-9]\d*\./.test(attrs["version"] ?? "");
}

/**
 * What a stream may go on with, and how large a stanza may be.
 * @param maxStanzaBytes what is said of that
 * @returns `undefined` when there is no way to go on
 */
export function streamFeatures(origin: ClientStream, host: Host, maxStanzaBytes: number): Element | undefined {
  const features = xml("stream:features", {});
  host.events.fire("stream-features", { origin, features });
  if (features.children.length === 0) return undefined;
  features.append(xml("limits", NS_LIMITS, xml("max-bytes", {}, String(maxStanzaBytes))));
  return features;
}
