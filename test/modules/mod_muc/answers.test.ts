/** What stanzas are answered with that ask for what is not there, or is not theirs to ask. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { getChild } from "../../../core/xmpp/element.js";
import {
  administering,
  briefly,
  create,
  join,
  joining,
  person,
  received,
  SERVICE,
  settled,
  startRooms,
} from "../../support/room-engine.js";

const MUC = "http://jabber.org/protocol/muc";

test("presence to the bare room by somebody who is not in it: entering needs a nick, leaving is nobody's business", async () => {
  await using service = await startRooms();
  const ada = person(service, "ada");
  const eve = person(service, "eve");
  create(ada, "r", "Ada");
  eve.send(`<presence to="r@${SERVICE}" id="p1"><x xmlns="${MUC}"/></presence>`);
  // XEP-0045 §7.2.1
  const [refusal] = eve.inbox.takeAll();
  const error = refusal && getChild(refusal, "error");
  assert.deepEqual([error?.attrs["type"], error?.attrs["code"]], ["modify", "400"]);
  assert.ok(error && getChild(error, "jid-malformed", "urn:ietf:params:xml:ns:xmpp-stanzas"));
  assert.ok(refusal && getChild(refusal, "x", MUC));

  eve.send(`<presence to="r@${SERVICE}" type="unavailable"/>`);
  assert.deepEqual(briefly(eve), []);
  eve.send(`<presence to="r@${SERVICE}"/>`);
  assert.deepEqual(briefly(eve), ["presence service-unavailable"]);
  assert.deepEqual(briefly(ada), []);

  ada.send(`<presence to="r@${SERVICE}" type="probe"/>`);
  assert.deepEqual(briefly(ada), ["presence Ada"], "for an occupant the room is the own nick");
});

for (const [what, payload] of [
  ["a ping", `<ping xmlns="urn:xmpp:ping"/>`],
  ["a vCard", `<vCard xmlns="vcard-temp"/>`],
  ["the registration form", `<query xmlns="jabber:iq:register"/>`],
  ["the members", `<query xmlns="${MUC}#admin"><item affiliation="member"/></query>`],
  ["what nobody knows", `<x xmlns="urn:example:unknown"/>`],
] as const) {
  test(`a room that is not there says so to who asks for ${what}, and a destroyed one that it is gone`, async () => {
    await using service = await startRooms();
    const ada = person(service, "ada");
    const ask = (type: string): void => {
      ada.send(`<iq to="r@${SERVICE}" type="${type}" id="${type}">${payload}</iq>`);
    };
    for (const type of ["get", "set"]) {
      ask(type);
      await settled(service);
      const answers = ada.inbox.takeAll();
      assert.equal(answers.length, 1);
      const error = answers[0] && getChild(answers[0], "error");
      assert.ok(error && getChild(error, "item-not-found", "urn:ietf:params:xml:ns:xmpp-stanzas"), answers.toString());
      assert.equal(error.attrs["by"], SERVICE);
    }
    create(ada, "r", "Ada", { persistentroom: "1" });
    await settled(service);
    ada.send(`<iq to="r@${SERVICE}" type="set" id="d"><query xmlns="${MUC}#owner"><destroy/></query></iq>`);
    await settled(service);
    ada.inbox.takeAll();
    for (const type of ["get", "set"]) {
      ask(type);
      await settled(service);
      assert.deepEqual(briefly(ada), ["iq gone"]);
    }
    ada.send(`<iq to="r@${SERVICE}" type="result" id="r">${payload}</iq>`);
    await settled(service);
    assert.deepEqual(briefly(ada), []);
  });
}

test("nobody bans themselves (XEP-0045 §9.1)", async () => {
  await using service = await startRooms();
  const ada = person(service, "ada");
  const ben = person(service, "ben");
  const cy = person(service, "cy");
  create(ada, "r", "Ada");
  join(ben, "r", "Ben");
  join(cy, "r", "Cy");
  ada.send(administering("r", `<item affiliation="owner" jid="ben@users.example"/>`));
  ada.send(administering("r", `<item affiliation="admin" jid="cy@users.example"/>`));
  for (const client of [ada, ben, cy]) client.inbox.takeAll();
  for (const [client, name] of [
    [ada, "ada"],
    [cy, "cy"],
  ] as const) {
    client.send(administering("r", `<item affiliation="outcast" jid="${name}@users.example"/>`));
    assert.deepEqual(briefly(client), ["iq conflict"]);
  }
  assert.deepEqual(briefly(ben), []);
});

test("a member of a banned domain who loses the membership has to go", async () => {
  await using service = await startRooms();
  const ada = person(service, "ada");
  const ben = person(service, "ben");
  create(ada, "r", "Ada");
  join(ben, "r", "Ben");
  ada.send(administering("r", `<item affiliation="member" jid="ben@users.example"/>`));
  ada.send(administering("r", `<item affiliation="outcast" jid="users.example"/>`));
  for (const client of [ada, ben]) client.inbox.takeAll();
  ada.send(administering("r", `<item affiliation="none" jid="ben@users.example"/>`));
  assert.deepEqual(briefly(ada), ["presence unavailable Ben 301", "iq result"]);
  assert.deepEqual(briefly(ben), ["presence unavailable Ben 301 110"]);
});

test("whoever cancels the first configuration has made no room (XEP-0045 §10.1.3)", async () => {
  await using service = await startRooms({ options: "muc_room_default_persistent = true" });
  const ada = person(service, "ada");
  const ben = person(service, "ben");
  const cancelling = `<iq type="set" id="c" to="r@${SERVICE}"><query xmlns="${MUC}#owner"><x xmlns="jabber:x:data" type="cancel"/></query></iq>`;
  ada.send(joining("r", "Ada"));
  await settled(service);
  ada.inbox.takeAll();
  ben.send(cancelling);
  assert.deepEqual(briefly(ben), ["iq forbidden"]);
  ada.send(cancelling);
  await settled(service);
  const [gone, answer] = received(ada);
  assert.match(String(gone), /^<presence [^>]*type="unavailable".*<destroy\/>.*<status code="110"\/>/);
  assert.match(String(answer), /^<iq [^>]*type="result"/);
  ben.send(joining("r", "Ben"));
  await settled(service);
  assert.deepEqual(briefly(ben), ["presence Ben 201 110", "message groupchat"], "the name is free");

  create(ben, "s", "Ben");
  await settled(service);
  ben.inbox.takeAll();
  ben.send(cancelling.replace("r@", "s@"));
  await settled(service);
  assert.deepEqual(briefly(ben), ["iq result"], "a room that is configured stays");
});

test("requests to a nick by somebody outside are not passed on; for service discovery the error is another (XEP-0045 §6.6)", async () => {
  await using service = await startRooms();
  const ada = person(service, "ada");
  const eve = person(service, "eve");
  create(ada, "r", "Ada");
  for (const [payload, condition] of [
    [`<query xmlns="http://jabber.org/protocol/disco#info"/>`, "bad-request"],
    [`<query xmlns="http://jabber.org/protocol/disco#items"/>`, "bad-request"],
    [`<query xmlns="jabber:iq:version"/>`, "not-acceptable"],
    [`<ping xmlns="urn:xmpp:ping"/>`, "not-acceptable"],
  ] as const) {
    eve.send(`<iq type="get" id="q" to="r@${SERVICE}/Ada">${payload}</iq>`);
    assert.deepEqual(briefly(eve), [`iq ${condition} Ada`]);
  }
  assert.deepEqual(briefly(ada), []);
});
