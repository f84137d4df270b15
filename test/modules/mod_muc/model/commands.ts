/** What may be done with the room, as commands for fast-check: each asks the model what comes of it, and sees to it. */
import assert from "node:assert/strict";
import fc from "fast-check";
import * as stanzas from "../../../support/room-stanzas.js";
import { NS_MUC } from "../../../support/room-stanzas.js";
import { type Item, administer } from "./rules/affiliations.js";
import { affiliations, info, roles } from "./rules/lists.js";
import { grantVoice, invite, say, setSubject, whisper } from "./rules/messages.js";
import { configure, destroy } from "./rules/owners.js";
import { bounce, leave, ping, present, probe } from "./rules/presence.js";
import { NICK_INVISIBLE, NICK_MALFORMED } from "./rules/refusals.js";
import { register, unregister } from "./rules/registration.js";
import { expireLock, expireTombstone, restart } from "./rules/time.js";
import type { Real } from "./service.js";
import { AFFILIATIONS, ROLES, World, type Session, type Settings } from "./world.js";

const USERS = ["ada@users.example", "ben@users.example", "cy@users.example", "dee@users.example"];
const OUTSIDERS = ["eve@elsewhere.example", "fay@elsewhere.example"];
export const SESSIONS: readonly Session[] = [
  "ada@users.example/desk",
  "ada@users.example/phone",
  "ben@users.example/desk",
  "ben@users.example/phone",
  "cy@users.example/desk",
  "dee@users.example/desk",
  "eve@elsewhere.example/desk",
  "fay@elsewhere.example/desk",
  "root@users.example/desk",
];
/** The one who makes the room, in most runs. */
export const OWNER = SESSIONS[0] as Session;
const NICKS = ["One", "Two", "Three", "Four"];

type Lines = Map<Session, string[]>;
export type Command = fc.AsyncCommand<World, Real>;

function compare(actual: Lines, expected: Lines): void {
  const sorted = (lines: Lines): Record<string, string[]> => Object.fromEntries([...lines].sort());
  assert.deepEqual(sorted(actual), sorted(expected));
}

/** What of the model is on disk. */
function stored({ place: { room, tombstone } }: World): string {
  if (tombstone) return "a tombstone";
  if (!room?.settings.persistent) return "nothing";
  const { settings, standings, subject, isLocked } = room;
  return JSON.stringify([settings, [...standings], subject, isLocked]);
}

/** Somebody sends a stanza. */
class Sending implements Command {
  constructor(
    readonly what: string,
    readonly by: Session,
    readonly stanza: (room: string) => string,
    readonly expect: (world: World) => void,
    readonly isDiskFull: boolean,
  ) {}

  check(): boolean {
    return true;
  }

  async run(world: World, real: Real): Promise<void> {
    const { place } = world;
    const before = stored(world);
    world.place = structuredClone(place);
    world.sent = new Map();
    this.expect(world);
    // A tombstone is removed beside the step that makes a room in its place.
    const isDiskFull = this.isDiskFull && !place.tombstone;
    if (isDiskFull) real.disk.failSyncedCommits();
    const stanza = this.stanza(world.room);
    const received = await real.act(this.by, stanza);
    real.disk.repair();
    if (isDiskFull && isRefused(received, this.by, stored(world) !== before, stanza)) world.place = place;
    else compare(received, world.sent);
    await real.compare(world);
  }

  toString(): string {
    return `${this.isDiskFull ? "(disk full) " : ""}${this.by} ${this.what}`;
  }
}

/** Whether a stanza was refused because it could not be written; what has to be written must be. */
function isRefused(received: Lines, by: Session, isDue: boolean, stanza: string): boolean {
  const lines = [...received].flatMap(([to, all]) => all.map((line) => `${to}: ${line}`));
  const isSilent = stanza.startsWith("<presence type=");
  const refusal = lines.length === 1 && lines[0]?.startsWith(`${by}: `) && lines[0].endsWith("internal-server-error");
  const refused = refusal === true || (isSilent && isDue && lines.length === 0);
  if (isDue) assert.ok(refused, `it was not stored, and yet\n${lines.join("\n")}`);
  return refused;
}

class Passing implements Command {
  constructor(
    readonly what: string,
    readonly seconds: number,
    readonly expect: (world: World) => void,
  ) {}

  check(): boolean {
    return true;
  }

  async run(world: World, real: Real): Promise<void> {
    world.sent = new Map();
    this.expect(world);
    compare(await real.pass(this.seconds), world.sent);
    await real.compare(world);
  }

  toString(): string {
    return this.what;
  }
}

export class Restart implements Command {
  check(): boolean {
    return true;
  }

  async run(world: World, real: Real): Promise<void> {
    world.sent = new Map();
    const received = await real.restart();
    restart(world);
    compare(received, world.sent);
    await real.compare(world);
  }

