/** What the operator does with rooms, and what those inside are told of it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { getChild, StanzaError, type Element } from "../../../core/index.js";
import { commandsOf, runCommand } from "../../../core/cli/run-command.js";
import { startService, type TestService } from "../../../core/testing/service.js";
import type { ActionRow, RoomAction } from "../../../modules/mod_muc/index.js";
import {
  codesOf,
  createRoom,
  enter,
  errorOf,
  hook,
  joinPresence,
  received,
  ROOM,
  startRooms,
  summary,
} from "../../support/rooms.js";

interface Outcome {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

/** Runs `chorusctl muc …` on a service. */
async function muc(service: TestService, ...words: string[]): Promise<Outcome> {
  const [out, err]: [string[], string[]] = [[], []];
  const io = {
    print: (line: string) => void out.push(line),
    error: (line: string) => void err.push(line),
    ask: () => Promise.reject(new Error("nobody is asked")),
  };
  const status = await runCommand(service.service.hosts, ["muc", ...words], io, { online: true, cwd: "/" });
  return { status, out: out.join("\n"), err: err.join("\n") };
}

/** The same for a command that has to be done. */
async function done(service: TestService, ...words: string[]): Promise<string> {
  const outcome = await muc(service, ...words);
  assert.deepEqual([outcome.status, outcome.err], [0, ""], words.join(" "));
  return outcome.out;
}

function itemOf(stanza: Element | undefined): Element | undefined {
  const x = stanza && getChild(stanza, "x", "http://jabber.org/protocol/muc#user");
  return x && getChild(x, "item");
}

