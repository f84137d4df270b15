import { StanzaError } from "chorus-muc";
import type { Refusable } from "./muc-events.js";
import { DONE } from "./privileges.js";
import type { Outcome } from "./room-api.js";

const NOT_ALLOWED = { type: "cancel", condition: "not-allowed" } as const;

/** What the handlers of a `muc-pre-…` event make of a request: an error that one returned, or `allowed = false`. */
export function outcomeOf(event: Refusable, answer: unknown): Outcome {
  const denied = event.allowed === false ? (event.error ?? new StanzaError(NOT_ALLOWED)) : undefined;
  const error = answer instanceof StanzaError ? answer : denied;
  return error ? [undefined, error.type, error.condition, error] : DONE;
}