  toString(): string {
    return "restart";
  }
}

/** The power goes: what was acknowledged is on disk. Only where nobody stays, as who stays is not written at once. */
class Crash implements Command {
  check({ isAttached }: Readonly<World>): boolean {
    return !isAttached;
  }

  async run(world: World, real: Real): Promise<void> {
    await real.crash();
    restart(world);
    await real.compare(world);
  }

  toString(): string {
    return "crash";
  }
}

// What may be asked for

const by = fc.oneof(
  { weight: 3, arbitrary: fc.constant(OWNER) },
  { weight: 6, arbitrary: fc.constantFrom(...SESSIONS) },
);
const user = fc.constantFrom(...USERS, ...OUTSIDERS);
const nick = fc.constantFrom(...NICKS);
const anyNick = fc.oneof(
  { weight: 12, arbitrary: nick },
  { weight: 1, arbitrary: fc.constantFrom(NICK_INVISIBLE, NICK_MALFORMED) },
);
const isDiskFull = fc.oneof({ weight: 9, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) });
const reason = fc.constantFrom(undefined, "because");
const password = fc.constantFrom(undefined, undefined, "sesame", "wrong");

type Spec = readonly [what: string, stanza: (room: string) => string, expect: (world: World, by: Session) => void];

function sending(spec: fc.Arbitrary<Spec>): fc.Arbitrary<Command> {
  return fc
    .tuple(by, spec, isDiskFull)
    .map(([who, [what, stanza, expect], full]) => new Sending(what, who, stanza, (world) => expect(world, who), full));
}

const enters = fc.tuple(anyNick, password).map<Spec>(([to, given]) => [
  `enters as ${to}${given === undefined ? "" : ` with ${given}`}`,
  (room) => stanzas.entering(room, to, given === undefined ? "" : `<password>${given}</password>`),
  (world, who) => {
    present(world, who, to, given === undefined ? {} : { password: given });
  },
]);

const isPresent = anyNick.map<Spec>((to) => [
  `is present as ${to}`,
  (room) => `<presence to="${room}/${to}"/>`,
  (world, who) => {
    present(world, who, to, undefined);
  },
]);

const leaves = nick.map<Spec>((to) => [
  "leaves",
  (room) => `<presence type="unavailable" to="${room}/${to}"/>`,
  (world, who) => {
    leave(world, who);
  },
]);

const bounces = fc.constant<Spec>([
  "is not there",
  (room) => `<presence type="error" to="${room}/One"/>`,
  (world, who) => {
    bounce(world, who);
  },
]);

const probes = nick.map<Spec>((to) => [
  `probes ${to}`,
  (room) => `<presence type="probe" to="${room}/${to}"/>`,
  (world, who) => {
    probe(world, who, to);
  },
]);

const says = fc.constant<Spec>([
  "says hello",
  (room) => stanzas.say(room, "hello"),
  (world, who) => {
    say(world, who, "hello");
  },
]);

const setsSubject = fc.constantFrom("", "tea", "rain").map<Spec>((text) => [
  `sets the subject "${text}"`,
  (room) => `<message type="groupchat" to="${room}"><subject>${text}</subject></message>`,
  (world, who) => {
    setSubject(world, who, text);
  },
]);

const whispers = nick.map<Spec>((to) => [
  `whispers to ${to}`,
  (room) => `<message type="chat" to="${room}/${to}"><body>psst</body></message>`,
  (world, who) => {
    whisper(world, who, to, "psst");
  },
]);

function voiceForm(fields: string): (room: string) => string {
  const type = `<field var="FORM_TYPE"><value>${NS_MUC}#request</value></field>`;
  return (room) => `<message to="${room}"><x xmlns="jabber:x:data" type="submit">${type}${fields}</x></message>`;
}

const asksForVoice = fc.oneof(
  fc.constant<Spec>([
    "asks for voice",
    voiceForm(""),
    (world, who) => {
      grantVoice(world, who, "");
    },
  ]),
  nick.map<Spec>((to) => [
    `grants voice to ${to}`,
    voiceForm(
      `<field var="muc#roomnick"><value>${to}</value></field><field var="muc#request_allow"><value>1</value></field>`,
    ),
    (world, who) => {
      grantVoice(world, who, to);
    },
  ]),
);

const invites = fc.constantFrom(...SESSIONS).map<Spec>((whom) => [
  `invites ${whom}`,
  (room) => `<message to="${room}"><x xmlns="${NS_MUC}#user"><invite to="${whom}"/></x></message>`,
  (world, who) => {
    invite(world, who, whom);
  },
]);

const roleItem = fc
  .record({ kind: fc.constant("role" as const), nick, role: fc.constantFrom(...ROLES), reason })
  .map((item) => item as Item);
