import assert from "node:assert/strict";
import { test } from "node:test";
import type { Affiliation, Muc } from "../../modules/mod_muc/index.js";
import { administrate, codesOf, createRoom, enter, errorOf, hook, ROOM, startRooms } from "../support/rooms.js";
import { StanzaError } from "../../core/index.js";
import type { TestService } from "../../core/testing/service.js";

const OPTIONS = 'modules_enabled = { "muc_auto_member" }';

function affiliationOf(service: TestService, jid: string): Affiliation | undefined {
  return (service.service.modules.exportsOf("rooms.example", "muc") as Muc)
    .getLiveRoomFromJid(ROOM)
    ?.getAffiliation(jid);
}

test("who enters without an affiliation becomes a member, and is told so with its own presence", async () => {
  await using service = await startRooms(OPTIONS);
  const [ada, ben] = [service.client("ada@example/x"), service.client("ben@example/x")];
  await createRoom(ada, "Ada");
  const stanzas = await enter(ben, "Ben");
  const own = stanzas.filter((stanza) => codesOf(stanza).includes("110"));
  assert.deepEqual(
    own.map((stanza) => stanza.toString().includes('affiliation="member"')),
    [false, true],
  );
  assert.equal(affiliationOf(service, "ben@example"), "member");
  assert.equal(affiliationOf(service, "ada@example"), "owner");
});

test("other affiliations stay; who is banned does not get in", async () => {
  await using service = await startRooms(OPTIONS);
  const ada = service.client("ada@example/x");
  await createRoom(ada, "Ada");
  await administrate(ada, { jid: "ben@example", affiliation: "admin" });
  await administrate(ada, { jid: "eve@example", affiliation: "outcast" });
  await enter(service.client("ben@example/x"), "Ben");
  assert.equal(errorOf((await enter(service.client("eve@example/x"), "Eve")).at(-1)), "auth/forbidden");
  assert.deepEqual(
    [affiliationOf(service, "ben@example"), affiliationOf(service, "eve@example")],
    ["admin", "outcast"],
  );
});

test("a moderated room gives nobody a voice by it", async () => {
  await using service = await startRooms(OPTIONS);
  const [ada, ben] = [service.client("ada@example/x"), service.client("ben@example/x")];
  await createRoom(ada, "Ada", { "muc#roomconfig_moderatedroom": "1" });
  const own = (await enter(ben, "Ben")).find((stanza) => codesOf(stanza).includes("110"));
  assert.match(String(own), /role="visitor"/);
  assert.equal(affiliationOf(service, "ben@example"), "none");
});

test("another module may object, and they stay in the room", async () => {
  await using service = await startRooms(OPTIONS);
  hook(service, "muc-pre-set-affiliation", ({ affiliation }) =>
    affiliation === "member" ? new StanzaError({ type: "cancel", condition: "not-allowed" }) : undefined,
  );
  const [ada, ben] = [service.client("ada@example/x"), service.client("ben@example/x")];
  await createRoom(ada, "Ada");
  assert.equal(errorOf((await enter(ben, "Ben")).at(-1)), undefined);
  assert.equal(affiliationOf(service, "ben@example"), "none");
});
