/** Names are prepared where they enter: however they are written, they are compared as one. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  administering,
  briefly,
  create,
  join,
  joining,
  person,
  roomOf,
  saying,
  SERVICE,
  startRooms,
} from "../../support/room-engine.js";

test("a room has one name, however it is written", async () => {
  await using service = await startRooms();
  const ada = person(service, "ada");
  const ben = person(service, "ben");
  create(ada, "stra\u00dfe", "Ada");
  for (const written of ["STRASSE", "Stra\u00dfe", "\uff33trasse", "stra\u00adsse"]) {
    ben.send(joining(written, "Ben").replace(SERVICE, SERVICE.toUpperCase()));
    assert.deepEqual(briefly(ben), ["presence Ada", "presence Ben 110", "message groupchat"], written);
    ben.send(`<presence to="${written}@${SERVICE}/Ben" type="unavailable"/>`);
    ben.inbox.takeAll();
  }
  assert.equal(roomOf(service, "strasse").occupantCount, 1);
});

test("a nick is the same in other forms of its letters, and another in another case", async () => {
  await using service = await startRooms();
  const ada = person(service, "ada");
  const ben = person(service, "ben");
  create(ada, "r", "\u00c5da");
  for (const taken of ["A\u030ada", "\u212bda", "\u00c5d\uff41", "\u00c5d\u00ada"]) {
    ben.send(joining("r", taken));
    assert.deepEqual(briefly(ben), ["presence conflict \u00c5da"], taken);
  }
  for (const free of [
    "\u00e5da",
    "\u039f\u03b4\u03bf\u03c2",
    "\u039f\u03b4\u03bf\u03c3",
    "Ada L. / & <3".replace("&", "&amp;").replace("<", "&lt;"),
  ]) {
    ben.send(joining("r", free));
    assert.deepEqual(briefly(ben).length, 3, free);
    ben.send(`<presence to="r@${SERVICE}/x" type="unavailable"/>`);
    ben.inbox.takeAll();
  }
});

test("names that no client could tell apart from others, or that are none, are refused", async () => {
  await using service = await startRooms();
  const ada = person(service, "ada");
  const ben = person(service, "ben");
  create(ada, "r", "Ada");
  for (const nick of ["\u{1f600}", "B\u0378en", "x".repeat(1024), "\u00e9".repeat(512), "\u202eneB"]) {
    ben.send(joining("r", nick));
    assert.match(briefly(ben).join(), /^presence jid-malformed/, nick);
  }
  ben.send(joining("r", "\u00a0 \u3000"));
  assert.match(briefly(ben).join(), /^presence not-allowed/);
  for (const room of ["\u{1f600}", "x".repeat(1024), "a b", "a&amp;b", "a&quot;b"]) {
    ben.send(joining(room, "Ben"));
    assert.match(briefly(ben).join(), /^presence jid-malformed/, room);
  }
  // XEP-0106 escapes are letters like others here.
  ben.send(joining("a\\20b", "Ben"));
  assert.deepEqual(briefly(ben), ["presence Ben 201 110", "message groupchat"]);
  assert.deepEqual(briefly(ada), []);
});

test("bans, affiliations and roles mean who is meant, however it is written", async () => {
  await using service = await startRooms();
  const ada = person(service, "ada");
  const ben = person(service, "ben");
  create(ada, "r", "Ada");
  join(ben, "r", "Ben");
  ada.inbox.takeAll();
  ada.send(administering("r", `<item nick="\uff22en" role="visitor"/>`));
  assert.deepEqual(briefly(ada), ["presence Ben", "iq result"]);
  ben.inbox.takeAll();
  ben.send(saying("r", "may I?"));
  assert.deepEqual(briefly(ben), ["message forbidden"]);
  ada.send(administering("r", `<item jid="BEN@Users.Example." affiliation="outcast"/>`));
  assert.deepEqual(briefly(ada), ["presence unavailable Ben 301", "iq result"]);
  ben.inbox.takeAll();
  ben.send(joining("r", "Ben"));
  assert.deepEqual(briefly(ben), ["presence forbidden Ben"]);
  ada.send(administering("r", `<item jid="\uff22en@users.example" affiliation="none"/>`));
  ada.inbox.takeAll();
  ben.send(joining("r", "Ben"));
  assert.equal(briefly(ben).length, 3);
});

test("admins are compared as prepared JIDs", async () => {
  await using service = await startRooms({
    options: `admins = { "ADA@Users.Example" }; component_admins_as_room_owners = true`,
  });
  const ada = person(service, "ada");
  const ben = person(service, "ben");
  create(ben, "r", "Ben");
  ada.send(joining("r", "Ada"));
  ada.inbox.takeAll();
  assert.equal(roomOf(service, "r").getAffiliation("ada@users.example"), "owner");
  assert.equal(roomOf(service, "r").getRole(`r@${SERVICE}/Ada`), "moderator");
});
