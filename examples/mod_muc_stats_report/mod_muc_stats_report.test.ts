import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { joinRoom } from "chorus-muc/muc";
import { FakeClock, startService, type FakeClient, type TestService } from "chorus-muc/testing";

const HOST = "conference.localhost";
const ROOM = `lounge@${HOST}`;
/** The examples as they are written; this file is compiled to `dist/examples/mod_muc_stats_report`. */
const EXAMPLES = join(import.meta.dirname, "../../../examples");
const WEEK = 604_800;

function start(clock = new FakeClock(Date.UTC(2025, 5, 1)), beside = "muc"): Promise<TestService> {
  return startService({
    config: `VirtualHost "localhost"
      Component "${HOST}" "muc"
      muc_room_locking = false
      modules_enabled = { "muc_stats_report", "${beside}" }`,
    pluginPaths: [EXAMPLES],
    listen: false,
    clock,
  });
}

async function inside(service: TestService, user: string): Promise<FakeClient> {
  const client = service.client(`${user}@localhost`);
  await joinRoom(client, ROOM, user);
  await client.see('<message type="groupchat"><subject/></message>');
  return client;
}

async function say(client: FakeClient, text: string): Promise<void> {
  client.send(`<message type="groupchat" to="${ROOM}"><body>${text}</body></message>`);
  await client.see(`<message type="groupchat"><body>${text}</body></message>`);
}

async function wantReports(owner: FakeClient): Promise<void> {
  owner.send(`<iq type="set" id="config" to="${ROOM}"><query xmlns="http://jabber.org/protocol/muc#owner">
    <x xmlns="jabber:x:data" type="submit">
      <field var="FORM_TYPE"><value>http://jabber.org/protocol/muc#roomconfig</value></field>
      <field var="muc#roomconfig_stats_report"><value>1</value></field>
    </x></query></iq>`);
  await owner.see('<iq type="result" id="config"/>');
}

async function messagesByDisco(client: FakeClient): Promise<string> {
  client.send(`<iq type="get" id="info" to="${ROOM}"><query xmlns="http://jabber.org/protocol/disco#info"/></iq>`);
  const form = (await client.see('<iq type="result" id="info"/>')).getChild("query")?.getChild("x", "jabber:x:data");
  const field = form?.getChildren("field").find(({ attrs }) => attrs["var"] === "muc#roominfo_stats_messages");
  return field?.getChildText("value") ?? "no such field";
}

/** Lets time pass by the hour, as what is to be done is looked for every hour, and the store do its work meanwhile. */
async function pass(clock: FakeClock, seconds: number): Promise<void> {
  for (let left = seconds; left > 0; left -= 3600) {
    clock.advanceSeconds(3600);
    await setImmediate();
  }
}

test("a room that asked for it is told every week what went on, and only then", async () => {
  const clock = new FakeClock(Date.UTC(2025, 5, 1));
  await using service = await start(clock);
  const [ada, ben] = [await inside(service, "ada"), await inside(service, "ben")];
  await say(ada, "one");
  await say(ada, "two");
  await say(ben, "three");
  await wantReports(ada);
  ada.inbox.takeAll();
  await pass(clock, WEEK - 7200);
  await ada.expectNothing();
  await pass(clock, 36_000);
  await ada.expect(`<message type="groupchat" from="${ROOM}"><body>Since 2025-06-01: 3 messages, 2 joins, 2 occupants at once at most.
Most active: ada (2), ben (1).</body></message>`);
  await pass(clock, WEEK);
  await ada.see(
    `<message type="groupchat" from="${ROOM}"><body>Since 2025-06-08: 0 messages, 0 joins, 2 occupants at once at most.</body></message>`,
  );
});

test("the details of the room show the figures", async () => {
  await using service = await start();
  const ada = await inside(service, "ada");
  await say(ada, "one");
  assert.equal(await messagesByDisco(ada), "1");
});

test("the bot tells the figures, where there is one", async () => {
  await using service = await start(undefined, "muc_bot");
  const ada = await inside(service, "ada");
  await say(ada, "one");
  await say(ada, "!stats");
  await ada.see(`<message type="groupchat" from="${ROOM}/Bot"><body>Since 2025-06-01: 2 messages, 1 joins, 1 occupants at once at most.
Most active: ada (2).</body></message>`);
});

test("a reload of the provider reloads it, too, and the figures go on; without the provider it goes", async () => {
  await using service = await start();
  const ada = await inside(service, "ada");
  await say(ada, "one");
  const { modules } = service.service;
  const before = modules.exportsOf(HOST, "muc_stats_report");
  await modules.reload(HOST, "muc_room_stats");
  assert.notEqual(modules.exportsOf(HOST, "muc_stats_report"), before, "the old one would ask the old provider");
  await say(ada, "two");
  assert.equal(await messagesByDisco(ada), "2");
  await modules.unload(HOST, "muc_room_stats");
  assert.equal(modules.exportsOf(HOST, "muc_stats_report"), undefined);
  assert.equal(await messagesByDisco(ada), "no such field");
});
