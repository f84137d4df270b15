/** What the reference gets wrong, and must not come back: its known holes and traps. */
import assert from "node:assert/strict";
import { test } from "node:test";
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
  SERVICE,
  startRooms,
} from "../../support/room-engine.js";

test("nobody is kicked, and nothing stored, by a reservation that is refused", async () => {
  await using service = await startRooms();
  const [ada, ben, eve] = [person(service, "ada"), person(service, "ben"), person(service, "eve")];
  create(ada, "r", "Ada");
  ada.send(administering("r", `<item affiliation="member" jid="cy@users.example" nick="Cy"/>`));
  join(ben, "r", "Ben");
  ada.inbox.takeAll();
  const room = liveRoomOf(service, "r");
  const before = JSON.stringify(room.freeze());
  for (const who of [eve, ben]) {
    who.send(
      administering("r", `<item affiliation="member" jid="cy@users.example" nick="Ada"><reason>x</reason></item>`),
    );
    who.send(administering("r", `<item affiliation="member" jid="eve@users.example" nick="Ben"/>`));
    assert.deepEqual(briefly(who), ["iq forbidden", "iq forbidden"]);
  }
  assert.equal(JSON.stringify(room.freeze()), before);
  assert.equal(room.occupantCount, 2);
  assert.deepEqual(briefly(ada), []);
});

test("several items are applied together, or none of them", async () => {
  await using service = await startRooms();
  const ada = person(service, "ada");
  create(ada, "r", "Ada");
  const item = (name: string, affiliation: string): string =>
    `<item jid="${name}@users.example" affiliation="${affiliation}"/>`;
  ada.send(administering("r", item("ben", "member") + item("cy", "outcast")));
  assert.deepEqual(briefly(ada), ["message", "message 301", "iq result"]);
  ada.send(administering("r", item("ben", "admin") + item("ada", "none")));
  assert.deepEqual(briefly(ada), ["iq conflict"], "the last owner stays");
  ada.send(administering("r", `${item("ben", "admin")}<item nick="Nobody" role="none"/>`));
  assert.deepEqual(briefly(ada), ["iq item-not-found"]);
  const room = liveRoomOf(service, "r");
  assert.equal(room.getAffiliation("ben@users.example"), "member");
  assert.equal(room.getAffiliation("cy@users.example/x"), "outcast");
});

test("only who is in the room and may speak there invites", async () => {
  await using service = await startRooms();
  const [ada, ben, eve] = [person(service, "ada"), person(service, "ben"), person(service, "eve")];
  create(ada, "r", "Ada", { roomsecret: "sesame" });
  const invite = `<message to="r@${SERVICE}"><x xmlns="http://jabber.org/protocol/muc#user"><invite to="ben@users.example/test"/></x></message>`;
  eve.send(invite);
  assert.deepEqual(briefly(eve), ["message forbidden"]);
  assert.deepEqual(briefly(ben), []);
  ada.send(invite);
  assert.match(received(ben)[0] ?? "", /<invite from="r@rooms\.users\.example\/Ada">.*<password>sesame<\/password>/);
});

test("a message says nothing in the room's name", async () => {
  await using service = await startRooms();
  const ada = person(service, "ada");
  create(ada, "r", "Ada");
  const forged = [
    `<x xmlns="http://jabber.org/protocol/muc#user"><item affiliation="owner" role="moderator"/></x>`,
    `<x xmlns="http://jabber.org/protocol/muc"><password>p</password></x>`,
    `<hats xmlns="urn:xmpp:hats:0"><hat uri="u" title="Boss"/></hats>`,
    `<occupant-id xmlns="urn:xmpp:occupant-id:0" id="forged"/>`,
    `<stanza-id xmlns="urn:xmpp:sid:0" id="forged" by="R@${SERVICE.toUpperCase()}"/>`,
    `<delay xmlns="urn:xmpp:delay" from="r@${SERVICE}/Ben" stamp="2001-01-01T00:00:00Z"/>`,
    `<x xmlns="jabber:x:delay" from="r@${SERVICE}" stamp="20010101T00:00:00"/>`,
  ];
  const kept = `<stanza-id xmlns="urn:xmpp:sid:0" id="own" by="ada@users.example"/>`;
  ada.send(`<message type="groupchat" id="m" to="r@${SERVICE}"><body>hi</body>${forged.join("")}${kept}</message>`);
  ada.send(`<message type="chat" id="p" to="r@${SERVICE}/Ada"><body>hi</body>${forged.join("")}</message>`);
  ada.send(`<presence id="s" to="r@${SERVICE}/Ada">${forged.join("")}</presence>`);
  const told = received(ada);
  // The message, the private one, the presence, and (asked for by its x) history and subject again.
  assert.equal(told.length, 5);
  for (const text of told)
    assert.doesNotMatch(text, /forged|2001|Boss|<password|affiliation="owner" role="moderator"\/><\/x><x/);
  assert.match(told[0] ?? "", /id="own"/);
});

