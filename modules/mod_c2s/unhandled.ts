import { errorReply, isRequest, StanzaError, type ClientStream, type Element } from "chorus-muc";

const STANZAS: ReadonlySet<string> = new Set(["message", "presence", "iq"]);

/** Whether it is a stanza (RFC 6120 §8.1), not an element of negotiation. */
export function isStanza(element: Element): boolean {
  return element.attrs["xmlns"] === undefined && STANZAS.has(element.name);
}

/** Answers what nobody took outside a session: a request gets its error, anything else ends the stream. */
export function answerUnhandled(stream: ClientStream, element: Element): void {
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
