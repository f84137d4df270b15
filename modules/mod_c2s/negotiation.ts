import {
  childElements,
  errorReply,
  isRequest,
  NS_CLIENT,
  StanzaError,
  type ClientStream,
  type Element,
  type Host,
} from "chorus-muc";

const STANZAS: ReadonlySet<string> = new Set(["message", "presence", "iq"]);

/** Whether it is a stanza (RFC 6120 §8.1), not an element of negotiation. */
export function isStanza(element: Element): boolean {
  return element.attrs["xmlns"] === undefined && STANZAS.has(element.name);
}

/** Hands an element outside a session to what negotiates on the stream; what nobody takes is answered. */
export function negotiate(stream: ClientStream, host: Host | undefined, element: Element): void {
  if (host?.events.fire(nonzaEvent(element), { origin: stream, stanza: element }) !== undefined) return;
  answerUnhandled(stream, element);
}

/** A request gets its error, anything else ends the stream. */
function answerUnhandled(stream: ClientStream, element: Element): void {
  if (!isStanza(element)) {
    stream.close("unsupported-stanza-type");
  } else if (isRequest(element)) {
    // Clients ask for registration before they log in; where it is not offered, the stream may go on.
    stream.send(errorReply(element, new StanzaError({ type: "cancel", condition: "service-unavailable" })));
  } else {
    // RFC 6120 §4.9.3.12: stanzas before the login and before a resource is bound
    stream.close("not-authorized", "Not logged in");
  }
}

/** The event of an element outside a session: `stanza/<xmlns>:<name>`, `stanza/iq/<child>` or `stanza/<name>`. */
function nonzaEvent(element: Element): `stanza/${string}` {
  const xmlns: unknown = element.attrs["xmlns"];
  if (typeof xmlns === "string") return `stanza/${xmlns}:${element.name}`;
  const child = element.name === "iq" ? childElements(element)[0] : undefined;
  return child ? `stanza/iq/${String(child.attrs["xmlns"] ?? NS_CLIENT)}:${child.name}` : `stanza/${element.name}`;
}
