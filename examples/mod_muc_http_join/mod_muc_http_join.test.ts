import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { resolve } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { joinRoom, NS_MUC } from "chorus-muc/muc";
import { FakeClock, startService, type FakeClient, type TestService } from "chorus-muc/testing";

const HOST = "rooms.example";
const ROOM = `lounge@${HOST}`;
/** The folder that `plugin_paths` names; this file runs from `dist/`, the module is loaded from its source. */
const EXAMPLES = resolve(import.meta.dirname, "../../../examples");

type Asked = Readonly<Record<string, unknown>>;

/** What the service answers; most tests put something else here. */
let answer: (asked: Asked, response: ServerResponse, request: IncomingMessage) => void;
let asked: Asked[];
let server: Server;

beforeEach(async () => {
  answer = (_, response) => response.end('{ "allow": true }');
  asked = [];
  server = createServer((request, response) => {
    void text(request).then((body) => {
      const question = JSON.parse(body) as Asked;
      asked.push(question);
      server.emit("asked");
      answer(question, response, request);
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

async function text(request: IncomingMessage): Promise<string> {
  let body = "";
  for await (const part of request) body += String(part);
  return body;
}

function start(options = "", clock?: FakeClock, url?: string): Promise<TestService> {
  const config = `
    VirtualHost "example"
    Component "${HOST}" "muc"
      muc_room_locking = false
      modules_enabled = { "muc_http_join" }
      http_join_url = "${url ?? `http://127.0.0.1:${(server.address() as AddressInfo).port}/may-join`}"
      ${options}
  `;
  return startService({ config, pluginPaths: [EXAMPLES], listen: false, ...(clock && { clock }) });
}

function knock(client: FakeClient, nick: string): void {
  client.send(`<presence to="${ROOM}/${nick}"><x xmlns="${NS_MUC}"/></presence>`);
}

const refusal = (type: string, condition: string): string => `
  <presence type="error"><error type="${type}" scansion:strict="false">
    <${condition} xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"/>
  </error></presence>`;
const TRY_LATER = refusal("wait", "resource-constraint");

test("the service is told who wants to enter which room, with the secret, and lets them in", async () => {
  let authorization: string | undefined;
  answer = (_, response, request) => {
    authorization = request.headers.authorization;
    response.end('{ "allow": true }');
  };
  await using service = await start('http_join_secret = "sesame"');
  await joinRoom(service.client("ada@example"), ROOM, "Ada");
  await joinRoom(service.client("ben@example"), ROOM, "Ben");
  assert.deepEqual(asked, [
    { room: ROOM, jid: "ada@example", nick: "Ada", affiliation: "owner", isNewRoom: true },
    { room: ROOM, jid: "ben@example", nick: "Ben", affiliation: "none", isNewRoom: false },
  ]);
  assert.equal(authorization, "Bearer sesame");
  assert.ok(service.logLines.every(({ message }) => !message.includes("sesame")));
});

test("whom it refuses learns its words, and nobody else learns anything", async () => {
  answer = ({ nick }, response) =>
    response.end(JSON.stringify(nick === "Ada" ? { allow: true } : { allow: false, text: "No ticket" }));
  await using service = await start();
  const [ada, ben] = [service.client("ada@example"), service.client("ben@example")];
  await joinRoom(ada, ROOM, "Ada");
  await ada.see('<message type="groupchat"><subject/></message>');
  knock(ben, "Ben");
  await ben.expect(`
    <presence type="error" from="${ROOM}/Ben">
      <error type="auth" code="403" by="${ROOM}">
        <forbidden xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"/>
        <text xmlns="urn:ietf:params:xml:ns:xmpp-stanzas">No ticket</text>
      </error>
      <x xmlns="${NS_MUC}"/>
    </presence>`);
  await ada.expectNothing();
});

test("it may give another nick and another role", async () => {
  answer = ({ nick }, response) =>
    response.end(JSON.stringify({ allow: true, nick: `Dr ${String(nick)}`, role: "visitor" }));
  await using service = await start();
  const ada = service.client("ada@example");
  knock(ada, "Ada");
  // Status 210: the service has changed the nick (XEP-0045 §7.2.3).
  await ada.see(`
    <presence from="${ROOM}/Dr Ada">
      <x xmlns="${NS_MUC}#user" scansion:strict="false">
        <item role="visitor" scansion:strict="false"/><status code="210"/>
      </x>
    </presence>`);
});

test("a nick from the service that is none lets nobody in", async () => {
  answer = (_, response) => response.end('{ "allow": true, "nick": " " }');
  await using service = await start();
  const ada = service.client("ada@example");
  knock(ada, "Ada");
  await ada.expect(refusal("cancel", "internal-server-error"));
});

test("while one waits for the answer, the others talk on", async () => {
  let release: (() => void) | undefined;
  answer = ({ nick }, response) => {
    if (nick === "Ada") response.end('{ "allow": true }');
    else release = () => response.end('{ "allow": true }');
  };
  await using service = await start();
  const [ada, ben] = [service.client("ada@example"), service.client("ben@example")];
  await joinRoom(ada, ROOM, "Ada");
  await ada.see('<message type="groupchat"><subject/></message>');
  const reached = once(server, "asked");
  knock(ben, "Ben");
  await reached;
  ada.send(`<message type="groupchat" to="${ROOM}"><body>Is somebody at the door?</body></message>`);
  await ada.expect('<message type="groupchat"><body>Is somebody at the door?</body></message>');
  await ben.expectNothing();
  release?.();
  await ada.expect(`<presence from="${ROOM}/Ben"/>`);
});

for (const [policy, what] of [
  ["refuse", "is refused by default"],
  ["allow", "gets in where http_join_on_timeout says so"],
] as const) {
  test(`who waits too long ${what}`, async () => {
    answer = () => undefined;
    const clock = new FakeClock();
    await using service = await start(policy === "allow" ? 'http_join_on_timeout = "allow"' : "", clock);
    const ada = service.client("ada@example");
    const reached = once(server, "asked");
    knock(ada, "Ada");
    await reached;
    clock.advanceSeconds(5);
    await ada.see(policy === "allow" ? `<presence from="${ROOM}/Ada"/>` : TRY_LATER);
  });
}

for (const [what, respond] of [
  ["a status of 500", (response) => response.writeHead(500).end('{ "allow": true }')],
  ["a redirection", (response) => response.writeHead(302, { location: "/elsewhere" }).end()],
  ["no JSON", (response) => response.end("welcome")],
  ["neither yes nor no", (response) => response.end('{ "allow": "yes" }')],
  ["too many bytes", (response) => response.end(JSON.stringify({ allow: true, more: "x".repeat(20_000) }))],
] as const satisfies readonly (readonly [string, (response: ServerResponse) => unknown])[]) {
  test(`${what} is no answer`, async () => {
    answer = (_, response) => void respond(response);
    await using service = await start('http_join_on_timeout = "allow"');
    const ada = service.client("ada@example");
    knock(ada, "Ada");
    await ada.expect(TRY_LATER);
    assert.equal(asked.length, 1);
  });
}

test("an answer holds for a while, for the same person, nick and room", async () => {
  const clock = new FakeClock();
  await using service = await start("http_join_cache_period = 10", clock);
  await joinRoom(service.client("ben@example"), ROOM, "Ben");
  const visit = async (nick: string): Promise<void> => {
    const ada = service.client("ada@example");
    await joinRoom(ada, ROOM, nick);
    ada.send(`<presence to="${ROOM}/${nick}" type="unavailable"/>`);
    await ada.see(`<presence from="${ROOM}/${nick}" type="unavailable"/>`);
    await ada.disconnect();
  };
  await visit("Ada");
  await visit("Ada");
  assert.equal(asked.length, 2);
  await visit("Countess");
  assert.equal(asked.length, 3);
  clock.advanceSeconds(10);
  await visit("Ada");
  assert.equal(asked.length, 4);
});

test("so many requests at a time; others wait in line, and beyond that are told to come later", async () => {
  const held: ServerResponse[] = [];
  await using service = await start(
    'http_join_max_requests = 1\nhttp_join_max_waiting = 1\nhttp_join_on_error = "allow"',
  );
  const [ada, ben, cleo] = ["ada", "ben", "cleo"].map((name) => service.client(`${name}@example`));
  assert.ok(ada && ben && cleo);
  // While a room is being made, everybody waits for its maker.
  await joinRoom(service.client("dan@example"), ROOM, "Dan");
  answer = (_, response) => void held.push(response);
  const first = once(server, "asked");
  knock(ada, "Ada");
  await first;
  knock(ben, "Ben");
  knock(cleo, "Cleo");
  await cleo.expect(TRY_LATER);
  assert.equal(held.length, 1);
  const second = once(server, "asked");
  held[0]?.end('{ "allow": true }');
  await ada.see(`<presence from="${ROOM}/Ada"/>`);
  await second;
  held[1]?.end('{ "allow": true }');
  await ada.see(`<presence from="${ROOM}/Ben"/>`);
});

test("a service that fails time and again is left alone for a while, and says so", async () => {
  answer = (_, response) => response.writeHead(503).end();
  const clock = new FakeClock();
  await using service = await start("http_join_max_failures = 2\nhttp_join_pause = 30", clock);
  const ada = service.client("ada@example");
  for (let i = 0; i < 3; i++) {
    knock(ada, "Ada");
    await ada.expect(TRY_LATER);
  }
  assert.equal(asked.length, 2);
  const errors = service.logLines.filter(({ level }) => level === "error").map(({ message }) => message);
  assert.deepEqual(errors, ["the service has failed time and again, and is left alone for a while"]);
  // Then one request may try.
  clock.advanceSeconds(30);
  answer = (_, response) => response.end('{ "allow": true }');
  await joinRoom(ada, ROOM, "Ada");
  assert.equal(asked.length, 3);
});

test("without an address nobody gets in, whatever is to happen without an answer", async () => {
  await using service = await start('http_join_on_error = "allow"', undefined, "may-join");
  const ada = service.client("ada@example");
  knock(ada, "Ada");
  await ada.expect(TRY_LATER);
});

test("who waits while the module is reloaded is not let in unasked", async () => {
  answer = () => undefined;
  await using service = await start('http_join_on_error = "allow"\nhttp_join_on_timeout = "allow"');
  const ada = service.client("ada@example");
  const reached = once(server, "asked");
  knock(ada, "Ada");
  await reached;
  await service.service.modules.reload(HOST, "muc_http_join");
  await ada.expect(refusal("wait", "resource-constraint"));
});
