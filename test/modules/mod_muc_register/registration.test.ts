import assert from "node:assert/strict";
import { test } from "node:test";
import { childElements, getChild, xml, type Element, type Storage } from "../../../core/index.js";
import { openStorage } from "../../../core/storage/open.js";
import type { FakeClient } from "../../../core/testing/fake-client.js";
import type { TestService } from "../../../core/testing/service.js";
import type { Muc } from "../../../modules/mod_muc/index.js";
import {
  administrate,
  createRoom,
  discover,
  enter,
  errorOf,
  errorText,
  received,
  request,
  ROOM,
  startRooms,
  submission,
  summary,
  type Fields,
} from "../../support/rooms.js";

const NS_REGISTER = "jabber:iq:register";
const NS_ADMIN = "http://jabber.org/protocol/muc#admin";
const FORM_TYPE = "http://jabber.org/protocol/muc#register";
const NICK = "muc#register_roomnick";

function register(client: FakeClient, fields: Fields, formType = FORM_TYPE): ReturnType<typeof request> {
  return request(client, "set", xml("query", { xmlns: NS_REGISTER }, submission(formType, fields)));
}

function unregister(client: FakeClient): ReturnType<typeof request> {
  return request(client, "set", xml("query", { xmlns: NS_REGISTER }, xml("remove")));
}

async function form(client: FakeClient): Promise<Element> {
  const [answer] = await request(client, "get", xml("query", { xmlns: NS_REGISTER }));
  return getChild(answer, "query", NS_REGISTER) ?? answer;
}

async function reservedNick(client: FakeClient): Promise<string | undefined> {
  const xmlns = "http://jabber.org/protocol/disco#info";
  const [answer] = await request(client, "get", xml("query", { xmlns, node: "x-roomuser-item" }));
  assert.equal(answer.attrs["type"], "result");
  const [identity] = childElements(getChild(answer, "query", xmlns) ?? answer);
  return identity?.attrs["name"] as string | undefined;
}

interface People {
  readonly service: TestService;
  readonly ada: FakeClient;
  readonly ben: FakeClient;
  readonly cleo: FakeClient;
}

/** A room of Ada's with Ben as member. */
async function roomWithMember(component = "", options: { storage?: Storage } = {}): Promise<People> {
  const service = await startRooms(component, options);
  const [ada, ben, cleo] = [
    service.client("ada@example"),
    service.client("ben@example"),
    service.client("cleo@example"),
  ];
  await createRoom(ada, "Ada");
  await administrate(ada, { affiliation: "member", jid: "ben@example" });
  return { service, ada, ben, cleo };
}

test("XEP-0045 §7.10: a member asks for the form, registers, and finds the nick again", async () => {
  const { service, ben } = await roomWithMember();
  await using _ = service;
  assert.ok((await discover(ben)).features.has(NS_REGISTER));
  const query = await form(ben);
  assert.deepEqual(
    childElements(getChild(query, "x", "jabber:x:data") ?? query).map(({ attrs }) => attrs["var"] as string),
    ["FORM_TYPE", NICK],
  );
  assert.equal(await reservedNick(ben), undefined);
  const [answer] = await register(ben, { [NICK]: "Benedict" });
  assert.equal(answer.attrs["type"], "result");
  assert.equal(await reservedNick(ben), "Benedict");
  const registered = await form(ben);
  assert.ok(getChild(registered, "registered", NS_REGISTER));
  assert.equal(registered.getChildText("username"), "Benedict");
  assert.equal(getChild(registered, "x", "jabber:x:data"), undefined);
});