test("a refusal is status 1 and says why; what cannot be understood is 2 and shows the usage", async () => {
  await using service = await startRooms();
  await done(service, "create", ROOM, "--persistent", "roomname=Attic");
  for (const [words, status, said] of [
    [["create", ROOM], 1, /^attic@rooms\.example exists already$/],
    [["create", "⛵@rooms.example"], 1, /^⛵@rooms\.example cannot be the address of a room$/],
    [["info", "nix@rooms.example"], 1, /^there is no room nix@rooms\.example$/],
    [["info", "nix@nowhere"], 1, /^nowhere has no rooms here; these have: rooms\.example$/],
    [["list", "example"], 1, /^example has no rooms here; these have: rooms\.example$/],
    [["info", "nix"], 2, /^"nix" is not the address of a room, as ROOM@rooms\.example\nusage: chorusctl muc info ROOM/],
    [["info", "rooms.example"], 2, /^"rooms\.example" is not the address of a room/],
    [["info", `${ROOM}/Nick`], 2, /is not the address of a room/],
    [["info"], 2, /^expected a ROOM, got nothing\nusage: /],
    [["info", ROOM, "more"], 2, /^expected nothing more, got "more"/],
    [["info", ROOM, "--jsn"], 2, /^unknown option --jsn/],
    [["info", ROOM, "--json=1"], 2, /^--json takes no value/],
    [["destroy", ROOM, "--reason"], 2, /^--reason: expected a value, got nothing/],
    [["destroy", ROOM, "--reason=a", "--reason", "b"], 2, /^--reason is given twice/],
    [["set-affiliation", ROOM, "ben@example/x", "member"], 2, /^jid: "ben@example\/x" is not a bare JID/],
    [["set-affiliation", ROOM, "ben@example", "king"], 2, /^affiliation: expected one of owner, admin/],
    [["set-affiliation", ROOM, "ben@example"], 2, /^expected AFFILIATION, got nothing/],
    [["set-affiliation", ROOM, "ben@example", "outcast", "--nick=B"], 1, /^no nick is reserved for somebody of/],
    [["kick", ROOM, "Ben"], 1, /^nobody in attic@rooms\.example is called Ben$/],
    [["set-role", ROOM, "Ben", "king"], 2, /^role: expected one of moderator/],
    [["config", ROOM, "roomname=A", "publicroom=perhaps"], 1, /^muc#roomconfig_publicroom: Invalid boolean/],
    [["config", ROOM, "roomname=A", "whois=nobody"], 1, /^muc#roomconfig_whois: Not one of the options: nobody$/],
    [["config", ROOM, "colour=red"], 1, /^colour: There is no such field$/],
    [["config", ROOM, "colour"], 1, /^colour: There is no such field$/],
    [["config", ROOM, "roomname=A", "roomname=B"], 1, /^roomname: It has one value only$/],
    [["config", ROOM, "roomname=A", "muc#roomconfig_roomname=B"], 1, /roomname: It is given twice$/],
    [["config", ROOM, "roomname", "roomname=B"], 2, /^roomname is named and set, too/],
    [["config", ROOM, "=B"], 2, /^expected FIELD=VALUE, got "=B"/],
    [["create", "new@rooms.example", "--persistent", "roomname=A", "publicroom=perhaps"], 1, /publicroom: Invalid/],
  ] as const) {
    const outcome = await muc(service, ...words);
    assert.deepEqual([outcome.status, outcome.out], [status, ""], words.join(" "));
    assert.match(outcome.err, said);
  }
  assert.equal(await done(service, "config", ROOM, "roomname"), "Attic", "nothing of a refused form stays");
  assert.equal((await muc(service, "info", "new@rooms.example")).status, 1, "nor of a refused room");
  assert.deepEqual(
    service.logLines.filter(({ level }) => level === "error"),
    [],
  );
});

test("a room is configured as by its owner: the same checks, and a notice to those inside (XEP-0045 §10.2.1)", async () => {
  await using service = await startRooms();
  const ada = service.client("ada@example");
  await createRoom(ada, "Ada", { "muc#roomconfig_roomname": "Attic" });
  assert.equal(
    await done(service, "config", ROOM, "roomname=Loft", "presencebroadcast=moderator", "presencebroadcast=visitor"),
    `${ROOM} is configured`,
  );
  const [notice, ...others] = await received(ada);
  assert.deepEqual(codesOf(notice), ["104"]);
  assert.deepEqual(others, []);
  assert.equal(await done(service, "config", ROOM, "presencebroadcast"), "visitor\nmoderator");
  const emptied = await muc(service, "config", ROOM, "presencebroadcast=");
  assert.deepEqual([emptied.status, emptied.err], [1, "muc#roomconfig_presencebroadcast: Required value missing"]);
  await muc(service, "config", ROOM, "roomname=Other", "whois=nobody");
  assert.deepEqual(await received(ada), [], "a refused form is nobody's business");
  assert.equal(
    await done(service, "config", ROOM, "roomname", "membersonly"),
    "muc#roomconfig_roomname:     Loft\nmuc#roomconfig_membersonly:  no",
  );
});

test("a field that a module refuses late takes back those before it", async () => {
  await using service = await startRooms();
  await done(service, "create", ROOM, "roomname=Attic");
  const refusal = new StanzaError({ type: "modify", condition: "not-acceptable", text: "not today" });
  hook(service, "muc-config-submitted/muc#roomconfig_whois", () => refusal, 10);
  const { status, err } = await muc(service, "config", ROOM, "roomname=Loft", "whois=anyone");
  assert.deepEqual([status, err], [1, "not today"]);
  assert.equal(await done(service, "config", ROOM, "roomname"), "Attic");
  assert.equal((await muc(service, "create", "new@rooms.example", "whois=anyone")).status, 1);
  assert.equal(await done(service, "list", "--json"), await done(service, "list", "rooms.example", "--json"));
  assert.doesNotMatch(await done(service, "list"), /new@/);
});

test("affiliations are changed from outside, and the room is told (XEP-0045 §9.3, §9.1, §10.3)", async () => {
  await using service = await startRooms();
  const [ada, ben] = [service.client("ada@example"), service.client("ben@example")];
  await createRoom(ada, "Ada");
  await enter(ben, "Ben");
  await received(ada);
  await done(service, "set-affiliation", ROOM, "cleo@example", "member");
  const [message] = await received(ada);
  assert.equal(message?.name, "message");
  assert.deepEqual(itemOf(message)?.attrs, { affiliation: "member", jid: "cleo@example" });
  await done(service, "set-affiliation", ROOM, "ben@example", "outcast", "--reason", "Enough");
  const [banned] = (await received(ada)).filter(({ name }) => name === "presence");
  assert.deepEqual(codesOf(banned), ["301"]);
  assert.match(String(itemOf(banned)), /Enough/);
  assert.deepEqual(codesOf((await received(ben)).at(-1)), ["301", "110"]);
  assert.match(await done(service, "affiliations", ROOM), /^ben@example +outcast +- +Enough$/m);
});

test("a nick is reserved, and who has it must go; nobody loses it to another (XEP-0045 §7.10)", async () => {
  await using service = await startRooms();
  const [ada, ben] = [service.client("ada@example"), service.client("ben@example")];
  await createRoom(ada, "Ada");
  await enter(ben, "Captain");
  await done(service, "set-affiliation", ROOM, "cleo@example", "member", "--nick", "Captain");
  assert.ok(codesOf((await received(ben)).find(({ attrs }) => attrs["type"] === "unavailable")).includes("307"));
  const { status, err } = await muc(service, "set-affiliation", ROOM, "dora@example", "member", "--nick", "Captain");
  assert.deepEqual([status, err], [1, "Captain is reserved for cleo@example"]);
  assert.deepEqual(summary(await enter(ben, "Captain")), ["presence Captain error cancel/conflict"]);
});

test("a module may refuse what the operator asks for, and says why if it wants to", async () => {
  await using service = await startRooms();
  await done(service, "create", ROOM);
  const error = (text?: string): StanzaError => new StanzaError({ type: "auth", condition: "forbidden", text });
  hook(service, "muc-pre-set-affiliation", ({ jid }) => error(jid === "ben@example" ? "Not Ben" : undefined));
  hook(service, "muc-pre-room-destroy", () => Promise.resolve(error("Not today")));
  for (const [words, said] of [
    [["set-affiliation", ROOM, "ben@example", "member"], "Not Ben"],
    [["set-affiliation", ROOM, "cleo@example", "member"], "cleo@example: forbidden"],
    [["destroy", ROOM], "Not today"],
    [["create", "new@rooms.example", "--owner", "ben@example"], "ben@example cannot be made the owner"],
  ] as const) {
    const { status, err } = await muc(service, ...words);
    assert.deepEqual([status, err], [1, said]);
  }
  assert.deepEqual(JSON.parse(await done(service, "affiliations", ROOM, "--json")), []);
  assert.equal((await muc(service, "info", "new@rooms.example")).status, 1);
});

test("roles are changed, and occupants removed", async () => {
  await using service = await startRooms();
  const [ada, ben] = [service.client("ada@example/desk"), service.client("ben@example/desk")];
  await createRoom(ada, "Ada");
  await enter(ben, "Ben Tau");
  await received(ada);
  const rows = JSON.parse(await done(service, "occupants", ROOM, "--json")) as ActionRow[];
  assert.deepEqual(rows[1], {
    nick: "Ben Tau",
    jid: "ben@example",
    role: "participant",
    affiliation: "none",
    sessions: ["ben@example/desk"],
  });
  await done(service, "set-role", ROOM, "Ben Tau", "visitor");
  assert.equal(itemOf((await received(ada))[0])?.attrs["role"], "visitor");
  assert.equal(await done(service, "kick", ROOM, "Ben Tau", "--reason=Night"), `Ben Tau is removed from ${ROOM}`);
  const [gone] = await received(ada);
  assert.deepEqual(codesOf(gone), ["307"]);
  assert.match(String(itemOf(gone)), /Night/);
});

test("what a room keeps from strangers is shown to the operator, and any field can be set", async () => {
  await using service = await startRooms(`
    modules_enabled = { "muc_config_restrict" }
    muc_config_restricted = { "muc#roomconfig_whois" }
    muc_room_allow_persistent = false
    muc_room_allow_public = false
  `);
  const ada = service.client("ada@example");
  await createRoom(ada, "Ada", { "muc#roomconfig_membersonly": "1", "muc#roomconfig_roomdesc": "Under the roof" });
  const info = JSON.parse(await done(service, "info", ROOM, "--json")) as Record<string, unknown>;
  assert.equal(info["muc#roominfo_description"], "Under the roof");
  assert.deepEqual([info["occupants"], info["sessions"], info["owners"]], [1, 1, 1]);
  await done(service, "config", ROOM, "whois=anyone", "persistentroom=1", "publicroom=1");
  const [row] = JSON.parse(await done(service, "list", "--json")) as ActionRow[];
  assert.deepEqual([row?.["public"], row?.["persistent"]], [true, true]);
});

test("a room is destroyed, and everybody is told why and where to go (XEP-0045 §10.9)", async () => {
  await using service = await startRooms();
  const ada = service.client("ada@example");
  await createRoom(ada, "Ada", { "muc#roomconfig_persistentroom": "1" });
  await done(service, "destroy", ROOM, "--reason", "Winter", "--newjid", "cellar@rooms.example");
  const [gone] = await received(ada);
  assert.match(String(gone), /<destroy jid="cellar@rooms\.example"><reason>Winter<\/reason><\/destroy>/);
});

test("a room takes the place of a destroyed one, whose tombstone keeps others off; refused, it does not", async () => {
  await using service = await startRooms();
  const ben = service.client("ben@example");
  const stored = service.storage.openStore("rooms.example", "config");
  await done(service, "create", ROOM, "--persistent");
  await done(service, "destroy", ROOM);
  assert.equal((await muc(service, "create", ROOM, "whois=nobody")).status, 1);
  assert.deepEqual(summary(await enter(ben, "Ben")), ["presence Ben error cancel/gone"]);
  assert.notEqual(await stored.get("attic"), undefined);
  await done(service, "create", ROOM);
  assert.deepEqual(summary(await enter(ben, "Ben")), ["presence Ben 110", "message room groupchat subject"]);
  assert.equal(await stored.get("attic"), undefined, "it is temporary");
});

test("a created room has its owner and its settings from its first moment", async () => {
  await using service = await startRooms();
  const [ada, ben] = [service.client("ada@example"), service.client("ben@example")];
  const data = await done(
    service,
    "create",
    "ATTIC@rooms.example",
    "membersonly=1",
    "--owner",
    "ada@example",
    "--json",
  );
  assert.deepEqual(JSON.parse(data), { room: ROOM, owner: "ada@example", persistent: false });
  ben.send(joinPresence("Ben"));
  assert.equal(errorOf(await ben.receive()), "auth/registration-required");
  assert.equal(itemOf((await enter(ada, "Ada"))[0])?.attrs["affiliation"], "owner");
});

test("of many stored rooms a list loads none, and is in order with those in memory", async () => {
  await using service = await startRooms("muc_room_cache_size = 5");
  const names = Array.from({ length: 600 }, (_, at) => `r${String(at).padStart(3, "0")}`);
  for (const name of names) {
    const isPublic = name.endsWith("7") ? ["publicroom=1"] : [];
    await done(service, "create", `${name}@rooms.example`, "--persistent", `roomname=${name}!`, ...isPublic);
  }
  const ada = service.client("ada@example");
  await enter(ada, "Ada", { room: "r300@rooms.example" });
  await enter(ada, "Ada", { room: "r3005@rooms.example" });
  const engine = service.service.modules.exportsOf("rooms.example", "muc") as { liveRooms(): readonly unknown[] };
  const before = engine.liveRooms().length;
  assert.ok(before < 10);
  const rows = JSON.parse(await done(service, "list", "--json")) as { jid: string; name: string; occupants: number }[];
  assert.equal(engine.liveRooms().length, before);
  const all = [...names, "r3005"].map((name) => `${name}@rooms.example`).sort();
  assert.deepEqual(
    rows.map(({ jid }) => jid),
    all,
  );
  assert.equal(rows[17]?.name, "r017!");
  assert.equal(JSON.parse(await done(service, "list", "--public", "--json")).length, 60);
  const live = JSON.parse(await done(service, "list", "--live", "--json")) as { jid: string; occupants: number }[];
  assert.deepEqual(
    live.map(({ jid, occupants }) => [jid, occupants]),
    [
      ["r3005@rooms.example", 1],
      ["r300@rooms.example", 1],
    ],
  );
});

test("a module adds an action, and takes it with it when it goes", async () => {
  await using service = await startService({
    config: `VirtualHost "example"\nComponent "rooms.example" "muc"`,
    listen: false,
  });
  const action: RoomAction = {
    name: "count",
    title: "Count",
    summary: "count what somebody says",
    target: "room",
    arguments: [
      { name: "what", kind: "text", label: "What", required: true },
      { name: "loud", kind: "flag", label: "Loudly" },
    ],
    run: ({ room, texts, flags }) => ({
      kind: "record",
      fields: { room: room.jid, what: texts["what"] ?? null, loud: flags.has("loud") },
    }),
  };
  const { published } = service.host("rooms.example");
  published.add("muc-action", action, "test");
  await done(service, "create", ROOM);
  assert.deepEqual(JSON.parse(await done(service, "count", ROOM, "--loud", "--json", "--", "--odd")), {
    room: ROOM,
    what: "--odd",
    loud: true,
  });
  published.remove("muc-action", action, "test");
  assert.equal((await muc(service, "count", ROOM)).status, 2);
  assert.ok(!commandsOf(service.service.hosts).some(({ name }) => name === "muc count"));
});