test("the only occupant of a temporary room takes another nick, and the room is still there", async () => {
  await using service = await startRooms();
  const ada = person(service, "ada");
  create(ada, "r", "Ada");
  const room = liveRoomOf(service, "r");
  const before = room.getOccupantByRealJid(ada.jid);
  ada.send(`<presence to="r@${SERVICE}/Eda"/>`);
  assert.deepEqual(briefly(ada), ["presence unavailable Ada 303 110", "presence Eda 110"]);
  assert.equal(liveRoomOf(service, "r"), room);
  assert.equal(room.getOccupantByRealJid(ada.jid), before, "the same object over the change");
});

test("a nick that a module changes leads to the session that has it, and neither is lost", async () => {
  await using service = await startRooms();
  const ada = person(service, "ada");
  const phone = person(service, "ada", "phone");
  create(ada, "r", "Ada");
  hook(service, "muc-occupant-pre-join", ({ occupant }) => {
    occupant.nick = `r@${SERVICE}/Ada` as typeof occupant.nick;
    return undefined;
  });
  phone.send(joining("r", "Other"));
  const [presence] = briefly(phone);
  assert.equal(presence, "presence Ada 210 110");
  assert.deepEqual(briefly(ada), ["presence Ada 110"], "the older session is not told that it was renamed");
  const occupant = liveRoomOf(service, "r").getOccupantByNick(`r@${SERVICE}/Ada`);
  assert.deepEqual([...(occupant?.sessions.keys() ?? [])], [ada.jid, phone.jid]);
  const eve = person(service, "eve");
  eve.send(joining("r", "Eve"));
  assert.deepEqual(briefly(eve), ["presence conflict Eve"], "the final nick is somebody else's");
});

test("banning a domain spares who has an affiliation of their own", async () => {
  await using service = await startRooms();
  const [ada, ben, cy] = [person(service, "ada"), person(service, "ben"), person(service, "cy")];
  create(ada, "r", "Ada");
  join(ben, "r", "Ben");
  join(cy, "r", "Cy");
  const room = liveRoomOf(service, "r");
  room.setAffiliation(true, "ben@users.example", "member");
  for (const client of [ada, ben, cy]) client.inbox.takeAll();
  ada.send(administering("r", `<item affiliation="outcast" jid="users.example"/>`));
  assert.deepEqual(briefly(ada), ["presence unavailable Cy 301", "iq result"]);
  assert.deepEqual(briefly(ben), ["presence unavailable Cy 301"]);
  assert.deepEqual(briefly(cy), ["presence unavailable Cy 301 110"]);
  const eve = person(service, "eve");
  eve.send(joining("r", "Eve"));
  assert.deepEqual(briefly(eve), ["presence forbidden Eve"]);
});

test("a nick that a module reserves by setAffiliationData is reserved at once", async () => {
  await using service = await startRooms();
  const [ada, ben] = [person(service, "ada"), person(service, "ben")];
  create(ada, "r", "Ada");
  ada.send(administering("r", `<item affiliation="member" jid="cy@users.example" nick="Cy"/>`));
  const room = liveRoomOf(service, "r");
  assert.equal(room.getRegisteredJid("Cy"), "cy@users.example");
  room.setAffiliationData("cy@users.example", "reserved_nickname", "Cyrus");
  ben.send(joining("r", "Cyrus"));
  assert.deepEqual(briefly(ben), ["presence conflict Cyrus"]);
  join(ben, "r", "Cy");
  assert.equal(room.getOccupantByRealJid(ben.jid)?.nick, `r@${SERVICE}/Cy`, "the former one is free");
});

