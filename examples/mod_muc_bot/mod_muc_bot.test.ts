import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { ModuleApi } from "chorus-muc";
import { joinRoom } from "chorus-muc/muc";
import { FakeClock, FaultyDisk, startService, type FakeClient, type TestService } from "chorus-muc/testing";

const HOST = "conference.localhost";
const ROOM = `lounge@${HOST}`;
/** The examples as they are written; this file is compiled to `dist/examples/mod_muc_bot`. */
const EXAMPLES = join(import.meta.dirname, "../../../examples");
const BOT = `<presence from="${ROOM}/Bot"><x xmlns="http://jabber.org/protocol/muc#user" scansion:strict="false"/></presence>`;
const BOT_GONE = `<presence from="${ROOM}/Bot" type="unavailable"/>`;
const CONFLICT =
  '<presence type="error"><error type="cancel"><conflict xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"/></error></presence>';

type Options = Partial<Parameters<typeof startService>[0]> & { readonly settings?: string };

function start({ settings = "", pluginPaths = [], ...options }: Options = {}): Promise<TestService> {
  return startService({
    config: `VirtualHost "localhost"
      Component "${HOST}" "muc"
      muc_room_locking = false
      modules_enabled = { "muc_bot" }
      ${settings}`,
    pluginPaths: [EXAMPLES, ...pluginPaths],
    listen: false,
    ...options,
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

/** The next thing that somebody of that nick says. */
async function heard(client: FakeClient, from = `${ROOM}/Bot`): Promise<string> {
  for (;;) {
    const stanza = await client.receive();
    const body = stanza.getChildText("body");
    if (stanza.attrs["from"] === from && body !== null) return body;
  }
}

function leave(client: FakeClient): void {
  client.send(`<presence type="unavailable" to="${ROOM}"/>`);
}

test("it is an occupant where somebody is, and goes with the last one", async () => {
  await using service = await start();
  const ada = await inside(service, "ada");
  await ada.see(BOT);
  const ben = service.client("ben@localhost");
  ben.send(`<presence to="${ROOM}/bot"><x xmlns="http://jabber.org/protocol/muc"/></presence>`);
  await ben.expect(CONFLICT);
  leave(ada);
  await ada.see('<presence type="unavailable"/>');
  await ada.ping("localhost", 5000);
  ben.send(`<iq type="get" id="rooms" to="${HOST}"><query xmlns="http://jabber.org/protocol/disco#items"/></iq>`);
  await ben.expect('<iq type="result" id="rooms"><query xmlns="http://jabber.org/protocol/disco#items"/></iq>');
});

test("it answers to its commands, and to nothing else", async () => {
  await using service = await start({ settings: "muc_bot_answers_per_user = 100" });
  const ada = await inside(service, "ada");
  await ada.see(BOT);
  await say(ada, "!help");
  assert.equal(
    await heard(ada),
    `!help: what I can do
!remind 10m tea: reminds you here after so many s, m, h or d
!roll 2d6: rolls dice
!seen NICK: when somebody was here`,
  );
  await say(ada, "!roll 2d6");
  assert.match(await heard(ada), /^ada: [1-6] \+ [1-6] = \d+$/);
  await say(ada, "!roll");
  assert.match(await heard(ada), /^ada: [1-6]$/);
  for (const text of ["!roll 0d6", "!roll 21d6", "!roll 1d1", "!roll much"]) {
    await say(ada, text);
    assert.equal(await heard(ada), "ada: like this: 2d6");
  }
  for (const text of ["!nothing", "help", "!", "! help"]) await say(ada, text);
  await ada.expectNothing();
});

test("it says when somebody was here", async () => {
  const clock = new FakeClock();
  await using service = await start({ clock });
  const [ada, ben] = [await inside(service, "ada"), await inside(service, "ben")];
  await say(ada, "!seen ben");
  assert.equal(await heard(ada), "ada: ben is here");
  leave(ben);
  await ada.see(`<presence type="unavailable" from="${ROOM}/ben"/>`);
  clock.advanceSeconds(300);
  await say(ada, "!seen ben");
  assert.equal(await heard(ada), "ada: ben left 5 minutes ago");
});

test("reminders are kept over a restart, said once, and each user has so many", async () => {
  const storage = await new FaultyDisk().open();
  const clock = new FakeClock();
  const settings = "muc_bot_reminders = 1; muc_room_default_persistent = true";
  const first = await start({ storage, clock, settings });
  const ada = await inside(first, "ada");
  await say(ada, "!remind 10m the tea &lt;3");
  assert.equal(await heard(ada), "ada: I will.");
  await say(ada, "!remind 1h cake");
  assert.equal(await heard(ada), "ada: you have 1 reminders already");
  await say(ada, "!remind me");
  assert.equal(await heard(ada), "ada: like this: 10m tea");
  await first.stop();

  await using second = await start({ storage, clock, settings });
  const again = await inside(second, "ada");
  clock.advanceSeconds(599);
  again.inbox.takeAll();
  await again.expectNothing();
  clock.advanceSeconds(1);
  assert.equal(await heard(again), "ada: the tea <3");
  const left = await storage.openStore(HOST, "muc_bot_reminders", "keyval+").get("lounge");
  assert.deepEqual(left ?? {}, {}, "a further start would say it again");
  await second.stop();
  await storage.close();
});

test("nobody keeps it busy", async () => {
  const clock = new FakeClock();
  await using service = await start({ clock, settings: "muc_bot_answers_per_user = 2" });
  const [ada, ben] = [await inside(service, "ada"), await inside(service, "ben")];
  for (let n = 0; n < 3; n++) await say(ada, "!roll x");
  await say(ben, "!roll x");
  const answers = [await heard(ben), await heard(ben), await heard(ben)];
  assert.deepEqual(answers, ["ada: like this: 2d6", "ada: like this: 2d6", "ben: like this: 2d6"]);
  clock.advanceSeconds(30);
  await say(ada, "!roll x");
  assert.equal(await heard(ben), "ada: like this: 2d6");
});

test("an owner sends it away; where it may not be, it speaks as the room", async () => {
  await using service = await start();
  const ada = await inside(service, "ada");
  await ada.see(BOT);
  ada.send(`<iq type="set" id="kick" to="${ROOM}"><query xmlns="http://jabber.org/protocol/muc#admin">
    <item nick="Bot" role="none"/></query></iq>`);
  await ada.see('<iq type="result" id="kick"/>');
  await say(ada, "!roll x");
  assert.equal(await heard(ada, ROOM), "ada: like this: 2d6");
  await inside(service, "ben");
  await ada.see(BOT);
  ada.send(`<iq type="set" id="config" to="${ROOM}"><query xmlns="http://jabber.org/protocol/muc#owner">
    <x xmlns="jabber:x:data" type="submit">
      <field var="FORM_TYPE"><value>http://jabber.org/protocol/muc#roomconfig</value></field>
      <field var="muc#roomconfig_bot"><value>0</value></field>
    </x></query></iq>`);
  await ada.see(BOT_GONE);
  await say(ada, "!roll x");
  await ada.expectNothing();
});

test("other modules give it commands; one that fails harms nobody; a reload leaves it where it is", async () => {
  const folder = await mkdtemp(join(tmpdir(), "chorus-bot-"));
  await writeFile(
    join(folder, "mod_shout.mjs"),
    `export default (module) => {
      module.addItem("bot-command", { name: "shout", help: "says it loud", run: ({ text }) => text.toUpperCase() });
      module.addItem("bot-command", { name: "fail", help: "fails", run: () => { throw new Error("no idea"); } });
    };`,
  );
  await using service = await start({
    pluginPaths: [folder],
    settings: 'modules_enabled = { "muc_bot", "shout" }; muc_bot_answers_per_user = 100',
  });
  const ada = await inside(service, "ada");
  await ada.see(BOT);
  await say(ada, "!shout hello");
  assert.equal(await heard(ada), "HELLO");
  await say(ada, "!fail");
  await say(ada, "!shout again");
  assert.equal(await heard(ada), "AGAIN");
  await service.service.modules.reload(HOST, "muc_bot");
  await ada.expectNothing();
  await say(ada, "!shout still here");
  assert.equal(await heard(ada), "STILL HERE");
  await service.service.modules.unload(HOST, "muc_bot");
  await ada.see(BOT_GONE);
  await rm(folder, { recursive: true });
});

/** Checked by the compiler: what is no command is none. */
export function compiles(module: ModuleApi): void {
  module.addItem("bot-command", { name: "motto", help: "our motto", run: ({ room }) => room.getName() });
  // @ts-expect-error -- does nothing
  module.addItem("bot-command", { name: "motto", help: "our motto" });
  // @ts-expect-error -- does not say what it does
  module.addItem("bot-command", { name: "motto", run: () => undefined });
}