test("whose affiliation does not allow it is refused: outcasts, and by default those without any", async () => {
  const { service, ada, ben, cleo } = await roomWithMember();
  await using _ = service;
  assert.equal(errorOf(await form(cleo)), "auth/registration-required");
  assert.equal(errorOf((await register(cleo, { [NICK]: "Cleo" }))[0]), "auth/registration-required");
  assert.equal(errorOf((await unregister(cleo))[0]), "auth/registration-required");
  await administrate(ada, { affiliation: "outcast", jid: "ben@example" });
  assert.equal(errorOf(await form(ben)), "auth/forbidden");
  assert.equal(errorOf((await register(ben, { [NICK]: "Ben" }))[0]), "auth/forbidden");
});

test("allow_unaffiliated_register: registering makes a member", async () => {
  const { service, cleo } = await roomWithMember("allow_unaffiliated_register = true");
  await using _ = service;
  assert.equal((await register(cleo, { [NICK]: "Cleo" }))[0].attrs["type"], "result");
  assert.equal(await reservedNick(cleo), "Cleo");
  assert.match((await enter(cleo, "Cleo")).join(""), /affiliation="member"/);
});

test("forms that make no sense are refused, each with what is wrong", async () => {
  const { service, ben } = await roomWithMember();
  await using _ = service;
  const query = (...children: Element[]): Element => xml("query", { xmlns: NS_REGISTER }, ...children);
  const cases: [what: Element, text: string][] = [
    [query(), "Missing dataform"],
    [query(submission("urn:example:other", { [NICK]: "Ben" })), "Error in form"],
    [query(submission(FORM_TYPE, {})), `Error in form: ${NICK}: Required value missing`],
    [query(submission(FORM_TYPE, { [NICK]: "" })), `Error in form: ${NICK}: Required value missing`],
    [query(submission(FORM_TYPE, { [NICK]: [] })), `Error in form: ${NICK}: Required value missing`],
    [query(submission(FORM_TYPE, { [NICK]: "\u{1F916}" })), "Invalid Nickname"],
    [query(submission(FORM_TYPE, { [NICK]: "   " })), "Invalid Nickname"],
    [query(xml("x", { xmlns: "jabber:x:data", type: "result" })), "Not a submitted form"],
  ];
  for (const [payload, text] of cases) {
    const [answer] = await request(ben, "set", payload);
    assert.equal(errorOf(answer), "modify/bad-request");
    assert.equal(errorText(answer), text);
  }
  assert.equal(await reservedNick(ben), undefined);
  const [canceled] = await request(ben, "set", query(xml("x", { xmlns: "jabber:x:data", type: "cancel" })));
  assert.equal(canceled.attrs["type"], "result");
});

test("XEP-0045 §7.2.8: a reserved nick is nobody else's, on entering and on changing", async () => {
  const { service, ada, ben, cleo } = await roomWithMember();
  await using _ = service;
  await register(ben, { [NICK]: "Ben" });
  assert.deepEqual(summary(await enter(cleo, "Ben")), ["presence Ben error cancel/conflict"]);
  await enter(cleo, "Cleo");
  cleo.send(xml("presence", { to: `${ROOM}/Ben` }));
  assert.deepEqual(summary(await received(cleo)), ["presence Ben error cancel/conflict"]);
  await enter(ben, "Ben");
  assert.ok(summary(await received(ada)).includes("presence Ben"));
});

test("XEP-0045 §7.10: a nick in use by another, or reserved by another, is not to be had", async () => {
  const { service, ada, ben, cleo } = await roomWithMember();
  await using _ = service;
  await enter(cleo, "Cleo");
  assert.equal(errorOf((await register(ben, { [NICK]: "Cleo" }))[0]), "cancel/conflict");
  await register(ada, { [NICK]: "Countess" });
  assert.equal(errorOf((await register(ben, { [NICK]: "Countess" }))[0]), "cancel/conflict");
  assert.equal(await reservedNick(ben), undefined);
});

test("who registers another nick gives the first one up", async () => {
  const { service, ben, cleo } = await roomWithMember();
  await using _ = service;
  await register(ben, { [NICK]: "Ben" });
  await register(ben, { [NICK]: "Benedict" });
  assert.equal(await reservedNick(ben), "Benedict");
  assert.ok(summary(await enter(cleo, "Ben")).includes("presence Ben 110"));
});

