import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { resolve } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import type { Storage } from "chorus-muc";
import { joinRoom } from "chorus-muc/muc";
import { FakeClock, FaultyDisk, startService, type FakeClient, type TestService } from "chorus-muc/testing";
import type { WebhookEvent } from "./events.js";
import { HEADERS, sign, verify } from "./signature.js";

const HOST = "rooms.example";
const ROOM = `lounge@${HOST}`;
const SECRET = "sesame";
/** The folder that `plugin_paths` names; this file runs from `dist/`, the module is loaded from its source. */
const EXAMPLES = resolve(import.meta.dirname, "../../../examples");
const LONGEST_PAUSE = 600;

interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly event: WebhookEvent;
}

/** Whether the endpoint takes an event: others get status 503. */
let takes: (event: WebhookEvent) => boolean;
let received: Received[];
let server: Server;
let clock: FakeClock;

beforeEach(async () => {
  clock = new FakeClock();
  takes = () => true;
  received = [];
  server = createServer((request, response) => {
    let body = "";
    request.on("data", (part) => (body += String(part)));
    request.on("end", () => {
      const event = JSON.parse(body) as WebhookEvent;
      const isTaken = takes(event);
      if (isTaken) received.push({ headers: request.headers, body, event });
      response.writeHead(isTaken ? 204 : 503).end();
      server.emit("answered");
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
});
afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await once(server, "close");
});

function start(options = "", storage?: Storage): Promise<TestService> {
  const config = `
    VirtualHost "example"
    Component "${HOST}" "muc"
      muc_room_locking = false
      modules_enabled = { "muc_webhooks" }
      webhooks_url = "http://127.0.0.1:${(server.address() as AddressInfo).port}/events"
      webhooks_secret = "${SECRET}"
      webhooks_longest_pause = ${LONGEST_PAUSE}
      ${options}
  `;
  return startService({ config, pluginPaths: [EXAMPLES], listen: false, clock, ...(storage && { storage }) });
}

/** Waits for so many events that were taken; rejects when there is no more to take. */
async function events(count: number): Promise<WebhookEvent[]> {
  const signal = AbortSignal.timeout(10_000);
  while (received.length < count) await once(server, "answered", { signal });
  return received.map(({ event }) => event);
}

/** An event in a few words. */
function inShort(event: WebhookEvent): string {
  const nick = "who" in event && event.who.nick !== undefined ? ` ${event.who.nick}` : "";
  return `${event.type}${nick}`;
}

async function enter(service: TestService, user: string, nick: string): Promise<FakeClient> {
  const client = service.client(`${user}@example`);
  await joinRoom(client, ROOM, nick);
  await client.see('<message type="groupchat"><subject/></message>');
  return client;
}

async function leave(client: FakeClient, nick: string): Promise<void> {
  client.send(`<presence to="${ROOM}/${nick}" type="unavailable"/>`);
  await client.see(`<presence from="${ROOM}/${nick}" type="unavailable"/>`);
}

test("what happens in a room is told in order, and says no more of people than it may", async () => {
  await using service = await start();
  const ada = await enter(service, "ada", "Ada");
  const ben = await enter(service, "ben", "Ben");
  ada.send(`
    <iq type="set" id="1" to="${ROOM}"><query xmlns="http://jabber.org/protocol/muc#admin">
      <item nick="Ben" role="visitor"><reason>too loud</reason></item>
    </query></iq>`);
  await ada.see('<iq type="result" id="1"/>');
  ada.send(`
    <iq type="set" id="2" to="${ROOM}"><query xmlns="http://jabber.org/protocol/muc#admin">
      <item jid="cleo@example" affiliation="member"/>
    </query></iq>`);
  await ada.see('<iq type="result" id="2"/>');
  await leave(ben, "Ben");
  await leave(ada, "Ada");
  const told = await events(9);
  assert.deepEqual(told.map(inShort), [
    // Of who makes a room, who becomes its owner.
    "affiliation.changed",
    "occupant.joined Ada",
    "room.created",
    "occupant.joined Ben",
    "role.changed Ben",
    "affiliation.changed",
    "occupant.left Ben",
    "occupant.left Ada",
    "room.destroyed",
  ]);
  const [, , , joined, silenced] = told;
  assert.ok(joined?.type === "occupant.joined" && silenced?.type === "role.changed");
  assert.deepEqual(
    { ...silenced, id: "", time: "", who: {} },
    {
      id: "",
      time: "",
      room: ROOM,
      type: "role.changed",
      who: {},
      role: "visitor",
      previousRole: "participant",
      reason: "too loud",
    },
  );
  assert.equal(joined.who.occupantId, silenced.who.occupantId);
  assert.ok(received.every(({ body }) => !body.includes('@example"')));
});

test("real JIDs and messages are told of where the operator says so", async () => {
  await using service = await start(
    "webhooks_real_jids = true\nwebhooks_occupant_ids = false\nwebhooks_messages = true",
  );
  const ada = await enter(service, "ada", "Ada");
  ada.send(`<message type="groupchat" id="m1" to="${ROOM}"><body>Tea?</body></message>`);
  const [, joined, , said] = await events(4);
  assert.ok(joined?.type === "occupant.joined" && said?.type === "message");
  assert.deepEqual(joined.who, { jid: "ada@example", nick: "Ada" });
  assert.deepEqual([said.body, said.messageId, said.who.nick], ["Tea?", "m1", "Ada"]);
});

test("a receiver can tell a true request from a forged, a changed and a late one", async () => {
  await using service = await start();
  await enter(service, "ada", "Ada");
  await events(2);
  const [{ headers, body, event }] = received as [Received];
  const now = clock.now() / 1000;
  assert.equal(headers[HEADERS.id], event.id);
  assert.ok(verify(SECRET, headers, body, now));
  assert.ok(!verify("another", headers, body, now));
  assert.ok(!verify(SECRET, headers, `${body} `, now));
  assert.ok(!verify(SECRET, headers, body, now + 301));
  assert.ok(!verify(SECRET, { ...headers, [HEADERS.timestamp]: String(now + 1) }, body, now));
  assert.ok(!verify(SECRET, {}, body, now));
  assert.equal(sign("key", 1, "x"), "v1=fc4913c41a7bf793267e2a384f3261c9436ec2cd097bd745e7b0d99113f510ec");
  assert.ok(service.logLines.every(({ message }) => !message.includes(SECRET)));
});

test("with the endpoint down and the service started again, all is told, in order", async () => {
  const disk = new FaultyDisk();
  takes = () => false;
  {
    const storage = await disk.open();
    await using service = await start("", storage);
    const refused = once(server, "answered");
    const ada = await enter(service, "ada", "Ada");
    await enter(service, "ben", "Ben");
    await refused;
    await leave(ada, "Ada");
    await service.stop();
    await storage.close();
  }
  const storage = await disk.open();
  takes = () => true;
  await using service = await start("", storage);
  const told = (await events(7)).map(inShort);
  assert.deepEqual(told, [
    // Of who makes a room, who becomes its owner.
    "affiliation.changed",
    "occupant.joined Ada",
    "room.created",
    "occupant.joined Ben",
    "occupant.left Ada",
    // The service has stopped.
    "occupant.left Ben",
    "room.destroyed",
  ]);
  assert.equal(new Set(received.map(({ event }) => event.id)).size, 7);
  await service.stop();
  await storage.close();
});

test("an event that was taken, and whose answer was lost, comes again with the same id", async () => {
  await using service = await start();
  const ids: string[] = [];
  takes = ({ id }) => {
    ids.push(id);
    return ids.length > 1;
  };
  const first = once(server, "answered");
  await enter(service, "ada", "Ada");
  await first;
  await paused(service);
  // No further, or the time of the second attempt is over, too.
  clock.advanceSeconds(1);
  await events(3);
  assert.equal(ids[0], ids[1]);
  assert.equal(ids.length, 4);
});

test("one room waits for its event to be taken, the others do not", async () => {
  await using service = await start();
  takes = ({ room }) => room !== ROOM;
  const refused = once(server, "answered");
  await enter(service, "ada", "Ada");
  await refused;
  await joinRoom(service.client("ben@example"), `garden@${HOST}`, "Ben");
  assert.deepEqual(new Set((await events(3)).map(({ room }) => room)), new Set([`garden@${HOST}`]));
});

test("what cannot be delivered for days is put aside, and the next event has its turn", async () => {
  await using service = await start('webhooks_give_up_after = "1 hour"');
  takes = ({ type }) => type !== "affiliation.changed";
  const refused = once(server, "answered");
  await enter(service, "ada", "Ada");
  await refused;
  await paused(service);
  clock.advanceSeconds(3600);
  assert.deepEqual((await events(2)).map(inShort), ["occupant.joined Ada", "room.created"]);
  const dead = service.storage.openStore<WebhookEvent, "map">(HOST, "muc_webhooks_dead", "map");
  const buried: string[] = [];
  for await (const [, event] of dead.entries(null)) buried.push(inShort(event));
  assert.deepEqual(buried, ["affiliation.changed"]);
});

test("when the outbox is full, what is new is lost, and the operator is told", async () => {
  takes = () => false;
  await using service = await start("webhooks_max_waiting = 2");
  await enter(service, "ada", "Ada");
  await enter(service, "ben", "Ben");
  const errors = service.logLines.filter(({ level }) => level === "error").map(({ message }) => message);
  assert.deepEqual(errors, ["the outbox is full (2 events): new events are lost"]);
});

test("a change that could not be written is not told of", async () => {
  const disk = new FaultyDisk();
  const storage = await disk.open();
  await using service = await start("muc_room_default_persistent = true", storage);
  const ada = await enter(service, "ada", "Ada");
  await events(3);
  disk.failSyncedCommits(undefined, 1);
  const affiliate = (id: string, user: string): void =>
    ada.send(`
      <iq type="set" id="${id}" to="${ROOM}"><query xmlns="http://jabber.org/protocol/muc#admin">
        <item jid="${user}@example" affiliation="member"/>
      </query></iq>`);
  affiliate("1", "ben");
  await ada.see('<iq type="error" id="1" scansion:strict="false"/>');
  await enter(service, "cleo", "Cleo");
  assert.deepEqual((await events(4)).map(inShort).slice(3), ["occupant.joined Cleo"]);
  await service.stop();
  await storage.close();
});

/** The refusal has reached the module, and it waits: said in the log. */
async function paused(service: TestService): Promise<void> {
  while (!service.logLines.some(({ message }) => message.includes("was not taken"))) {
    await new Promise((done) => setImmediate(done));
  }
}
