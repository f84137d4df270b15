import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { resolve } from "node:path";
import { test } from "node:test";
import { getChild, type Storage } from "chorus-muc";
import { joinRoom, NS_MUC } from "chorus-muc/muc";
import { FakeClock, FaultyDisk, startService, type FakeClient, type TestService } from "chorus-muc/testing";

const HOST = "rooms.example";
const ROOM = `salon@${HOST}`;
const LOBBY = `salon-lobby@${HOST}`;
const NS_LOBBY = "urn:example:muc-lobby:0";
/** The folder that `plugin_paths` names; this file runs from `dist/`, the module is loaded from its source. */
const EXAMPLES = resolve(import.meta.dirname, "../../../examples");

function start(options = "", more: { clock?: FakeClock; storage?: Storage } = {}): Promise<TestService> {
  const config = `
    VirtualHost "example"
    Component "${HOST}" "muc"
      muc_room_locking = false
      muc_room_default_persistent = true
      modules_enabled = { "muc_lobby" }
      lobby_default = true
      ${options}
  `;
  return startService({ config, pluginPaths: [EXAMPLES], listen: false, ...more });
}

/** Ada makes the room, and so is its moderator. */
async function adaInside(service: TestService): Promise<FakeClient> {
  const ada = service.client("ada@example");
  await joinRoom(ada, ROOM, "Ada");
  await ada.see('<message type="groupchat"><subject/></message>');
  return ada;
}

/** Somebody who is reached at their bare JID, where invitations go. */
function available(service: TestService, jid: string): FakeClient {
  const client = service.client(jid);
  client.send("<presence/>");
  return client;
}

function knock(client: FakeClient, nick: string, room = ROOM): void {
  client.send(`<presence to="${room}/${nick}"><x xmlns="${NS_MUC}"/></presence>`);
}

/** Knocks, and is sent to the lobby. */
async function refused(client: FakeClient, nick: string): Promise<void> {
  knock(client, nick);
  await client.see(`
    <presence type="error" from="${ROOM}/${nick}">
      <error type="auth" scansion:strict="false">
        <registration-required xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"/>
        <lobby xmlns="${NS_LOBBY}" jid="${LOBBY}"/>
      </error>
    </presence>`);
}

function asked(jid: string): string {
  return `
    <message from="${ROOM}">
      <x xmlns="jabber:x:data" type="form" scansion:strict="false">
        <field var="lobby#jid" scansion:strict="false"><value>${jid}</value></field>
      </x>
    </message>`;
}

function answer(jid: string, isAdmitted: boolean): string {
  return `
    <message to="${ROOM}"><x xmlns="jabber:x:data" type="submit">
      <field var="FORM_TYPE"><value>${NS_LOBBY}</value></field>
      <field var="lobby#jid"><value>${jid}</value></field>
      <field var="lobby#admit"><value>${isAdmitted ? "1" : "0"}</value></field>
    </x></message>`;
}

const say = (text: string): string => `<message type="groupchat" to="${ROOM}"><body>${text}</body></message>`;
const heard = (text: string): string => `<message type="groupchat" from="${ROOM}"><body>${text}</body></message>`;
const INVITED = `<message from="${ROOM}"><x xmlns="${NS_MUC}#user" scansion:strict="false"><invite scansion:strict="false"/></x></message>`;
const FORBIDDEN = `
  <presence type="error"><error type="auth" scansion:strict="false">
    <forbidden xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"/>
  </error></presence>`;

test("who is no member waits in the lobby, is let in by a moderator's form, once", async () => {
  await using service = await start();
  const ada = await adaInside(service);
  const ben = available(service, "ben@example");
  await refused(ben, "Ben");
  await ada.expect(asked("ben@example"));
  await joinRoom(ben, LOBBY, "Ben");
  // He was asked about already.
  await ada.expectNothing();
  ada.send(answer("ben@example", true));
  await ben.see(INVITED);
  await joinRoom(ben, ROOM, "Ben");
  await ben.see(`<presence type="unavailable" from="${LOBBY}/Ben"/>`);
  await ada.see(`<presence from="${ROOM}/Ben"/>`);
  ben.send(`<presence type="unavailable" to="${ROOM}/Ben"/>`);
  await ben.see(`<presence type="unavailable" from="${ROOM}/Ben"/>`);
  await refused(ben, "Ben");
});

test("members and owners do not wait", async () => {
  await using service = await start();
  const ada = await adaInside(service);
  ada.send(`
    <iq type="set" id="1" to="${ROOM}"><query xmlns="http://jabber.org/protocol/muc#admin">
      <item jid="ben@example" affiliation="member"/>
    </query></iq>`);
  await ada.see('<iq type="result" id="1"/>');
  await joinRoom(service.client("ben@example"), ROOM, "Ben");
});

