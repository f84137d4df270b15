/** After any run of joins, leaves, nick changes, kicks and changes of role and affiliation a room is consistent. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { FaultyDisk } from "../../../core/testing/storage-faults.js";
import type { TestService } from "../../../core/testing/service.js";
import type { LiveRoom } from "../../../modules/mod_muc/room.js";
import {
  administering,
  configuring,
  create,
  joining,
  mucOf,
  person,
  saying,
  SERVICE,
  settled,
  startRooms,
} from "../../support/room-engine.js";

const PEOPLE = ["ben", "cy", "dee"];
const RESOURCES = ["desk", "phone"];
const NICKS = ["One", "Two", "Three"];

type Action = (service: TestService) => void;

const someone = fc.record({ name: fc.constantFrom(...PEOPLE), resource: fc.constantFrom(...RESOURCES) });
const nick = fc.constantFrom(...NICKS);

function client(service: TestService, name: string, resource: string): ReturnType<typeof person> {
  const known = clients.get(service) ?? new Map<string, ReturnType<typeof person>>();
  clients.set(service, known);
  const jid = `${name}/${resource}`;
  const found = known.get(jid) ?? person(service, name, resource);
  known.set(jid, found);
  found.inbox.takeAll();
  return found;
}

const clients = new WeakMap<TestService, Map<string, ReturnType<typeof person>>>();

const action: fc.Arbitrary<Action> = fc.oneof(
  fc.tuple(someone, nick).map<Action>(([{ name, resource }, to]) => (service) => {
    client(service, name, resource).send(joining("r", to));
  }),
  fc.tuple(someone, nick).map<Action>(([{ name, resource }, to]) => (service) => {
    client(service, name, resource).send(`<presence to="r@${SERVICE}/${to}"/>`);
  }),
  fc.tuple(someone, nick).map<Action>(([{ name, resource }, to]) => (service) => {
    client(service, name, resource).send(`<presence type="unavailable" to="r@${SERVICE}/${to}"/>`);
  }),
  someone.map<Action>(({ name, resource }) => (service) => {
    client(service, name, resource).send(`<presence type="error" to="r@${SERVICE}/One"/>`);
  }),
  someone.map<Action>(({ name, resource }) => (service) => {
    client(service, name, resource).send(saying("r", "hello"));
  }),
  fc
    .tuple(nick, fc.constantFrom("none", "visitor", "participant", "moderator"))
    .map<Action>(([whom, role]) => (service) => {
      client(service, "ada", "desk").send(administering("r", `<item nick="${whom}" role="${role}"/>`));
    }),
  fc
    .tuple(fc.constantFrom(...PEOPLE), fc.constantFrom("outcast", "none", "member", "admin", "owner"))
    .map<Action>(([whom, affiliation]) => (service) => {
      const item = `<item jid="${whom}@users.example" affiliation="${affiliation}"/>`;
      client(service, "ada", "desk").send(administering("r", item));
    }),
  fc.boolean().map<Action>((on) => (service) => {
    client(service, "ada", "desk").send(configuring("r", { membersonly: on ? "1" : "0" }));
  }),
);

function checkConsistency(room: LiveRoom): void {
  const seen = new Set<string>();
  for (const [at, occupant] of room.eachOccupant()) {
    assert.equal(occupant.nick, at);
    assert.equal(room.getOccupantByNick(at), occupant);
    assert.notEqual(occupant.role, "none", `${at} has a role`);
    assert.notEqual(room.getAffiliation(occupant.bareJid), "outcast", `${at} is not banned`);
    assert.ok(occupant.sessions.size > 0, `${at} has a session`);
    assert.ok(occupant.sessions.has(occupant.jid), `${at}'s primary session is one of its own`);
    for (const [jid, presence] of occupant.sessions) {
      assert.ok(!seen.has(jid), `${jid} is in once`);
      seen.add(jid);
      assert.ok(jid.startsWith(`${occupant.bareJid}/`));
      assert.equal(room.getOccupantJid(jid), at);
      assert.equal(presence.attrs["from"], at);
      assert.equal(presence.attrs["type"], undefined);
    }
    if (room.getMembersOnly()) assert.notEqual(room.getAffiliation(occupant.bareJid), "none", `${at} is a member`);
  }
  assert.deepEqual(new Set(room.occupancy.targets.map(({ jid }) => jid as string)), seen);
}

function stateOf(room: LiveRoom): unknown {
  const occupants = room
    .eachOccupant()
    .map(([at, { role, sessions }]) => `${at} ${role} ${[...sessions.keys()].sort().join()}`);
  return { stored: JSON.parse(JSON.stringify(room.freeze())), occupants: occupants.sort() };
}

test("a room is consistent after every action, failed writes included, and is what the disk says", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.record({ action, fails: fc.boolean() }), { maxLength: 25 }), async (run) => {
      const disk = new FaultyDisk();
      const storage = await disk.open();
      await using service = await startRooms({ storage });
      const ada = client(service, "ada", "desk");
      create(ada, "r", "Ada", { persistentroom: "1" });
      await settled(service);
      const room = mucOf(service).getLiveRoomFromJid(`r@${SERVICE}`) as LiveRoom;
      for (const { action: act, fails } of run) {
        const before = stateOf(room);
        if (fails) disk.failSyncedCommits();
        act(service);
        await settled(service);
        checkConsistency(room);
        const stored = await storage.openStore(SERVICE, "config").get("r");
        assert.deepEqual(JSON.parse(JSON.stringify(room.freeze())), stored, "memory equals disk");
        const hasFailed = ada.inbox.takeAll().some((stanza) => stanza.attrs["type"] === "error" && fails);
        if (hasFailed) assert.deepEqual(stateOf(room), before, "a step that failed changed nothing");
        disk.repair();
      }
      assert.equal(room.steps.isIdle, true);
    }),
    { numRuns: 12 },
  );
});