const affiliationItem = fc
  .record({
    kind: fc.constant("affiliation" as const),
    jid: fc.oneof({ weight: 6, arbitrary: user }, { weight: 1, arbitrary: fc.constant("elsewhere.example") }),
    affiliation: fc.constantFrom(...AFFILIATIONS),
    nick: fc.constantFrom(undefined, undefined, undefined, "", ...NICKS),
    reason,
  })
  // A domain is banned, or not.
  .map(({ jid, affiliation, nick: reserved, ...item }): Item => {
    if (jid.includes("@")) return { ...item, jid, affiliation, nick: reserved };
    return { ...item, jid, affiliation: affiliation === "outcast" ? "outcast" : "none", nick: undefined };
  });

function itemXml(item: Item): string {
  const inside = item.reason === undefined ? "" : `<reason>${item.reason}</reason>`;
  const named = item.nick === undefined ? "" : ` nick="${item.nick}"`;
  if (item.kind === "role") return `<item${named} role="${item.role}">${inside}</item>`;
  return `<item jid="${item.jid}"${named} affiliation="${item.affiliation}">${inside}</item>`;
}

const changes = fc
  .oneof(
    { weight: 3, arbitrary: fc.tuple(roleItem) },
    { weight: 6, arbitrary: fc.tuple(affiliationItem) },
    { weight: 2, arbitrary: fc.array(fc.oneof(roleItem, affiliationItem), { minLength: 2, maxLength: 3 }) },
  )
  .map<Spec>((items) => {
    const text = items.map(itemXml).join("");
    return [
      `changes ${text}`,
      (room) => stanzas.administer(room, "admin", text),
      (world, who) => {
        administer(world, who, items);
      },
    ];
  });

const registers = anyNick.map<Spec>((to) => [
  `registers ${to}`,
  (room) => stanzas.register(room, "register", to),
  (world, who) => {
    register(world, who, to);
  },
]);

const unregisters = fc.constant<Spec>([
  "unregisters",
  (room) => `<iq type="set" id="remove" to="${room}"><query xmlns="jabber:iq:register"><remove/></query></iq>`,
  (world, who) => {
    unregister(world, who);
  },
]);

/** Field names without `muc#roomconfig_`, and what stands for a setting's value. */
const FIELDS: { readonly [K in keyof Settings]: readonly [field: string, values: fc.Arbitrary<Settings[K]>] } = {
  name: ["roomname", fc.constantFrom("", "The attic")],
  persistent: ["persistentroom", fc.boolean()],
  password: ["roomsecret", fc.constantFrom("", "", "sesame")],
  membersOnly: ["membersonly", fc.boolean()],
  memberInvites: ["{http://prosody.im/protocol/muc}roomconfig_allowmemberinvites", fc.boolean()],
  maxUsers: ["maxusers", fc.constantFrom(0, 0, 2, 3)],
  changeSubject: ["changesubject", fc.boolean()],
  moderated: ["moderatedroom", fc.boolean()],
  whois: ["whois", fc.constantFrom("moderators", "anyone")],
  broadcast: ["presencebroadcast", fc.subarray([...ROLES], { minLength: 1 })],
  allowPm: ["allowpm", fc.constantFrom("visitor", "participant", "moderator", "affiliated", "none")],
};

const fieldName = (name: string): string => (name.startsWith("{") ? name : `muc#roomconfig_${name}`);

function texts(value: Settings[keyof Settings]): string | string[] {
  if (typeof value === "boolean") return value ? "1" : "0";
  if (typeof value === "number") return value === 0 ? "" : String(value);
  return value;
}

const settings = fc.record(
  Object.fromEntries(Object.entries(FIELDS).map(([name, [, values]]) => [name, values])) as {
    [K in keyof Settings]: fc.Arbitrary<Settings[K]>;
  },
  { requiredKeys: [] },
) as fc.Arbitrary<Partial<Settings>>;
/** One field, or several. */
const submitted = fc.oneof(
  settings,
  fc
    .constantFrom(...(Object.keys(FIELDS) as (keyof Settings)[]))
    .chain((name) => FIELDS[name][1].map((value) => ({ [name]: value }))),
);
const INVALID: readonly Record<string, string | string[]>[] = [
  { whois: "nobody" },
  { membersonly: "perhaps" },
  { maxusers: "many" },
  { presencebroadcast: [] },
  { presencebroadcast: ["king"] },
  { allowpm: "friends" },
];
const invalid = fc.oneof(
  { weight: 5, arbitrary: fc.constant(undefined) },
  { weight: 1, arbitrary: fc.constantFrom(...INVALID) },
);

