/** All the examples in one service: each does what it is for, and none is in another's way. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { readdirSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, before, test } from "node:test";
import { joinRoom, NS_MUC } from "chorus-muc/muc";
import { startService, type FakeClient, type TestService } from "chorus-muc/testing";

const HOST = "conference.localhost";
const ROOM = `lounge@${HOST}`;
const EXAMPLES = resolve(import.meta.dirname, "../../../examples");
const names = readdirSync(EXAMPLES, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name.replace("mod_", ""));

/** What web services were told, by path. */
const told: { path: string; body: Record<string, unknown> }[] = [];
let server: Server;
let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "chorus-together-"));
  await writeFile(join(folder, "words.txt"), "darn\n");
  server = createServer((request, response) => {
    let text = "";
    request.on("data", (part) => (text += String(part)));
    request.on("end", () => {
      const body = JSON.parse(text) as Record<string, unknown>;
      told.push({ path: request.url ?? "", body });
      response.end(JSON.stringify({ allow: body["nick"] !== "mallory" }));
      server.emit("told");
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
});
after(async () => {
  server.closeAllConnections();
  server.close();
  await rm(folder, { recursive: true, force: true });
});

function start(): Promise<TestService> {
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return startService({
    config: `VirtualHost "localhost"
      Component "${HOST}" "muc"
      muc_room_locking = false
      modules_enabled = { ${names.map((name) => `"${name}"`).join(", ")} }
      http_join_url = "${url}/join"
      webhooks_url = "${url}/event"
      webhooks_secret = "sesame"
      webhooks_messages = true
      muc_word_filter_file = "${join(folder, "words.txt")}"
      muc_word_filter_action = "mask"`,
    pluginPaths: [EXAMPLES],
    listen: false,
  });
}

function say(client: FakeClient, text: string): void {
  client.send(`<message type="groupchat" to="${ROOM}"><body>${text}</body></message>`);
}

function said(nick: string, text: string): string {
  return `<message type="groupchat" from="${ROOM}/${nick}"><body>${text}</body></message>`;
}

async function inside(service: TestService, user: string): Promise<FakeClient> {
  const client = service.client(`${user}@localhost`);
  await joinRoom(client, ROOM, user);
  await client.see('<message type="groupchat"><subject/></message>');
  return client;
}

/** Waits until the web service was told of what somebody said. */
async function toldOf(body: string): Promise<void> {
  while (!told.some((event) => event.path === "/event" && event.body["body"] === body)) await once(server, "told");
}

test("all the examples run together, and each does what it is for", async () => {
  await using service = await start();
  for (const name of names) assert.ok(service.service.modules.exportsOf(HOST, name), `mod_${name} is not loaded`);

  const ada = await inside(service, "ada");
  await ada.see(`<presence from="${ROOM}/Bot"/>`);
  const ben = await inside(service, "ben");

  // http_join
  const mallory = service.client("mallory@localhost");
  mallory.send(`<presence to="${ROOM}/mallory"><x xmlns="${NS_MUC}"/></presence>`);
  await mallory.see(
    '<presence type="error"><error type="auth"><forbidden xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"/></error></presence>',
  );

  // muc_word_filter: held until a moderator has seen it, masked ever after
  say(ben, "Hello");
  await ben.see(
    `<message type="groupchat" from="${ROOM}"><body>Your message awaits review by a moderator.</body></message>`,
  );
  const question = await ada.see(
    `<message from="${ROOM}"><x xmlns="jabber:x:data" type="form" scansion:strict="false"/></message>`,
  );
  const fields = question.getChild("x", "jabber:x:data")?.getChildren("field") ?? [];
  const valueOf = (name: string): string =>
    fields.find(({ attrs }) => attrs["var"] === name)?.getChildText("value") ?? "";
  ada.send(`<message to="${ROOM}"><x xmlns="jabber:x:data" type="submit">
    <field var="FORM_TYPE"><value>${valueOf("FORM_TYPE")}</value></field>
    <field var="id"><value>${valueOf("id")}</value></field>
    <field var="publish"><value>1</value></field></x></message>`);
  await ada.see(said("ben", "Hello"));
  say(ben, "darn");
  await ada.see(said("ben", "****"));

  // muc_bot, with the command of muc_stats_report and the figures of muc_room_stats
  say(ada, "!stats");
  const figures = await ada.see(
    `<message type="groupchat" from="${ROOM}/Bot" scansion:strict="false"><body scansion:strict="false"/></message>`,
  );
  assert.match(figures.getChildText("body") ?? "", /: 3 messages, 2 joins, .*\nMost active: ben \(2\), ada \(1\)\.$/s);

  // webhooks: of what was published, and of nothing else
  await toldOf("!stats");
  const messages = told.filter(({ path, body }) => path === "/event" && body["type"] === "message");
  assert.deepEqual(
    messages.slice(0, 3).map(({ body }) => body["body"]),
    ["Hello", "****", "!stats"],
  );

  // muc_lobby: the owner wants one, and lets somebody in
  ada.send(`<iq type="set" id="lobby" to="${ROOM}"><query xmlns="${NS_MUC}#owner"><x xmlns="jabber:x:data" type="submit">
    <field var="FORM_TYPE"><value>${NS_MUC}#roomconfig</value></field>
    <field var="{urn:example:muc-lobby:0}roomconfig_lobby"><value>1</value></field></x></query></iq>`);
  await ada.see('<iq type="result" id="lobby"/>');
  const cleo = service.client("cleo@localhost");
  cleo.send(`<presence to="${ROOM}/cleo"><x xmlns="${NS_MUC}"/></presence>`);
  await cleo.see(
    '<presence type="error"><error type="auth" scansion:strict="false"><registration-required xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"/></error></presence>',
  );
  say(ada, "!lobby accept cleo@localhost");
  await ada.see(`<message type="groupchat" from="${ROOM}"><body>cleo@localhost may enter.</body></message>`);
  await joinRoom(cleo, ROOM, "cleo");

  const wrong = service.logLines.filter(({ level }) => level === "error" || level === "warn");
  assert.deepEqual(wrong, []);
});
