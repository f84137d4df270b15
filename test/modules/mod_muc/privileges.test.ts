/** Who may change whose affiliation and role (XEP-0045 §5.1.1, §5.2.1, §9, §10): every combination, one rule a row. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Affiliation } from "../../../modules/mod_muc/affiliations.js";
import { mayChangeAffiliation, mayChangeRole } from "../../../modules/mod_muc/privileges.js";
import type { Role } from "../../../modules/mod_muc/roles.js";

const AFFILIATIONS: readonly Affiliation[] = ["owner", "admin", "member", "none", "outcast"];
const ROLES: readonly Role[] = ["moderator", "participant", "visitor", "none"];

/** Changes that somebody may make, as `actor: from -> to`; all others are refused. */
const AFFILIATION_CHANGES = new Set([
  ...AFFILIATIONS.flatMap((from) => AFFILIATIONS.map((to) => `owner: ${from} -> ${to}`)),
  ...["member", "none", "outcast"].flatMap((from) =>
    ["member", "none", "outcast"].map((to) => `admin: ${from} -> ${to}`),
  ),
]);

for (const actor of AFFILIATIONS) {
  test(`affiliations that an actor with affiliation ${actor} may change`, () => {
    for (const from of AFFILIATIONS) {
      for (const to of AFFILIATIONS) {
        const row = `${actor}: ${from} -> ${to}`;
        const [allowed] = mayChangeAffiliation({ actor, from, to, isLastOwnerLeaving: false });
        assert.equal(allowed === true, AFFILIATION_CHANGES.has(row), row);
      }
    }
  });
}

test("the last owner cannot leave the room without one", () => {
  for (const to of ["admin", "member", "none", "outcast"] as const) {
    const outcome = mayChangeAffiliation({ actor: "owner", from: "owner", to, isLastOwnerLeaving: true });
    assert.deepEqual(outcome, [undefined, "cancel", "conflict"], to);
  }
});

const RANK: Readonly<Record<Affiliation, number>> = { owner: 3, admin: 2, member: 1, none: 0, outcast: -1 };

/** The rule in words: a moderator, of no lower affiliation than the target; moderators are made by admins and owners. */
function isAllowed(actor: Affiliation, actorRole: Role, target: Affiliation, from: Role, to: Role): boolean {
  if (actorRole !== "moderator" || RANK[actor] < RANK[target]) return false;
  const concernsModerator = from === "moderator" || to === "moderator";
  return !concernsModerator || actor === "owner" || actor === "admin";
}

test("roles that may be changed, for every affiliation and role of both", () => {
  let rows = 0;
  for (const actor of AFFILIATIONS) {
    for (const actorRole of ROLES) {
      for (const target of AFFILIATIONS) {
        for (const from of ROLES) {
          for (const to of ROLES) {
            const row = `${actor} ${actorRole}: ${target} ${from} -> ${to}`;
            const outcome = mayChangeRole({ actorAffiliation: actor, actorRole, affiliation: target, from, to });
            const expected = isAllowed(actor, actorRole, target, from, to)
              ? [true]
              : [undefined, "cancel", "not-allowed"];
            assert.deepEqual(outcome, expected, row);
            rows++;
          }
        }
      }
    }
  }
  assert.equal(rows, 5 * 4 * 5 * 4 * 4);
});
