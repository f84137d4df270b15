/** What an occupant may do while in the room (XEP-0045 §5.1); `none`: not in the room. */
export type Role = "moderator" | "participant" | "visitor" | "none";

const RANKS: Readonly<Record<Role, number>> = { none: 0, visitor: 1, participant: 2, moderator: 3 };

/** Order of roles: none 0, visitor 1, participant 2, moderator 3. */
export function roleRank(role: Role): number {
  return RANKS[role];
}

/** Parser of the closed vocabulary; `undefined` for a word that is none. */
export function parseRole(word: string): Role | undefined {
  return Object.hasOwn(RANKS, word) ? (word as Role) : undefined;
}

/** Whether one role is at least another. */
export function hasRole(role: Role, minimum: Role): boolean {
  return RANKS[role] >= RANKS[minimum];
}