const configures = fc.tuple(submitted, invalid).map<Spec>(([wanted, wrong]) => {
  const values = Object.entries(wanted).map(
    ([name, value]) => [FIELDS[name as keyof Settings][0], texts(value)] as const,
  );
  const fields = Object.fromEntries(
    [...values, ...Object.entries(wrong ?? {})].map(([name, text]) => [fieldName(name), text]),
  );
  return [
    `configures ${JSON.stringify(fields)}`,
    (room) => stanzas.configure(room, "configure", fields),
    (world, who) => {
      configure(world, who, wanted, wrong === undefined);
    },
  ];
});

const destroys = fc.constantFrom(undefined, "new@rooms.users.example").map<Spec>((newjid) => {
  const to = newjid === undefined ? "" : ` jid="${newjid}"`;
  const inside = `<destroy${to}><reason>enough</reason></destroy>`;
  return [
    "destroys it",
    (room) => `<iq type="set" id="destroy" to="${room}"><query xmlns="${NS_MUC}#owner">${inside}</query></iq>`,
    (world, who) => {
      destroy(world, who, newjid, "enough");
    },
  ];
});

const pings = fc.tuple(by, nick).map<Command>(([who, to]) => new Pinging(who, to));

/** Of one's own nick, or of nobody: others would have to answer (iq-between-occupants.scs). */
class Pinging extends Sending {
  constructor(
    who: Session,
    readonly nick: string,
  ) {
    super(
      `pings ${nick}`,
      who,
      (room) => `<iq type="get" id="ping" to="${room}/${nick}"><ping xmlns="urn:xmpp:ping"/></iq>`,
      (world) => {
        ping(world, who, nick);
      },
      false,
    );
  }

  override check(world?: Readonly<World>): boolean {
    const there = world?.byNick(this.nick);
    return there === undefined || there.sessions.includes(this.by) || world?.bySession(this.by) === undefined;
  }
}

function asking(what: string, payload: string, expect: (world: World, by: Session) => void): Spec {
  return [`asks for ${what}`, (room) => `<iq type="get" id="ask" to="${room}">${payload}</iq>`, expect];
}

const asksForList = (item: string, expect: (world: World, by: Session) => void): Spec =>
  asking(item, `<query xmlns="${NS_MUC}#admin"><item ${item}/></query>`, expect);

const asks = fc.oneof(
  fc.constant(asking("info", '<query xmlns="http://jabber.org/protocol/disco#info"/>', info)),
  fc.constantFrom(...AFFILIATIONS).map((affiliation) =>
    asksForList(`affiliation="${affiliation}"`, (world, who) => {
      affiliations(world, who, affiliation);
    }),
  ),
  fc.constantFrom(...ROLES).map((role) =>
    asksForList(`role="${role}"`, (world, who) => {
      roles(world, who, role);
    }),
  ),
);

/** With how much weight each is chosen. */
const CHOICE: readonly (readonly [weight: number, spec: fc.Arbitrary<Spec>])[] = [
  [14, enters],
  [5, isPresent],
  [4, leaves],
  [2, bounces],
  [2, probes],
  [2, says],
  [2, setsSubject],
  [3, whispers],
  [2, asksForVoice],
  [2, invites],
  [12, changes],
  [3, registers],
  [2, unregisters],
  [9, configures],
  [1, destroys],
  [4, asks],
];

const DAY = 24 * 3600;

/** Everything. @param restarts how many of 1000 commands are restarts, which cost most of the time */
export function anyCommand(restarts: number): fc.Arbitrary<Command>[] {
  const choice = fc.oneof(
    ...CHOICE.map(([weight, spec]) => ({ weight: weight * 10, arbitrary: sending(spec) })),
    { weight: 15, arbitrary: pings },
    { weight: 5, arbitrary: fc.constant<Command>(new Passing("six minutes pass", 360, expireLock)) },
    {
      weight: 3,
      arbitrary: fc.constant<Command>(
        new Passing("forty days pass", 40 * DAY, (world) => {
          expireLock(world);
          expireTombstone(world);
        }),
      ),
    },
    { weight: restarts, arbitrary: fc.constantFrom<Command>(new Restart(), new Crash()) },
  );
  return [choice];
}

/** How most runs begin: somebody has made the room, which may stay, and two others are in it. */
export const OPENING: readonly Command[] = [
  opening(
    OWNER,
    "enters as One",
    (room) => stanzas.entering(room, "One"),
    (world) => {
      present(world, OWNER, "One", {});
    },
  ),
  opening(
    OWNER,
    "configures it",
    (room) => stanzas.configure(room, "open", { "muc#roomconfig_persistentroom": "1" }),
    (world) => {
      configure(world, OWNER, { persistent: true }, true);
    },
  ),
];

function opening(
  who: Session,
  what: string,
  stanza: (room: string) => string,
  expect: (world: World) => void,
): Command {
  return new Sending(what, who, stanza, expect, false);
}
