import { randomUUID } from "node:crypto";
import { joinJid, StanzaError, type FullJid, type Host } from "chorus-muc";
import type { C2sOptions } from "./context.js";

/** Names that are tried instead of one that is taken. */
const RESOURCE_TRIES = 8;

/**
 * Settles with whoever has a resource that is to be bound, as `conflict_resolve` says.
 * @param username prepared
 * @param resource prepared
 * @returns a full JID that nobody has any more, or the refusal (RFC 6120 §7.7.2.2)
 */
export function settleConflict(
  host: Host,
  username: string,
  resource: string,
  { conflictResolve, maxResources }: C2sOptions,
): FullJid | StanzaError {
  const jid = (name: string): FullJid => joinJid(username, host.name, name) as FullJid;
  const other = host.sessions.get(jid(resource));
  if (!other && host.sessions.ofUser(joinJid(username, host.name)).length >= maxResources) {
    return new StanzaError({ type: "wait", condition: "resource-constraint", text: "Too many resources" });
  }
  if (!other) return jid(resource);
  if (conflictResolve === "kick_new") {
    return new StanzaError({ type: "cancel", condition: "conflict", text: "Resource already exists" });
  }
  if (conflictResolve === "kick_old") {
    other.close("conflict", "Replaced by new connection");
    return jid(resource);
  }
  for (let i = 1; i <= RESOURCE_TRIES; i++) {
    const candidate = jid(conflictResolve === "increment" ? `${resource}#${i}` : randomUUID());
    if (!host.sessions.get(candidate)) return candidate;
  }
  return jid(randomUUID());
}