test("a moderator may answer by a word in the room, which nobody else hears", async () => {
  await using service = await start();
  const ada = await adaInside(service);
  const ben = available(service, "ben@example");
  await refused(ben, "Ben");
  await ada.see(asked("ben@example"));
  ada.send(say("!lobby"));
  await ada.expect(heard("In the lobby: Ben (ben@example)"));
  ada.send(say("!lobby let ben in"));
  await ada.expect(heard("!lobby: who waits; !lobby accept ADDRESS; !lobby deny ADDRESS"));
  ada.send(say("!lobby accept ben@example"));
  await ada.expect(heard("ben@example may enter."));
  await joinRoom(ben, ROOM, "Ben");
  await ben.see('<message type="groupchat"><subject/></message>');
  await ada.see(`<presence from="${ROOM}/Ben"/>`);
  ada.send(say("!lobby accept cleo@example"));
  await ada.expect(heard("cleo@example does not wait in the lobby."));
  await ben.expectNothing();
  // Whoever is no moderator just says so.
  ben.send(say("!lobby accept cleo@example"));
  await ada.expect(`<message type="groupchat" from="${ROOM}/Ben"><body>!lobby accept cleo@example</body></message>`);
});

test("who is denied is told, has to leave the lobby, and cannot come back at once", async () => {
  const clock = new FakeClock();
  await using service = await start("", { clock });
  const ada = await adaInside(service);
  const ben = available(service, "ben@example");
  await refused(ben, "Ben");
  await joinRoom(ben, LOBBY, "Ben");
  ada.send(answer("ben@example", false));
  await ben.see(`<message from="${ROOM}"><body>You were not let into ${ROOM}.</body></message>`);
  await ben.see(`<presence type="unavailable" from="${LOBBY}/Ben"/>`);
  knock(ben, "Ben");
  await ben.see(FORBIDDEN);
  clock.advanceSeconds(300);
  await refused(ben, "Ben");
});

test("only moderators decide", async () => {
  await using service = await start();
  await adaInside(service);
  const ben = available(service, "ben@example");
  await refused(ben, "Ben");
  ben.send(answer("ben@example", true));
  await ben.see('<message type="error"><error type="auth" scansion:strict="false"/></message>');
  await refused(ben, "Ben");
});

test("another nick, another session and a reload of the module change nothing for who waits", async () => {
  await using service = await start();
  const ada = await adaInside(service);
  const ben = available(service, "ben@example/phone");
  await refused(ben, "Ben");
  await ada.see(asked("ben@example"));
  await refused(ben, "Benedict");
  await refused(service.client("ben@example/desk"), "Ben");
  await service.service.modules.reload(HOST, "muc_lobby");
  await refused(ben, "Ada's friend");
  await ada.expectNothing();
  ada.send(answer("ben@example", true));
  await ben.see(INVITED);
  await service.service.modules.reload(HOST, "muc_lobby");
  await joinRoom(ben, ROOM, "Ben");
  // Of who is inside, another session under the same nick may enter, and none under another.
  const desk = service.client("ben@example/desk2");
  await joinRoom(desk, ROOM, "Ben");
  await refused(service.client("ben@example/desk3"), "Somebody");
});

test("nobody but the module makes lobbies", async () => {
  await using service = await start();
  const mallory = service.client("mallory@example");
  knock(mallory, "Mallory", LOBBY);
  await mallory.expect('<presence type="error"><error type="cancel" scansion:strict="false"/></presence>');
});

test("who leaves the lobby does not wait any longer", async () => {
  await using service = await start();
  const ada = await adaInside(service);
  const ben = available(service, "ben@example");
  await refused(ben, "Ben");
  await joinRoom(ben, LOBBY, "Ben");
  await ada.see(asked("ben@example"));
  ben.send(`<presence type="unavailable" to="${LOBBY}/Ben"/>`);
  await ben.see(`<presence type="unavailable" from="${LOBBY}/Ben"/>`);
  ada.send(answer("ben@example", true));
  const error = await ada.see('<message type="error"><error type="cancel" scansion:strict="false"/></message>');
  assert.match(String(getChild(error, "error")?.toString()), /Nobody of that address waits/);
});

test("an admission does not hold for ever", async () => {
  const clock = new FakeClock();
  await using service = await start("lobby_admission_period = 60", { clock });
  const ada = await adaInside(service);
  const ben = available(service, "ben@example");
  await refused(ben, "Ben");
  ada.send(answer("ben@example", true));
  await ben.see(INVITED);
  clock.advanceSeconds(60);
  await refused(ben, "Ben");
});

