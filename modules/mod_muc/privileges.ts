import { StanzaError, type ErrorCondition, type ErrorType } from "chorus-muc";
import { affiliationRank, isAtLeast, type Affiliation } from "./affiliations.js";
import type { Outcome } from "./room-api.js";
import type { Role } from "./roles.js";

/** What went well. */
export const DONE: Outcome = [true];

/** A refusal as an {@link Outcome}. */
export function refused(type: ErrorType, condition: ErrorCondition): Outcome {
  return [undefined, type, condition];
}

/** The error to answer with, if an outcome is a refusal. */
export function errorOf(outcome: Outcome): StanzaError | undefined {
  if (outcome[0]) return undefined;
  return outcome[3] ?? new StanzaError({ type: outcome[1], condition: outcome[2] });
}

/**
 * Affiliations that each affiliation may take from somebody and give instead (XEP-0045 §5.2.1 table 6, §9, §10). An
 * admin may not touch owners and other admins, nor make any.
 */
const MAY_CHANGE: Readonly<Record<Affiliation, ReadonlySet<Affiliation>>> = {
  owner: new Set(["owner", "admin", "member", "none", "outcast"]),
  admin: new Set(["member", "none", "outcast"]),
  member: new Set(),
  none: new Set(),
  outcast: new Set(),
};

/** A change of somebody's affiliation, as far as permission goes. */
export interface AffiliationChange {
  readonly actor: Affiliation;
  readonly from: Affiliation;
  readonly to: Affiliation;
  /** Owner who steps down and leaves the room without one. */
  readonly isLastOwnerLeaving: boolean;
}

/** Whether a change of affiliation is the actor's to make (XEP-0045 §10.4: a room keeps an owner). */
export function mayChangeAffiliation(change: AffiliationChange): Outcome {
  const allowed = MAY_CHANGE[change.actor];
  if (!allowed.has(change.from) || !allowed.has(change.to)) return refused("cancel", "not-allowed");
  return change.isLastOwnerLeaving ? refused("cancel", "conflict") : DONE;
}

/** A change of an occupant's role, as far as permission goes. */
export interface RoleChange {
  readonly actorAffiliation: Affiliation;
  /** `none`: the actor is not in the room. */
  readonly actorRole: Role;
  readonly affiliation: Affiliation;
  readonly from: Role;
  readonly to: Role;
}

/**
 * Whether a change of role is the actor's to make (XEP-0045 §5.1.1, §8.2 to §8.4, §9.6, §9.7): moderators only, nobody
 * above their own affiliation, and the role of moderator is in the hands of admins and owners.
 */
export function mayChangeRole(change: RoleChange): Outcome {
  const denied = refused("cancel", "not-allowed");
  if (affiliationRank(change.actorAffiliation) < affiliationRank(change.affiliation)) return denied;
  const concernsModerators = change.from === "moderator" || change.to === "moderator";
  if (concernsModerators && !isAtLeast(change.actorAffiliation, "admin")) return denied;
  return change.actorRole === "moderator" ? DONE : denied;
}
