import { StanzaError, type Element, type IqEvent } from "chorus-muc";
import { refuse } from "./refusal.js";

/** How a request is answered: with a result, with an error, or by somebody else (`true`). */
export type IqAnswer = Element | StanzaError | true;

/** Answers a request, within the room's step: what was sent before leaves before. */
export function answerIq(event: IqEvent, answer: IqAnswer): void {
  if (answer instanceof StanzaError) refuse(event, answer);
  else if (answer !== true) event.origin.send(answer);
}
