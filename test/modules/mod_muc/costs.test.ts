/** What a message and a join cost, counted: nothing here depends on the machine. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { FakeClient } from "../../../core/testing/fake-client.js";
import { openStorage } from "../../../core/storage/open.js";
import { counters } from "../../../core/xmpp/template.js";
import { countCalls } from "../../support/count-calls.js";
import {
  create,
  hook,
  join,
  joining,
  liveRoomOf,
  mucOf,
  person,
  saying,
  SERVICE,
  startRooms,
} from "../../support/room-engine.js";

function serialisationsOf(work: () => void): number {
  const before = counters.serialisations;
  work();
  return counters.serialisations - before;
}

function crowd(service: Parameters<typeof person>[0], count: number): FakeClient[] {
  return Array.from({ length: count }, (_, i) => {
    const client = person(service, `p${i}`);
    join(client, "r", `P${i}`);
    return client;
  });
}

test("a message to 100 occupants is turned into text once", async () => {
  await using service = await startRooms();
  const ada = person(service, "ada");
  create(ada, "r", "Ada");
  const others = crowd(service, 99);
  for (const client of [ada, ...others]) client.inbox.takeAll();
  assert.equal(
    serialisationsOf(() => ada.send(saying("r", "hello"))),
    1,
  );
  for (const client of [ada, ...others]) assert.equal(client.inbox.size, 1, client.jid);
});

test("the join of the 100th occupant builds three forms of presence, and none of the others'", async () => {
  await using service = await startRooms();
  const ada = person(service, "ada");
  create(ada, "r", "Ada");
  crowd(service, 98);
  const built: string[] = [];
  hook(service, "muc-build-occupant-presence", ({ occupant, form }) => {
    built.push(`${String(occupant?.nick)} ${form}`);
  });
  const last = person(service, "last");
  const texts = serialisationsOf(() => last.send(joining("r", "Last")));
  const nick = `r@${SERVICE}/Last`;
  assert.deepEqual(built.sort(), [`${nick} anonymous`, `${nick} full`, `${nick} self`]);
  // Three forms, the subject, and nothing that grows with the room.
  assert.equal(texts, 4);
  assert.equal(last.inbox.size, 101);
});

test("a second moderator's join builds the full form of each occupant once, and a third's none", async () => {
  await using service = await startRooms();
  const ada = person(service, "ada");
  create(ada, "r", "Ada");
  crowd(service, 10);
  const room = liveRoomOf(service, "r");
  for (const name of ["ben", "cy"]) room.setAffiliation(true, `${name}@users.example`, "admin");
  const enter = (name: string): number => serialisationsOf(() => person(service, name).send(joining("r", name)));
  enter("ben");
  assert.equal(enter("cy"), 4, "three forms and the subject");
});

test("a change of role drops the kept forms of that occupant only", async () => {
  await using service = await startRooms();
  const ada = person(service, "ada");
  create(ada, "r", "Ada");
  crowd(service, 10);
  const built = new Set<string>();
  hook(service, "muc-build-occupant-presence", ({ occupant }) => {
    built.add(String(occupant?.nick));
  });
  liveRoomOf(service, "r").setRole(true, `r@${SERVICE}/P3`, "visitor");
  person(service, "late").send(joining("r", "Late"));
  assert.deepEqual([...built].sort(), [`r@${SERVICE}/Late`, `r@${SERVICE}/P3`]);
});

test("with 1,000 stored rooms a message calls no store", async () => {
  const storage = await openStorage({ driver: "memory" });
  const calls: string[] = [];
  const rooms = storage.openStore(SERVICE, "config");
  const list = storage.openStore<boolean, "map">(SERVICE, "persistent", "map");
  for (let i = 0; i < 1000; i++) {
    const jid = `n${i}@${SERVICE}`;
    void rooms.set(`n${i}`, { _jid: jid, _data: { persistent: true }, _affiliations: {} });
    void list.set(null, jid, true);
  }
  await storage.idle();
  await using service = await startRooms({ storage: countCalls(storage, calls) });
  const ada = person(service, "ada");
  create(ada, "r", "Ada");
  calls.length = 0;
  ada.send(saying("r", "hello"));
  assert.deepEqual(calls, []);
  assert.equal(mucOf(service).liveRooms().length, 1);
});
