import assert from "node:assert/strict";
import { test } from "node:test";
import { xml, type Element } from "../../../core/index.js";
import { FakeClock } from "../../../core/testing/fake-clock.js";
import type { FakeClient } from "../../../core/testing/fake-client.js";
import type { TestService } from "../../../core/testing/service.js";
import {
  administrate,
  createRoom,
  enter,
  errorOf,
  errorText,
  joinPresence,
  received,
  ROOM,
  startRooms,
} from "../../support/rooms.js";

const TOO_FAST = "wait/policy-violation";
const TOO_LONG = "modify/policy-violation";

interface World extends AsyncDisposable {
  readonly service: TestService;
  readonly clock: FakeClock;
  readonly ada: FakeClient;
  readonly ben: FakeClient;
  readonly cleo: FakeClient;
}

/** A room of Ada's. @param options lines of the rooms' section */
async function world(options = ""): Promise<World> {
  const clock = new FakeClock();
  const service = await startRooms(`modules_enabled = { "muc_limits" }; ${options}`, { clock });
  const [ada, ben, cleo] = ["ada", "ben", "cleo"].map((name) => service.client(`${name}@example/x`)) as [
    FakeClient,
    FakeClient,
    FakeClient,
  ];
  await createRoom(ada, "Ada");
  return { service, clock, ada, ben, cleo, [Symbol.asyncDispose]: () => service[Symbol.asyncDispose]() };
}

/** What entering ends with: an error, or nothing. */
async function entering(client: FakeClient, nick: string): Promise<string | undefined> {
  return errorOf((await enter(client, nick)).at(-1));
}

/** What comes back of a stanza: an error, or nothing. */
async function sent(client: FakeClient, stanza: Element): Promise<string | undefined> {
  client.send(stanza);
  return (await received(client)).map(errorOf).find((error) => error !== undefined);
}

function message(body: string, to = ROOM, type = "groupchat"): Element {
  return xml("message", { type, to }, xml("body", {}, body));
}

async function say(client: FakeClient, body = "hello"): Promise<string | undefined> {
  return sent(client, message(body));
}

test("an occupant has a pace of its own, which leaves some of the room's to others", async () => {
  await using on = await world();
  assert.equal(await entering(on.ben, "Ben"), undefined);
  assert.equal(await say(on.ben), undefined);
  assert.equal(await say(on.ben), TOO_FAST, "0.25/s, 2 at once");
  assert.equal(await entering(on.cleo, "Cleo"), undefined, "the room: 0.5/s, 3 at once");
  assert.equal(await say(on.cleo), TOO_FAST, "Cleo has one left, the room has none");
  on.clock.advanceSeconds(2);
  assert.equal(await say(on.cleo), undefined);
  assert.equal(await say(on.ben), TOO_FAST);
  on.clock.advanceSeconds(2);
  assert.equal(await say(on.ben), undefined);
});

test("what is over a limit reaches nobody, and says what to do", async () => {
  await using on = await world();
  await enter(on.ben, "Ben");
  await say(on.ben, "one");
  await received(on.ada);
  on.ben.send(message("two"));
  const [refused] = await received(on.ben);
  assert.match(errorText(refused) ?? "", /try again/);
  assert.deepEqual(await received(on.ada), []);
});

test("another nick, another client or coming back is no way around it", async () => {
  await using on = await world();
  await enter(on.ben, "Ben");
  assert.equal(await sent(on.ben, xml("presence", { to: `${ROOM}/Benjamin` })), undefined);
  assert.equal(await sent(on.ben, xml("presence", { to: `${ROOM}/Ben` })), TOO_FAST);
  assert.equal(await entering(on.service.client("ben@example/y"), "Benjamin"), TOO_FAST);
  on.ben.send(xml("presence", { to: `${ROOM}/Benjamin`, type: "unavailable" }));
  await received(on.ben);
  assert.equal(await entering(on.ben, "Ben"), TOO_FAST);
});

test("private messages, status changes and invitations count", async () => {
  const others: readonly Element[] = [
    message("psst", `${ROOM}/Ada`, "chat"),
    xml("presence", { to: `${ROOM}/Ben` }, xml("show", {}, "away")),
    xml(
      "message",
      { to: ROOM },
      xml("x", { xmlns: "http://jabber.org/protocol/muc#user" }, xml("invite", { to: "cleo@example" })),
    ),
  ];
  for (const stanza of others) {
    await using on = await world();
    await enter(on.ben, "Ben");
    await say(on.ben);
    assert.equal(await sent(on.ben, stanza), TOO_FAST, stanza.toString());
  }
});

test("the subject costs as much as a message", async () => {
  await using on = await world("muc_room_default_change_subject = true");
  await enter(on.ben, "Ben");
  const subject = (): Element => xml("message", { type: "groupchat", to: ROOM }, xml("subject", {}, "Boxes"));
  assert.equal(await sent(on.ben, subject()), undefined);
  assert.equal(await sent(on.ben, subject()), TOO_FAST);
});

