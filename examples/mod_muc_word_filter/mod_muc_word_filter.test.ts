import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { joinRoom } from "chorus-muc/muc";
import { FakeClock, FaultyDisk, startService, type FakeClient, type TestService } from "chorus-muc/testing";
import { FORM_TYPE } from "./forms.js";
import { WordList } from "./words.js";

const HOST = "conference.localhost";
const ROOM = `lounge@${HOST}`;
/** The examples as they are written; this file is compiled to `dist/examples/mod_muc_word_filter`. */
const EXAMPLES = join(import.meta.dirname, "../../../examples");
const REFUSED =
  '<message type="error"><error type="modify"><not-acceptable xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"/></error></message>';
const AWAITS = `<message type="groupchat" from="${ROOM}"><body>Your message awaits review by a moderator.</body></message>`;

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "chorus-words-"));
  await writeFile(join(folder, "words.txt"), "# not here\ndarn\nStraße # in any spelling\n");
});
after(() => rm(folder, { recursive: true, force: true }));

type Options = Partial<Parameters<typeof startService>[0]>;

function start(settings = "", options: Options = {}): Promise<TestService> {
  return startService({
    config: `VirtualHost "localhost"
      Component "${HOST}" "muc"
      muc_room_locking = false
      muc_room_default_persistent = true
      muc_word_filter_file = "${join(folder, "words.txt")}"
      modules_enabled = { "muc_word_filter" }
      ${settings}`,
    pluginPaths: [EXAMPLES],
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

function say(client: FakeClient, text: string, id = text): void {
  client.send(`<message type="groupchat" id="${id}" to="${ROOM}"><body>${text}</body></message>`);
}

function said(nick: string, text: string, id = text): string {
  return `<message type="groupchat" id="${id}" from="${ROOM}/${nick}"><body>${text}</body></message>`;
}

/** The moderator is asked about the next message. @returns what it is called */
async function asked(moderator: FakeClient): Promise<string> {
  const stanza = await moderator.see(
    `<message from="${ROOM}"><x xmlns="jabber:x:data" type="form" scansion:strict="false"/></message>`,
  );
  const fields = stanza.getChild("x", "jabber:x:data")?.getChildren("field") ?? [];
  return fields.find(({ attrs }) => attrs["var"] === "id")?.getChildText("value") ?? "";
}

function decide(client: FakeClient, id: string, publish: boolean): void {
  client.send(`<message to="${ROOM}"><x xmlns="jabber:x:data" type="submit">
    <field var="FORM_TYPE"><value>${FORM_TYPE}</value></field>
    <field var="id"><value>${id}</value></field>
    <field var="publish"><value>${publish ? 1 : 0}</value></field></x></message>`);
}

test("words are found whole, whatever their case, spelling and what nobody sees in them", () => {
  const words = new WordList("darn\nStraße # comment\n\n#nothing\n");
  assert.equal(words.size, 2);
  for (const text of ["darn", "Well, DARN!", "d\u00ADar\u200Bn", "ｄａｒｎ", "STRASSE", "(straße)"]) {
    assert.ok(words.isIn(text), text);
  }
  for (const text of ["darning", "strassen", "nothing", "", "d arn"]) assert.ok(!words.isIn(text), text);
  assert.equal(words.mask("Darn, this STRASSE"), "****, this *******");
});

test("a message with such a word is refused, a subject and, where wanted, a private one, too", async () => {
  await using service = await start(`muc_word_filter_first_messages = 0; muc_word_filter_private = true
    muc_room_default_change_subject = true`);
  const [ada, ben] = [await inside(service, "ada"), await inside(service, "ben")];
  ada.inbox.takeAll();
  say(ben, "Oh darn");
  await ben.see(REFUSED);
  ben.send(`<message type="groupchat" to="${ROOM}"><subject>Darn</subject></message>`);
  await ben.see(REFUSED);
  ben.send(`<message type="chat" to="${ROOM}/ada"><body>darn</body></message>`);
  await ben.see(REFUSED);
  await ada.expectNothing();
  say(ben, "darning");
  await ada.expect(said("ben", "darning"));
  say(ada, "darn");
  await ben.see(said("ada", "darn"));
});

test("or the word is masked, also where it is formatted", async () => {
  await using service = await start('muc_word_filter_first_messages = 0; muc_word_filter_action = "mask"');
  const [ada, ben] = [await inside(service, "ada"), await inside(service, "ben")];
  ada.inbox.takeAll();
  const html = (text: string): string =>
    `<html xmlns="http://jabber.org/protocol/xhtml-im"><body xmlns="http://www.w3.org/1999/xhtml">${text}</body></html>`;
  ben.send(`<message type="groupchat" to="${ROOM}"><body>Darn it</body>${html("<b>darn</b> it")}</message>`);
  await ada.expect(`<message type="groupchat"><body>**** it</body>${html("<b>****</b> it")}</message>`);
  ben.send(`<message type="groupchat" to="${ROOM}"><body>Darn</body>${html("<b>da</b>rn")}</message>`);
  assert.equal((await ada.receive()).getChild("html"), undefined);
});

test("or the message is held, as are those that follow it, until a moderator has decided", async () => {
  await using service = await start('muc_word_filter_first_messages = 0; muc_word_filter_action = "hold"');
  const [ada, ben] = [await inside(service, "ada"), await inside(service, "ben")];
  say(ben, "fine");
  await ada.see(said("ben", "fine"));
  say(ben, "darn");
  say(ben, "it");
  const [first, second] = [await asked(ada), await asked(ada)];
  decide(ada, first, false);
  decide(ada, second, true);
  await ada.expect(said("ben", "it"));
});

test("the first message of a stranger waits for a moderator, and the next ones need not", async () => {
  await using service = await start();
  const [ada, ben, cleo] = [await inside(service, "ada"), await inside(service, "ben"), await inside(service, "cleo")];
  cleo.inbox.takeAll();
  ben.send(
    `<message type="groupchat" to="${ROOM}"><composing xmlns="http://jabber.org/protocol/chatstates"/></message>`,
  );
  await cleo.expect('<message type="groupchat"><composing xmlns="http://jabber.org/protocol/chatstates"/></message>');
  // What looks like one and says something is no such thing.
  ben.send(
    `<message type="groupchat" to="${ROOM}"><composing xmlns="http://jabber.org/protocol/chatstates">psst</composing></message>`,
  );
  decide(ada, await asked(ada), false);
  say(ben, "hello", "id-1");
  await ben.see(AWAITS);
  say(ben, "anybody?", "id-2");
  const [first, second] = [await asked(ada), await asked(ada)];
  await cleo.expectNothing();
  // Whoever enters meanwhile finds nothing of it in the history.
  const dan = service.client("dan@localhost");
  await joinRoom(dan, ROOM, "dan");
  await dan.expect('<message type="groupchat"><subject/></message>');
  decide(ada, first, true);
  decide(ada, second, true);
  await dan.expect(said("ben", "hello", "id-1"));
  await dan.expect(said("ben", "anybody?", "id-2"));
  say(ben, "there you are");
  await dan.expect(said("ben", "there you are"));
});

test("an archive knows of it when everybody does", async () => {
  await using service = await start('modules_enabled = { "muc_word_filter", "muc_mam" }');
  const [ada, ben] = [await inside(service, "ada"), await inside(service, "ben")];
  const archived = async (): Promise<(string | null | undefined)[]> => {
    ada.inbox.takeAll();
    ada.send(`<iq type="set" id="mam" to="${ROOM}"><query xmlns="urn:xmpp:mam:2"/></iq>`);
    const texts: (string | null | undefined)[] = [];
    for (let stanza = await ada.receive(); stanza.name !== "iq"; stanza = await ada.receive()) {
      const copy = stanza.getChild("result", "urn:xmpp:mam:2")?.getChild("forwarded", "urn:xmpp:forward:0");
      texts.push(copy?.getChild("message")?.getChildText("body"));
    }
    return texts;
  };
  say(ada, "welcome");
  say(ben, "hello");
  const id = await asked(ada);
  assert.deepEqual(await archived(), ["welcome"]);
  decide(ada, id, true);
  await ada.see(said("ben", "hello"));
  assert.deepEqual(await archived(), ["welcome", "hello"]);
});

test("it is published in the name of who said it, who may have left, but not in that of somebody else", async () => {
  await using service = await start();
  const [ada, ben] = [await inside(service, "ada"), await inside(service, "ben")];
  say(ben, "hello");
  const id = await asked(ada);
  ben.send(`<presence type="unavailable" to="${ROOM}"/>`);
  await ada.see(`<presence type="unavailable" from="${ROOM}/ben"/>`);
  const eve = service.client("eve@localhost");
  await joinRoom(eve, ROOM, "ben");
  ada.inbox.takeAll();
  decide(ada, id, true);
  await ada.expect(
    '<message type="error"><error type="cancel"><conflict xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"/></error></message>',
  );
  eve.send(`<presence type="unavailable" to="${ROOM}"/>`);
  await ada.see(`<presence type="unavailable" from="${ROOM}/ben"/>`);
  decide(ada, id, true);
  await ada.expect(said("ben", "hello"));
});

test("only moderators decide, and once", async () => {
  await using service = await start();
  const [ada, ben] = [await inside(service, "ada"), await inside(service, "ben")];
  say(ben, "hello");
  const id = await asked(ada);
  decide(ben, id, true);
  await ben.see(
    '<message type="error"><error type="auth"><forbidden xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"/></error></message>',
  );
  decide(ada, id, false);
  decide(ada, id, true);
  await ada.expect(
    '<message type="error"><error type="cancel"><item-not-found xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"/></error></message>',
  );
});

test("a command of the room shows what waits, for several decisions at once", async () => {
  await using service = await start();
  const [ada, ben] = [await inside(service, "ada"), await inside(service, "ben")];
  say(ben, "one");
  say(ben, "two");
  await asked(ada);
  await asked(ada);
  const command = (form: string): string =>
    `<iq type="set" id="c" to="${ROOM}"><command xmlns="http://jabber.org/protocol/commands" node="${FORM_TYPE}">${form}</command></iq>`;
  ada.send(command(""));
  await ada.expect(
    `<iq type="result" id="c"><command xmlns="http://jabber.org/protocol/commands" status="executing" scansion:strict="false"/></iq>`,
  );
  ada.send(
    command(`<x xmlns="jabber:x:data" type="submit">
      <field var="messages"><value>1</value><value>2</value></field>
      <field var="decision"><value>publish</value></field></x>`),
  );
  await ada.expect(said("ben", "one"));
  await ada.expect(said("ben", "two"));
  await ada.expect('<iq type="result" id="c"/>');
});

test("what waits, and who is known, outlives a reload and a restart; moderators who enter are asked", async () => {
  const storage = await new FaultyDisk().open();
  const first = await start("", { storage });
  const [ada, ben] = [await inside(first, "ada"), await inside(first, "ben")];
  say(ben, "one");
  decide(ada, await asked(ada), true);
  const cleo = await inside(first, "cleo");
  say(cleo, "two");
  await asked(ada);
  await first.service.modules.reload(HOST, "muc_word_filter");
  await first.stop();
  await using second = await start("", { storage });
  const again = await inside(second, "ada");
  decide(again, await asked(again), true);
  await again.see(said("cleo", "two"));
  say(await inside(second, "ben"), "three");
  await again.see(said("ben", "three"));
  await second.stop();
  await storage.close();
});

test("what cannot be written is not held, and its author is told", async () => {
  const disk = new FaultyDisk();
  const storage = await disk.open();
  await using service = await start("", { storage });
  const [ada, ben] = [await inside(service, "ada"), await inside(service, "ben")];
  ada.inbox.takeAll();
  disk.failSyncedCommits(undefined, 1);
  say(ben, "hello");
  await ben.expect(
    '<message type="error"><error><internal-server-error xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"/></error></message>',
  );
  await ada.expectNothing();
});

test("so much is held, and not for ever; of who is banned nothing", async () => {
  const clock = new FakeClock();
  await using service = await start("muc_word_filter_held_per_user = 2; muc_word_filter_held_per_room = 3", { clock });
  const [ada, ben, cleo] = [await inside(service, "ada"), await inside(service, "ben"), await inside(service, "cleo")];
  const full =
    '<message type="error"><error type="wait"><resource-constraint xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"/></error></message>';
  for (const text of ["one", "two", "three"]) say(ben, text);
  await ben.see(full);
  say(cleo, "four");
  say(cleo, "five");
  await cleo.see(full);
  ada.send(`<iq type="set" id="ban" to="${ROOM}"><query xmlns="http://jabber.org/protocol/muc#admin">
    <item jid="ben@localhost" affiliation="outcast"/></query></iq>`);
  await ada.see('<iq type="result" id="ban"/>');
  decide(ada, "1", true);
  await ada.see(
    '<message type="error"><error><item-not-found xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"/></error></message>',
  );
  clock.advanceSeconds(86_400);
  decide(ada, "3", true);
  await ada.see(
    '<message type="error"><error><item-not-found xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"/></error></message>',
  );
});

test("the list is read again with the configuration, and the old one stays when it cannot be", async () => {
  await using service = await start("muc_word_filter_first_messages = 0");
  const [ada, ben] = [await inside(service, "ada"), await inside(service, "ben")];
  const reread = async (level: string): Promise<void> => {
    const before = service.logLines.length;
    service.service.configReloaded();
    while (!service.logLines.slice(before).some((line) => line.level === level && /word/.test(line.message))) {
      await setImmediate();
    }
  };
  await writeFile(join(folder, "words.txt"), "heck\n");
  await reread("info");
  say(ben, "darn");
  await ada.see(said("ben", "darn"));
  await rm(join(folder, "words.txt"));
  await reread("error");
  say(ben, "heck");
  await ben.see(REFUSED);
});