test("taking it back frees the nick and ends a membership, but no higher affiliation", async () => {
  const { service, ada, ben, cleo } = await roomWithMember();
  await using _ = service;
  await register(ben, { [NICK]: "Ben" });
  await register(ada, { [NICK]: "Ada" });
  const [answer] = await unregister(ben);
  assert.equal(answer.attrs["type"], "result");
  assert.deepEqual(summary(await received(ada)).slice(-1), ["message room"]);
  assert.equal(errorOf(await form(ben)), "auth/registration-required");
  assert.ok(summary(await enter(cleo, "Ben")).includes("presence Ben 110"));
  await unregister(ada);
  assert.equal(await reservedNick(ada), undefined);
  const [configured] = await request(ada, "get", xml("query", { xmlns: "http://jabber.org/protocol/muc#owner" }));
  assert.equal(configured.attrs["type"], "result", "still owner");
});

test("what else is known of the affiliation stays when its holder registers", async () => {
  const { service, ada, ben } = await roomWithMember();
  await using _ = service;
  const item = xml("item", { affiliation: "member", jid: "ben@example" }, xml("reason", {}, "plays the lute"));
  await request(ada, "set", xml("query", { xmlns: NS_ADMIN }, item));
  await register(ben, { [NICK]: "Ben" });
  const [answer] = await request(ada, "get", xml("query", { xmlns: NS_ADMIN }, xml("item", { affiliation: "member" })));
  assert.match(answer.toString(), /nick="Ben"/);
  assert.match(answer.toString(), /plays the lute/);
});

test("enforce_registered_nickname: one enters under the own nick, with every session, and keeps it", async () => {
  const { service, ada, ben } = await roomWithMember("enforce_registered_nickname = true");
  await using _ = service;
  await register(ben, { [NICK]: "Ben" });
  const entered = summary(await enter(ben, "Benny"));
  assert.ok(entered.includes("presence Ben 210 110"), entered.join());
  ben.send(xml("presence", { to: `${ROOM}/Benny` }));
  assert.deepEqual(summary(await received(ben)), ["presence Benny error cancel/not-acceptable"]);
  const second = service.client("ben@example/second");
  assert.ok(summary(await enter(second, "Third")).includes("presence Ben 210 110"));
  await received(ada);
  ben.send(xml("message", { to: ROOM, type: "groupchat" }, xml("body", {}, "both here")));
  await received(ben);
  for (const client of [second, ada]) {
    assert.ok(summary(await received(client)).includes("message Ben groupchat both here"), client.jid);
  }
});

test("enforce_registered_nickname: registering removes the own sessions under other nicks", async () => {
  const { service, ada, ben } = await roomWithMember("enforce_registered_nickname = true");
  await using _ = service;
  await enter(ben, "Benny");
  await received(ada);
  const [answer, ...others] = await register(ben, { [NICK]: "Ben" });
  assert.equal(answer.attrs["type"], "result");
  assert.ok(summary(others).includes("presence Benny unavailable 307 110"), summary(others).join());
  assert.ok(summary(await received(ada)).includes("presence Benny unavailable 307"));
});