test("who has an affiliation is not limited, and uses up nothing", async () => {
  await using on = await world();
  await administrate(on.ada, { jid: "cleo@example", affiliation: "member" });
  assert.equal(await entering(on.cleo, "Cleo, who has a longer nick than others"), undefined);
  for (let count = 0; count < 10; count++) {
    assert.equal(await say(on.cleo, "x".repeat(6000)), undefined);
  }
  assert.equal(await entering(on.ben, "Ben"), undefined);
});

test("muc_limit_joins_only: nothing but entering", async () => {
  await using on = await world("muc_limit_joins_only = true; muc_occupant_event_rate = 0.1");
  assert.equal(await entering(on.ben, "Ben"), undefined);
  for (let count = 0; count < 5; count++) assert.equal(await say(on.ben, "x\n".repeat(50)), undefined);
  assert.equal(await entering(on.service.client("ben@example/y"), "Ben"), TOO_FAST);
});

test("who fails at the password or is banned uses up nothing of the room, and cannot try for ever", async () => {
  await using on = await world("muc_occupant_burst_factor = 40");
  await createRoom(on.ada, "Ada", { "muc#roomconfig_roomsecret": "tumbler" });
  for (let count = 0; count < 10; count++) assert.equal(await entering(on.ben, "Ben"), "auth/not-authorized");
  assert.equal(await entering(on.ben, "Ben"), TOO_FAST);
  on.cleo.send(joinPresence("Cleo", { password: "tumbler" }));
  assert.equal(errorOf((await received(on.cleo)).at(-1)), undefined);
});

const LENGTHS: readonly (readonly [options: string, body: string, expected: string | undefined])[] = [
  ["", "x".repeat(5664), undefined],
  ["", "x".repeat(5665), TOO_LONG],
  ["", "é".repeat(2833), TOO_LONG],
  ["", "\n".repeat(22), undefined],
  ["", "\n".repeat(23), TOO_LONG],
  ["muc_max_char_count = 3", "four", TOO_LONG],
  ["muc_max_line_count = 1", "one\ntwo", TOO_LONG],
];
for (const [options, body, expected] of LENGTHS) {
  test(`a message of ${body.length} characters, ${body.split("\n").length} lines; ${options || "defaults"}`, async () => {
    await using on = await world(`muc_event_rate = 100; ${options}`);
    await enter(on.ben, "Ben");
    assert.equal(await say(on.ben, body), expected);
    assert.equal(await sent(on.ben, message(body, `${ROOM}/Ada`, "chat")), expected, "private");
  });
}

test("muc_max_nick_length: characters, of those who enter and of those who change", async () => {
  await using on = await world("muc_max_nick_length = 4; muc_event_rate = 100");
  assert.equal(await entering(on.ben, "Bärbl"), TOO_LONG);
  assert.equal(await entering(on.ben, "Bärb"), undefined);
  assert.equal(await sent(on.ben, xml("presence", { to: `${ROOM}/Bärbl` })), TOO_LONG);
});

test("muc_limit_base_cost, muc_line_count_multiplier: long messages cost more", async () => {
  await using on = await world("muc_line_count_multiplier = 0.5; muc_limit_base_cost = 0.5");
  await enter(on.ben, "Ben"); // 1.5 left
  assert.equal(await say(on.ben, "one\ntwo"), undefined); // 0.5 left
  assert.equal(await say(on.ben, "one\ntwo"), TOO_FAST);
  assert.equal(await say(on.ben), undefined);
});

test("XEP-0085: chat states count for little, and not for nothing", async () => {
  await using on = await world();
  await enter(on.ben, "Ben"); // 1 left
  const state = (name: string, ...more: Element[]): Element =>
    xml(
      "message",
      { type: "groupchat", to: ROOM },
      xml(name, { xmlns: "http://jabber.org/protocol/chatstates" }),
      ...more,
    );
  assert.equal(await sent(on.ben, state("active", xml("body", {}, "hello"))), undefined, "with a text, a message");
  assert.equal(await sent(on.ben, state("composing")), TOO_FAST);
  on.clock.advanceSeconds(8);
  for (let count = 0; count < 20; count++) assert.equal(await sent(on.ben, state("composing")), undefined);
  assert.equal(await sent(on.ben, state("composing")), TOO_FAST);
});

test("however slow the pace, nothing is impossible: the cost of a message is no more than a full bucket", async () => {
  await using on = await world("muc_event_rate = 0.01; muc_burst_factor = 1");
  assert.equal(await entering(on.ben, "Ben"), undefined);
  assert.equal(await say(on.ben), TOO_FAST);
  on.clock.advanceSeconds(200);
  assert.equal(await say(on.ben, "\n".repeat(20)), undefined);
});

test("muc_event_rate = 0 sets no pace", async () => {
  await using on = await world("muc_event_rate = 0");
  await enter(on.ben, "Ben");
  for (let count = 0; count < 20; count++) assert.equal(await say(on.ben), undefined);
});