test("handlers of a change of affiliation see the data as it was, and as it will be", async () => {
  await using service = await startRooms();
  const ada = person(service, "ada");
  create(ada, "r", "Ada");
  const reserve = (nick: string, reason: string): string =>
    administering(
      "r",
      `<item affiliation="member" jid="cy@users.example" nick="${nick}"><reason>${reason}</reason></item>`,
    );
  ada.send(reserve("Cy", "a friend"));
  const before = { reserved_nickname: "Cy", reason: "a friend" };
  const seen: string[] = [];
  hook(service, "muc-pre-set-affiliation", ({ data, previousData }) => {
    assert.deepEqual(previousData, before);
    if (data) data["seen"] = true;
    assert.deepEqual(previousData, before, "what a handler adds is not shown as what was there");
    seen.push("pre");
    return undefined;
  });
  hook(service, "muc-set-affiliation", ({ data, previousData }) => {
    assert.deepEqual(previousData, before);
    assert.deepEqual(data, { reserved_nickname: "Cyrus", reason: "a good friend", seen: true });
    seen.push("set");
  });
  ada.send(reserve("Cyrus", "a good friend"));
  assert.deepEqual(seen, ["pre", "set"]);
});

test("every request is answered, whatever is in it", async () => {
  await using service = await startRooms();
  const ada = person(service, "ada");
  const eve = person(service, "eve");
  create(ada, "r", "Ada");
  const admin = "http://jabber.org/protocol/muc#admin";
  const owner = "http://jabber.org/protocol/muc#owner";
  const iq = (type: string, query: string): string => `<iq type="${type}" id="q" to="r@${SERVICE}">${query}</iq>`;
  const answers: Record<string, string> = {
    [iq("get", `<query xmlns="${admin}"/>`)]: "iq bad-request",
    [iq("get", `<query xmlns="${admin}"><item affiliation="king"/></query>`)]: "iq bad-request",
    [iq("get", `<query xmlns="${admin}"><item affiliation="owner" role="moderator"/></query>`)]: "iq bad-request",
    [iq("set", `<query xmlns="${admin}"/>`)]: "iq bad-request",
    [iq("set", `<query xmlns="${admin}"><item affiliation="king" jid="x@y"/></query>`)]: "iq not-acceptable",
    [iq("set", `<query xmlns="${admin}"><item affiliation="member" jid="x@y/z"/></query>`)]: "iq jid-malformed",
    [iq("set", `<query xmlns="${admin}"><item affiliation="member" jid="@"/></query>`)]: "iq jid-malformed",
    [iq("set", `<query xmlns="${admin}"><item role="none" jid="x@y"/></query>`)]: "iq bad-request",
    [iq("set", `<query xmlns="${owner}"/>`)]: "iq bad-request",
    [iq("set", `<query xmlns="${owner}"><other/></query>`)]: "iq service-unavailable",
    [iq("set", `<query xmlns="${owner}"><destroy jid="@@"/></query>`)]: "iq jid-malformed",
    [iq("set", `<query xmlns="${owner}"><x xmlns="jabber:x:data" type="form"/></query>`)]: "iq bad-request",
    [iq("set", `<query xmlns="${owner}"><x xmlns="jabber:x:data" type="cancel"/></query>`)]: "iq result",
    [iq("get", `<query xmlns="urn:example:unknown"/>`)]: "iq service-unavailable",
  };
  for (const [request, answer] of Object.entries(answers)) {
    ada.send(request);
    assert.deepEqual(briefly(ada), [answer], request);
  }
  eve.send(configuring("r", { roomname: "Mine" }));
  eve.send(iq("get", `<query xmlns="${owner}"/>`));
  eve.send(iq("get", `<query xmlns="${admin}"><item affiliation="owner"/></query>`));
  assert.deepEqual(briefly(eve), ["iq forbidden", "iq forbidden", "iq forbidden"]);
});

test("error presences carry the code, and an empty x of the room's namespace", async () => {
  await using service = await startRooms();
  const ada = person(service, "ada");
  const eve = person(service, "eve");
  create(ada, "r", "Ada");
  eve.send(joining("r", "Ada", "<password>p</password>"));
  const [text] = received(eve);
  assert.match(text ?? "", /<error type="cancel" code="409" by="r@rooms\.users\.example"><conflict [^>]*\/><\/error>/);
  assert.match(text ?? "", /<x xmlns="http:\/\/jabber\.org\/protocol\/muc"\/>/);
});
