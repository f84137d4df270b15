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

/** A change of somebody's affiliation, as far as permission goes. */
export interface AffiliationChange {
  readonly actor: Affiliation;
  readonly from: Affiliation;
  readonly to: Affiliation;
  /** The actor's own. */
  readonly isSelf: boolean;
  /** Owner who steps down and leaves the room without one. */
  readonly isLastOwnerLeaving: boolean;
}

/**
 * Whether a change of affiliation is the actor's to make (XEP-0045 §5.2.1): of owners and admins by owners, of all
 * others by admins too. Who is in no position to ask is told `forbidden` (§9, §10.3 to §10.8), who bans somebody they
 * may not ban `not-allowed`, and who bans themselves, or leaves the room without an owner, `conflict` (§9.1, §10.4).
 */
export function mayChangeAffiliation({ actor, from, to, isSelf, isLastOwnerLeaving }: AffiliationChange): Outcome {
  if (!isAtLeast(actor, "admin")) return refused("auth", "forbidden");
  if (isSelf && to === "outcast") return refused("cancel", "conflict");
  if (actor !== "owner" && (isAtLeast(from, "admin") || isAtLeast(to, "admin"))) {
    return to === "outcast" ? refused("cancel", "not-allowed") : refused("auth", "forbidden");
  }
  return isLastOwnerLeaving ? refused("cancel", "conflict") : DONE;
}

/** A change of an occupant's role, as far as permission goes. */
export interface RoleChange {
  readonly actorAffiliation: Affiliation;
  /** `none`: the actor is not in the room. */
  readonly actorRole: Role;
  readonly affiliation: Affiliation;
  readonly from: Role;
  readonly to: Role;
  /** The actor's own. */
  readonly isSelf: boolean;
}

/**
 * Whether a change of role is the actor's to make (XEP-0045 §5.1.1, §8.2 to §8.4, §9.6, §9.7): moderators only, nobody
 * above their own affiliation, and the role of moderator is in the hands of admins and owners. Who is in no position to
 * ask is told `forbidden` (§8, §9), who asks for too much `not-allowed`.
 *
 * §8.4 would keep a moderator from taking the voice of somebody of the same affiliation; that of §8.5 holds, of a lower
 * one: moderators without affiliation could silence nobody else.
 */
export function mayChangeRole({ actorAffiliation, actorRole, affiliation, from, to, isSelf }: RoleChange): Outcome {
  const denied = refused("cancel", "not-allowed");
  const isInCharge = isAtLeast(actorAffiliation, "admin");
  const isOfStatus = to === "moderator" || (from === "moderator" && to !== "none");
  if (actorRole !== "moderator" || (isOfStatus && !isInCharge)) return refused("auth", "forbidden");
  if (isSelf && to === "none") return DONE;
  if (affiliationRank(actorAffiliation) < affiliationRank(affiliation)) return denied;
  if (from === "moderator" && !isInCharge) return denied;
  if (!isAtLeast(affiliation, "admin")) return DONE;
  // Admins and owners are moderators, and speak: only an owner can take the first from them, nobody the second.
  if (from === "moderator" && to === "participant" && actorAffiliation !== "owner") return denied;
  return from !== "visitor" && to === "visitor" ? denied : DONE;
}
