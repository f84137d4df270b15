/**
 * Who may do what to whom (XEP-0045 §5.1.1, §5.2.1, §8, §9, §10): every combination, asked of a room. What is expected is
 * data: for each action, rules from the top, of which the first that fits decides.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { TestService } from "../../../core/testing/service.js";
import type { Affiliation } from "../../../modules/mod_muc/affiliations.js";
import type { Role } from "../../../modules/mod_muc/roles.js";
import {
  administering,
  create,
  join,
  liveRoomOf,
  person,
  received,
  SERVICE,
  startRooms,
} from "../../support/room-engine.js";

const AFFILIATIONS: readonly Affiliation[] = ["owner", "admin", "member", "none", "outcast"];
const ROLES: readonly Role[] = ["moderator", "participant", "visitor", "none"];

/** `affiliation/role`, each a word, several with `|` between them, or `*`; `none` as a role: not in the room. */
type Who = string;
type Verdict = "allowed" | "auth/forbidden" | "cancel/not-allowed" | "cancel/conflict" | "modify/item-not-found";
type Rule = readonly [actor: Who, target: Who, verdict: Verdict];

const MODERATORS = "*/moderator";
const IN_CHARGE = "owner|admin/moderator";
const EVERYBODY = "*/*";

/** Nobody but moderators changes roles, and they only of those who are there. */
const ROLE_RULES: readonly Rule[] = [
  ["*/participant|visitor|none", EVERYBODY, "auth/forbidden"],
  [MODERATORS, "*/none", "modify/item-not-found"],
];
/** Who is above the actor cannot be touched. */
const UPWARDS: readonly Rule[] = [
  ["admin/*", "owner/*", "cancel/not-allowed"],
  ["member/*", "owner|admin/*", "cancel/not-allowed"],
  ["none|outcast/*", "owner|admin|member/*", "cancel/not-allowed"],
  ["outcast/*", "none/*", "cancel/not-allowed"],
];
/** Only owners have a say in who is an owner or an admin. */
const OF_OWNERS: readonly Rule[] = [
  ["owner/*", EVERYBODY, "allowed"],
  ["*/*", EVERYBODY, "auth/forbidden"],
];
/** Admins have a say in all others. */
const OF_ADMINS: readonly Rule[] = [
  ["owner/*", EVERYBODY, "allowed"],
  ["admin/*", "member|none|outcast/*", "allowed"],
  [EVERYBODY, EVERYBODY, "auth/forbidden"],
];

const MATRIX: Readonly<Record<string, readonly Rule[]>> = {
  'role="none"': [
    ...ROLE_RULES,
    ...UPWARDS,
    [IN_CHARGE, EVERYBODY, "allowed"],
    [MODERATORS, "*/moderator", "cancel/not-allowed"],
    [MODERATORS, EVERYBODY, "allowed"],
  ],
  'role="visitor"': [
    ...ROLE_RULES,
    ["member|none|outcast/moderator", "*/moderator", "auth/forbidden"],
    ...UPWARDS,
    [MODERATORS, "owner|admin/moderator|participant", "cancel/not-allowed"],
    [MODERATORS, EVERYBODY, "allowed"],
  ],
  'role="participant"': [
    ...ROLE_RULES,
    ["member|none|outcast/moderator", "*/moderator", "auth/forbidden"],
    ...UPWARDS,
    ["admin/moderator", "admin/moderator", "cancel/not-allowed"],
    [MODERATORS, EVERYBODY, "allowed"],
  ],
  'role="moderator"': [
    ["*/participant|visitor|none", EVERYBODY, "auth/forbidden"],
    [MODERATORS, "*/none", "modify/item-not-found"],
    ["member|none|outcast/moderator", EVERYBODY, "auth/forbidden"],
    ...UPWARDS,
    [IN_CHARGE, EVERYBODY, "allowed"],
  ],
  'affiliation="outcast"': [["admin/*", "owner|admin/*", "cancel/not-allowed"], ...OF_ADMINS],
  'affiliation="none"': OF_ADMINS,
  'affiliation="member"': OF_ADMINS,
  'affiliation="admin"': OF_OWNERS,
  'affiliation="owner"': OF_OWNERS,
};

/** What somebody may do to themselves. */
const SELF: Readonly<Record<string, readonly Rule[]>> = {
  'role="none"': [
    [MODERATORS, EVERYBODY, "allowed"],
    [EVERYBODY, EVERYBODY, "auth/forbidden"],
  ],
  'role="visitor"': [
    ["owner|admin/moderator", EVERYBODY, "cancel/not-allowed"],
    [EVERYBODY, EVERYBODY, "auth/forbidden"],
  ],
  'role="participant"': [
    ["owner/moderator", EVERYBODY, "allowed"],
    ["admin/moderator", EVERYBODY, "cancel/not-allowed"],
    [EVERYBODY, EVERYBODY, "auth/forbidden"],
  ],
  'role="moderator"': [
    [IN_CHARGE, EVERYBODY, "allowed"],
    [EVERYBODY, EVERYBODY, "auth/forbidden"],
  ],
  'affiliation="outcast"': [
    ["owner|admin/*", EVERYBODY, "cancel/conflict"],
    [EVERYBODY, EVERYBODY, "auth/forbidden"],
  ],
  'affiliation="none"': OF_OWNERS,
  'affiliation="member"': OF_OWNERS,
  'affiliation="admin"': OF_OWNERS,
  'affiliation="owner"': OF_OWNERS,
};

function fits(who: Who, affiliation: Affiliation, role: Role): boolean {
  const [affiliations = "", roles = ""] = who.split("/");
  const isIn = (words: string, word: string): boolean => words === "*" || words.split("|").includes(word);
  return isIn(affiliations, affiliation) && isIn(roles, role);
}