test("muc_registration_include_form: who has registered is shown what is stored", async () => {
  const { service, ben } = await roomWithMember("muc_registration_include_form = true");
  await using _ = service;
  await register(ben, { [NICK]: "Ben" });
  const x = getChild(await form(ben), "x", "jabber:x:data");
  assert.equal(x?.attrs["type"], "result");
  assert.match(x.toString(), /muc#register_roomnick.*<value>Ben<\/value>/);
});

test("a nick that an admin reserves through the member list: who sits on it has to go", async () => {
  const { service, ada, ben, cleo } = await roomWithMember();
  await using _ = service;
  await enter(cleo, "Ben");
  await received(ada);
  const [answer, ...others] = await administrate(ada, { affiliation: "member", jid: "ben@example", nick: "Ben" });
  assert.equal(answer.attrs["type"], "result");
  assert.deepEqual(summary(others), ["presence Ben unavailable 307", "message room"]);
  const [gone] = await received(cleo);
  assert.match(String(gone), /This nickname is reserved/);
  assert.equal(await reservedNick(ben), "Ben");
  assert.deepEqual(summary(await enter(cleo, "Ben")), ["presence Ben error cancel/conflict"]);
});

test("nobody is removed, and nothing stored, by a request that is refused", async () => {
  const { service, ada, ben, cleo } = await roomWithMember();
  await using _ = service;
  await register(ben, { [NICK]: "Ben" });
  await received(ada);
  for (const [affiliation, jid] of [
    ["member", "mallory@example"],
    ["member", "ben@example"],
    ["none", "ben@example"],
  ] as const) {
    const [answer] = await administrate(cleo, { affiliation, jid, nick: "Ada" });
    assert.ok(errorOf(answer) !== undefined);
  }
  assert.deepEqual(await received(ada), [], "Ada is still there and heard nothing");
  assert.equal(await reservedNick(ben), "Ben");
  const [taken] = await administrate(ada, { affiliation: "member", jid: "cleo@example", nick: "Ben" });
  assert.equal(errorOf(taken), "cancel/conflict");
});

test("a module adds a field to the form, and sees what is submitted", async () => {
  const { service, ben } = await roomWithMember();
  await using _ = service;
  const host = service.host("rooms.example");
  host.published.add("muc-registration-field", { name: "instrument", type: "text-single", required: true }, "test");
  const [refused] = await register(ben, { [NICK]: "Ben" });
  assert.equal(errorText(refused), "Error in form: instrument: Required value missing");
  assert.match((await form(ben)).toString(), /var="instrument"/);
  assert.equal((await register(ben, { [NICK]: "Ben", instrument: "lute" }))[0].attrs["type"], "result");
});

test("the registration is there after a restart, for members of a persistent room", async () => {
  const storage = await openStorage({ driver: "memory" }, Date.now);
  const { service, ada, ben } = await roomWithMember("", { storage });
  await createRoom(ada, "Ada", { "muc#roomconfig_persistentroom": "1" });
  await register(ben, { [NICK]: "Ben" });
  await service.stop();
  await using again = await startRooms("", { storage });
  const [benAgain, cleo] = [again.client("ben@example"), again.client("cleo@example")];
  assert.equal(await reservedNick(benAgain), "Ben");
  assert.deepEqual(summary(await enter(cleo, "Ben")), ["presence Ben error cancel/conflict"]);
});

test("who enters, registers and goes costs no walk through all affiliations", async (t) => {
  await using service = await startRooms();
  const ada = service.client("ada@example");
  await createRoom(ada, "Ada");
  const room = (service.service.modules.exportsOf("rooms.example", "muc") as Muc).getLiveRoomFromJid(ROOM);
  assert.ok(room);
  assert.equal(room.getRegisteredJid("nobody"), undefined);
  const walks = t.mock.method(room, "eachAffiliation");
  for (const name of ["ben", "cy", "dee"]) {
    assert.deepEqual(room.setAffiliation(true, `${name}@example`, "member", undefined, { reserved_nickname: name }), [
      true,
    ]);
    assert.equal(room.getRegisteredJid(name), `${name}@example`);
  }
  room.setAffiliationData("ben@example", "reserved_nickname", "Benedict");
  room.setAffiliation(true, "cy@example", "none");
  room.setAffiliation(true, "dee@example", "outcast");
  assert.deepEqual(
    ["ben", "Benedict", "cy", "dee"].map((nick) => room.getRegisteredJid(nick)),
    [undefined, "ben@example", undefined, undefined],
  );
  assert.equal(walks.mock.callCount(), 0);
});
