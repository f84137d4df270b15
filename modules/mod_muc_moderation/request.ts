import { childElements, childText, getChild, StanzaError, type Element } from "chorus-muc";
import { NS_BULK, NS_MODERATE, NS_MODERATE_0, NS_RETRACT, NS_RETRACT_0 } from "./namespaces.js";

/** Minutes that a request may reach back: ten years. */
const MAX_MINUTES = 5_256_000;

/** A request to retract one message. */
export interface ModerationRequest {
  /** The room's id of it. */
  readonly id: string;
  readonly reason: string | undefined;
}

/** A request to retract what somebody has said lately. */
export interface BulkRequest {
  readonly occupantId: string;
  readonly minutes: number;
  readonly reason: string | undefined;
}

function badRequest(text: string): StanzaError {
  return new StanzaError({ type: "modify", condition: "bad-request", text });
}

/** Reads `<moderate/>` of XEP-0425 0.3.0. */
export function parseModerate(moderate: Element): ModerationRequest | StanzaError {
  return parse(moderate.attrs["id"], moderate, NS_MODERATE, NS_RETRACT);
}

/** Reads `<apply-to/>` as before; `undefined`: it is about something else. */
export function parseApplyTo(applyTo: Element): ModerationRequest | StanzaError | undefined {
  const moderate = getChild(applyTo, "moderate", NS_MODERATE_0);
  return moderate && parse(applyTo.attrs["id"], moderate, NS_MODERATE_0, NS_RETRACT_0);
}

function parse(id: unknown, moderate: Element, xmlns: string, retractXmlns: string): ModerationRequest | StanzaError {
  if (typeof id !== "string" || id === "") return badRequest("A message is named by its id");
  if (!getChild(moderate, "retract", retractXmlns)) {
    const other = childElements(moderate).find(({ name }) => name !== "reason");
    if (!other) return badRequest("Nothing is asked for");
    const text = `Messages are retracted, and nothing else: ${other.name}`;
    return new StanzaError({ type: "cancel", condition: "feature-not-implemented", text });
  }
  return { id, reason: reasonOf(moderate, xmlns) };
}

/** Reads a request for everything of somebody. */
export function parseBulk(request: Element): BulkRequest | StanzaError {
  const { "occupant-id": occupantId, minutes } = request.attrs as Record<string, unknown>;
  if (typeof occupantId !== "string" || occupantId === "") return badRequest("Somebody is named by occupant-id");
  const count = typeof minutes === "string" && /^\d{1,9}$/.test(minutes) ? Number(minutes) : 0;
  if (count < 1 || count > MAX_MINUTES) return badRequest(`minutes: from 1 to ${MAX_MINUTES}`);
  return { occupantId, minutes: count, reason: reasonOf(request, NS_BULK) };
}

function reasonOf(parent: Element, xmlns: string): string | undefined {
  return childText(parent, "reason", xmlns)?.trim() || undefined;
}
