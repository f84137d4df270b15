import { errorReply, mayBeAnswered, StanzaError, xml, type StanzaEvent } from "chorus-muc";
import { NS_MUC } from "./namespaces.js";
import type { Refusable } from "./muc-events.js";

/** What a handler of a stoppable event may have returned, or what comes of asking. */
export type Verdict = StanzaError | boolean | undefined;

/** Text of the error that whoever is not in the room gets; clients compare it. */
export const NOT_CONNECTED = "You are not currently connected to this chat";

/**
 * Answers a stanza with an error, unless it may not be answered. Error presences carry an empty `<x/>` of XEP-0045, as
 * its examples do: clients tell by it what the error is about.
 */
export function refuse({ origin, stanza }: StanzaEvent, error: StanzaError): void {
  if (!mayBeAnswered(stanza)) return;
  const answer = errorReply(stanza, error);
  if (stanza.name === "presence") answer.append(xml("x", { xmlns: NS_MUC }));
  origin.send(answer);
}

/** Whether the handlers of an event ended what it asks about; a refusal is sent. */
export function isStopped(event: StanzaEvent & Refusable, verdict: Verdict): boolean {
  const denied = event.allowed === false ? (event.error ?? notAllowed()) : undefined;
  const error = verdict instanceof StanzaError ? verdict : denied;
  if (error) refuse(event, error);
  return verdict !== undefined || denied !== undefined;
}

function notAllowed(): StanzaError {
  return new StanzaError({ type: "cancel", condition: "not-allowed" });
}