test("with the lobby turned off, or the room destroyed, nobody waits any longer", async () => {
  await using service = await start();
  const ada = await adaInside(service);
  const ben = available(service, "ben@example");
  await refused(ben, "Ben");
  await joinRoom(ben, LOBBY, "Ben");
  ada.send(`
    <iq type="set" id="1" to="${ROOM}"><query xmlns="${NS_MUC}#owner"><x xmlns="jabber:x:data" type="submit">
      <field var="FORM_TYPE"><value>${NS_MUC}#roomconfig</value></field>
      <field var="{${NS_LOBBY}}roomconfig_lobby"><value>0</value></field>
    </x></query></iq>`);
  const destroyed = (inner: string): string => `
    <presence type="unavailable" from="${LOBBY}/Ben"><x xmlns="${NS_MUC}#user" scansion:strict="false">
      ${inner}
    </x></presence>`;
  await ben.see(destroyed(`<destroy jid="${ROOM}" scansion:strict="false"/>`));
  await joinRoom(ben, ROOM, "Ben");

  ada.send(`
    <iq type="set" id="2" to="${ROOM}"><query xmlns="${NS_MUC}#owner"><x xmlns="jabber:x:data" type="submit">
      <field var="FORM_TYPE"><value>${NS_MUC}#roomconfig</value></field>
      <field var="{${NS_LOBBY}}roomconfig_lobby"><value>1</value></field>
    </x></query></iq>`);
  await ada.see('<iq type="result" id="2"/>');
  const cleo = service.client("cleo@example");
  await refused(cleo, "Cleo");
  await joinRoom(cleo, LOBBY, "Cleo");
  ada.send(`<iq type="set" id="3" to="${ROOM}"><query xmlns="${NS_MUC}#owner"><destroy/></query></iq>`);
  await cleo.see(`<presence type="unavailable" from="${LOBBY}/Cleo"/>`);
  knock(cleo, "Cleo", LOBBY);
  await cleo.see('<presence type="error" scansion:strict="false"/>');
});

test("a lobby that is turned on while somebody's join waits for another module keeps them out", async () => {
  const answers: (() => void)[] = [];
  const web = createServer((request, response) => {
    request.resume();
    answers.push(() => response.end('{ "allow": true }'));
    web.emit("asked");
  });
  web.listen(0, "127.0.0.1");
  await once(web, "listening");
  try {
    await using service = await start(`
      lobby_default = false
      modules_enabled = { "muc_lobby", "muc_http_join" }
      http_join_url = "http://127.0.0.1:${(web.address() as AddressInfo).port}/"`);
    const ada = service.client("ada@example");
    const first = once(web, "asked");
    knock(ada, "Ada");
    await first;
    answers.shift()?.();
    await ada.see(`<presence from="${ROOM}/Ada"/>`);
    const ben = service.client("ben@example");
    const second = once(web, "asked");
    knock(ben, "Ben");
    await second;
    ada.send(`
      <iq type="set" id="1" to="${ROOM}"><query xmlns="${NS_MUC}#owner"><x xmlns="jabber:x:data" type="submit">
        <field var="FORM_TYPE"><value>${NS_MUC}#roomconfig</value></field>
        <field var="{${NS_LOBBY}}roomconfig_lobby"><value>1</value></field>
      </x></query></iq>`);
    await ada.see('<iq type="result" id="1"/>');
    answers.shift()?.();
    await ben.see(`
      <presence type="error" from="${ROOM}/Ben"><error type="auth" scansion:strict="false">
        <registration-required xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"/>
      </error></presence>`);
  } finally {
    web.closeAllConnections();
    web.close();
    await once(web, "close");
  }
});

test("who waits and who may enter is known after a restart", async () => {
  const disk = new FaultyDisk();
  {
    const storage = await disk.open();
    await using service = await start("", { storage });
    const ada = await adaInside(service);
    const [ben, cleo] = [available(service, "ben@example"), service.client("cleo@example")];
    await refused(ben, "Ben");
    await refused(cleo, "Cleo");
    ada.send(answer("ben@example", true));
    await ben.see(INVITED);
    await service.stop();
    await storage.close();
  }
  const storage = await disk.open();
  await using service = await start("", { storage });
  await joinRoom(service.client("ben@example"), ROOM, "Ben");
  await refused(service.client("cleo@example"), "Cleo");
  const ada = service.client("ada@example");
  await joinRoom(ada, ROOM, "Ada");
  await ada.see(asked("cleo@example"));
  await service.stop();
  await storage.close();
});