type Somebody = readonly [affiliation: Affiliation, role: Role];

function expected(rules: readonly Rule[], actor: Somebody, target: Somebody): Verdict | undefined {
  return rules.find(([by, of]) => fits(by, ...actor) && fits(of, ...target))?.[2];
}

const PEOPLE: readonly Somebody[] = AFFILIATIONS.flatMap((affiliation) =>
  ROLES.map((role) => [affiliation, role] as const),
);

/** A room of an owner who looks on, and two people who are made what a row says. */
class Stage {
  readonly #service: TestService;
  readonly #actor;
  readonly #target;

  constructor(service: TestService) {
    this.#service = service;
    create(person(service, "owner"), "r", "Owner");
    this.#actor = person(service, "actor");
    this.#target = person(service, "target");
  }

  /** What comes of a request. */
  ask(actor: Somebody, target: Somebody | "self", action: string): string {
    this.#put("actor", actor);
    if (target !== "self") this.#put("target", target);
    const name = target === "self" ? "actor" : "target";
    const who = action.startsWith("role") ? `nick="${name}"` : `jid="${name}@users.example"`;
    this.#actor.inbox.takeAll();
    this.#actor.send(administering("r", `<item ${who} ${action}/>`));
    const answer = received(this.#actor).find((stanza) => stanza.startsWith("<iq")) ?? "";
    const error = /<error[^>]*type="([a-z]+)"[^>]*><([a-z-]+)/.exec(answer);
    return error ? `${error[1]}/${error[2]}` : "allowed";
  }

  #put(name: "actor" | "target", [affiliation, role]: Somebody): void {
    const client = name === "actor" ? this.#actor : this.#target;
    const room = liveRoomOf(this.#service, "r");
    const nick = `${room.jid}/${name}` as const;
    const jid = `${name}@users.example`;
    // A ban takes the role; one who is banned and has a role is what a module may make of it.
    if (!room.getOccupantByNick(nick)) {
      room.setAffiliation(true, jid, "none");
      if (role !== "none") join(client, "r", name);
    }
    if (role === "none") {
      if (room.getOccupantByNick(nick)) room.setRole(true, nick, "none");
      room.setAffiliation(true, jid, affiliation);
    } else if (affiliation === "outcast") {
      room.setAffiliation(true, jid, "none");
      room.setRole(true, nick, role);
      room.affiliations.set(room.occupancy.byNick(nick)?.bareJid ?? ("" as never), "outcast");
    } else {
      room.setAffiliation(true, jid, affiliation);
      room.setRole(true, nick, role);
    }
    client.inbox.takeAll();
    assert.equal(room.getAffiliation(jid), affiliation);
    assert.equal(room.getOccupantByNick(nick)?.role ?? "none", role);
  }
}

const nameOf = ([affiliation, role]: Somebody): string =>
  role === "none" ? `absent ${affiliation}` : `${affiliation}, ${role}`;

for (const [action, rules] of Object.entries(MATRIX)) {
  test(`${action}: every actor, every target`, async () => {
    await using service = await startRooms();
    const stage = new Stage(service);
    const wrong: string[] = [];
    let rows = 0;
    for (const actor of PEOPLE) {
      for (const target of PEOPLE) {
        const verdict = stage.ask(actor, target, action);
        const due = expected(rules, actor, target);
        if (verdict !== due) wrong.push(`${nameOf(actor)} -> ${nameOf(target)}: ${verdict} instead of ${due}`);
        rows++;
      }
    }
    assert.deepEqual(wrong, []);
    assert.equal(rows, 400);
  });

  test(`${action}: every actor, of themselves`, async () => {
    await using service = await startRooms();
    const stage = new Stage(service);
    for (const actor of PEOPLE) {
      const due = expected(SELF[action] ?? [], actor, actor);
      assert.equal(stage.ask(actor, "self", action), due, nameOf(actor));
    }
  });
}

test("the last owner cannot leave the room without one, and can when there is another", async () => {
  await using service = await startRooms();
  const ada = person(service, "ada");
  create(ada, "r", "Ada");
  const stepDown = (affiliation: string): string => {
    ada.send(administering("r", `<item jid="ada@users.example" affiliation="${affiliation}"/>`));
    return received(ada).find((stanza) => stanza.startsWith("<iq")) ?? "";
  };
  for (const affiliation of ["admin", "member", "none", "outcast"]) assert.match(stepDown(affiliation), /<conflict/);
  assert.match(stepDown("owner"), /type="result"/);
  liveRoomOf(service, "r").setAffiliation(true, "ben@users.example", "owner");
  assert.match(stepDown("outcast"), /<conflict/, "nobody bans themselves");
  assert.match(stepDown("admin"), /type="result"/);
});

test("a banned domain: who is of it and has no affiliation goes, and stays out", async () => {
  await using service = await startRooms();
  const [ada, ben, cleo] = [person(service, "ada"), person(service, "ben"), person(service, "cleo")];
  create(ada, "r", "Ada");
  ada.send(administering("r", `<item jid="cleo@users.example" affiliation="member"/>`));
  join(ben, "r", "Ben");
  join(cleo, "r", "Cleo");
  ada.inbox.takeAll();
  ada.send(administering("r", `<item jid="users.example" affiliation="outcast"/>`));
  const room = liveRoomOf(service, "r");
  assert.deepEqual([...room.eachOccupant()].map(([nick]) => nick).sort(), [`r@${SERVICE}/Ada`, `r@${SERVICE}/Cleo`]);
  join(ben, "r", "Ben");
  assert.equal(room.getOccupantByNick(`r@${SERVICE}/Ben`), undefined);
  cleo.send(administering("r", `<item jid="users.example" affiliation="none"/>`));
  assert.match(received(cleo).join(""), /<forbidden/);
});
