/** What XEP-0045 asks of a room and no other test shows; docs/conformance.md names these. */
import assert from "node:assert/strict";
import { test } from "node:test";
import ModMuc from "../../../modules/mod_muc/mod_muc.js";
import {
  administering,
  briefly,
  configuring,
  create,
  hook,
  join,
  joining,
  liveRoomOf,
  person,
  received,
  saying,
  SERVICE,
  startRooms,
} from "../../support/room-engine.js";

const ROOM = `r@${SERVICE}`;

test("§7.10, §7.12, §10.1.3: what no module brings is refused, or empty", async () => {
  const names = ModMuc.standardModules.filter((name) => name !== "disco").map((name) => `"${name}"`);
  await using service = await startRooms({ options: `modules_disabled = { ${names.join(", ")} }` });
  const ada = person(service, "ada");
  join(ada, "r", "Ada");
  const ask = (type: string, query: string): string => {
    ada.send(`<iq type="${type}" id="q" to="${ROOM}"><query ${query}</iq>`);
    return received(ada).join("");
  };
  const form = `<x xmlns="jabber:x:data" type="submit"/>`;
  assert.match(ask("get", `xmlns="jabber:iq:register"/>`), /<service-unavailable/);
  assert.match(ask("set", `xmlns="jabber:iq:register">${form}</query>`), /<service-unavailable/);
  const reserved = ask("get", `xmlns="http://jabber.org/protocol/disco#info" node="x-roomuser-item"/>`);
  assert.match(reserved, /<feature-not-implemented/);
  const options = ask("get", `xmlns="http://jabber.org/protocol/muc#owner"/>`);
  assert.match(options, /<query xmlns="http:\/\/jabber.org\/protocol\/muc#owner"\/>/);
});

test("§7.10: who is in the room and registers becomes a member for everybody to see", async () => {
  await using service = await startRooms({ options: "allow_unaffiliated_register = true" });
  const [ada, ben] = [person(service, "ada"), person(service, "ben")];
  create(ada, "r", "Ada");
  join(ben, "r", "Ben");
  ada.inbox.takeAll();
  const field = (name: string, value: string): string => `<field var="${name}"><value>${value}</value></field>`;
  const type = field("FORM_TYPE", "http://jabber.org/protocol/muc#register");
  const form = `<x xmlns="jabber:x:data" type="submit">${type}${field("muc#register_roomnick", "Ben")}</x>`;
  ben.send(`<iq type="set" id="q" to="${ROOM}"><query xmlns="jabber:iq:register">${form}</query></iq>`);
  for (const client of [ada, ben]) {
    const presence = received(client).find((stanza) => stanza.startsWith("<presence")) ?? "";
    assert.match(presence, /<item affiliation="member" role="participant"/);
  }
  // §17.4: lists of affiliations name the nick.
  const query = `<query xmlns="http://jabber.org/protocol/muc#admin"><item affiliation="member"/></query>`;
  ada.send(`<iq type="get" id="list" to="${ROOM}">${query}</iq>`);
  assert.match(received(ada).join(""), /<item affiliation="member" jid="ben@users\.example" nick="Ben"\/>/);
});

test("§17.3: all presences after a change have the new role and affiliation", async () => {
  await using service = await startRooms();
  const [ada, ben, cleo] = [person(service, "ada"), person(service, "ben"), person(service, "cleo")];
  create(ada, "r", "Ada");
  join(ben, "r", "Ben");
  ada.send(administering("r", `<item nick="Ben" role="visitor"/>`));
  ada.inbox.takeAll();
  ben.send(`<presence to="${ROOM}/Ben"><show>away</show></presence>`);
  assert.match(received(ada).join(""), /<show>away<\/show>.*<item affiliation="none" role="visitor"/);
  ada.send(administering("r", `<item jid="ben@users.example" affiliation="member"/>`));
  cleo.send(`<presence to="${ROOM}/Cleo"><x xmlns="http://jabber.org/protocol/muc"/></presence>`);
  const seen = received(cleo).find((stanza) => stanza.includes(`from="${ROOM}/Ben"`)) ?? "";
  assert.match(seen, /<item affiliation="member" role="participant"\/>/);
});

test("§11.1: who is removed for a technical reason is told so with status 333, as the others are", async () => {
  await using service = await startRooms();
  const [ada, ben] = [person(service, "ada"), person(service, "ben")];
  create(ada, "r", "Ada");
  join(ben, "r", "Ben");
  ada.inbox.takeAll();
  ben.send(`<presence to="${ROOM}/Ben" type="error"/>`);
  assert.deepEqual(briefly(ben), ["presence unavailable Ben 333 110"]);
  assert.deepEqual(briefly(ada), ["presence unavailable Ben 333"]);
});

test("§11.1: so is a session whose user has another one in the room", async () => {
  await using service = await startRooms();
  const [phone, laptop] = [person(service, "ada", "phone"), person(service, "ada", "laptop")];
  create(phone, "r", "Ada");
  join(laptop, "r", "Ada");
  phone.inbox.takeAll();
  laptop.send(`<presence to="${ROOM}/Ada" type="error"/>`);
  assert.deepEqual(briefly(laptop), ["presence unavailable Ada 333 110"]);
  assert.deepEqual(briefly(phone), ["presence Ada 110"]);
});

test("§10.2: a form that is cancelled changes nothing", async () => {
  await using service = await startRooms();
  const ada = person(service, "ada");
  create(ada, "r", "Ada", { roomname: "Parlour" });
  const before = JSON.stringify(liveRoomOf(service, "r").freeze());
  ada.send(configuring("r", { roomname: "Kitchen" }).replace('type="submit"', 'type="cancel"'));
  assert.deepEqual(briefly(ada), ["iq result"]);
  assert.equal(JSON.stringify(liveRoomOf(service, "r").freeze()), before);
});

test("§7.4: a message without id gets one, the same for all", async () => {
  await using service = await startRooms();
  const [ada, ben] = [person(service, "ada"), person(service, "ben")];
  create(ada, "r", "Ada");
  join(ben, "r", "Ben");
  ada.inbox.takeAll();
  ada.send(saying("r", "Hello").replace(' id="Hello"', ""));
  const ids = [ada, ben].map((client) => client.inbox.takeAll()[0]?.attrs["id"] as unknown);
  assert.equal(typeof ids[0], "string");
  assert.equal(ids[0], ids[1]);
});

test("§7.2.12, §14.3: where a module publishes what is said, everybody may enter and is warned with status 170", async () => {
  await using service = await startRooms();
  let isPublished = false;
  hook(service, "muc-is-publicly-logged", () => isPublished || undefined);
  const [ada, ben, cleo] = [person(service, "ada"), person(service, "ben"), person(service, "cleo")];
  create(ada, "r", "Ada");
  ben.send(joining("r", "Ben"));
  assert.ok(briefly(ben).includes("presence Ben 110"));
  isPublished = true;
  received(ada);
  cleo.send(joining("r", "Cleo"));
  assert.ok(briefly(cleo).includes("presence Cleo 170 110"));
  assert.deepEqual(briefly(ada), ["presence Cleo"], "it is news for who enters");
  ben.send(joining("r", "Ben"));
  assert.ok(briefly(ben).includes("presence Ben 170 110"), "who enters again is warned, too");
});
