/** Attached to another server: its users stay in their rooms over restarts and outages of this one. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { runCommand } from "../../../core/cli/run-command.js";
import { silentLogger } from "../../../core/cli/stderr-logger.js";
import { loadConfigText } from "../../../core/config/load.js";
import { Service } from "../../../core/main.js";
import { childElements } from "../../../core/xmpp/element.js";
import { parseStanza } from "../../../core/xmpp/parse.js";
import { serialise } from "../../../core/xmpp/template.js";
import { FaultyDisk } from "../../../core/testing/storage-faults.js";
import { startService, type TestService } from "../../../core/testing/service.js";
import type { Storage } from "../../../core/storage/store.js";
import { accepting, FakeUpstream } from "../../support/fake-upstream.js";
import { Journal } from "../../support/journal.js";

const HOST = "muc.example";

/** What the upstream server was sent on its latest connection, a part at a time. */
class Upstream {
  readonly #server: FakeUpstream;
  readonly #journal: Journal;
  #taken = 0;
  #peer = 0;

  private constructor(server: FakeUpstream, journal: Journal) {
    this.#server = server;
    this.#journal = journal;
  }

  static async listen(): Promise<Upstream> {
    const journal = new Journal();
    return new Upstream(await FakeUpstream.listen(journal, accepting("secret")), journal);
  }

  get port(): number {
    return this.#server.port;
  }

  send(stanza: string): void {
    this.#server.peer.send(stanza);
  }

  /** Breaks the connection. */
  drop(): void {
    this.#server.peer.socket.destroy();
  }

  /** Everything until a stanza with `text` has come. */
  async until(text: string): Promise<string[]> {
    await this.#journal.until(() => this.#unread().includes(text), text);
    const unread = this.#unread();
    this.#taken = this.#server.peer.received.length;
    return childElements(parseStanza(`<all>${unread.replace("</stream:stream>", "")}</all>`)).map(serialise);
  }

  #unread(): string {
    const { peer } = this.#server;
    if (peer.number !== this.#peer) {
      const handshake = peer.received.indexOf("</handshake>");
      if (handshake === -1) return "";
      this.#peer = peer.number;
      this.#taken = handshake + "</handshake>".length;
    }
    return peer.received.slice(this.#taken);
  }

  close(): Promise<void> {
    return this.#server.close();
  }
}

function configText(upstream: Upstream, options = ""): string {
  return `
    Component "${HOST}" "muc"
    component_upstream = "xmpp://127.0.0.1:${upstream.port}"
    component_secret = "secret"
    ${options}
  `;
}

function start(upstream: Upstream, storage: Storage, options = ""): Promise<TestService> {
  return startService({ config: configText(upstream, options), storage });
}

function joining(name: string, nick: string, room = "r"): string {
  return `<presence from="${name}@users.example/x" to="${room}@${HOST}/${nick}"><x xmlns="http://jabber.org/protocol/muc"/></presence>`;
}

function saying(name: string, body: string): string {
  return `<message type="groupchat" from="${name}@users.example/x" to="r@${HOST}"><body>${body}</body></message>`;
}

const CONFIGURED = `<iq type="set" id="c1" from="ada@users.example/x" to="r@${HOST}"><query xmlns="http://jabber.org/protocol/muc#owner"><x xmlns="jabber:x:data" type="submit"/></query></iq>`;

/** Ada and Ben are in the room. */
async function seat(upstream: Upstream): Promise<void> {
  upstream.send(joining("ada", "Ada"));
  await upstream.until("<subject/>");
  upstream.send(CONFIGURED);
  await upstream.until('id="c1"');
  upstream.send(joining("ben", "Ben"));
  await upstream.until("<subject/>");
}

const QUESTION = /^<message type="groupchat" from="r@muc\.example" id="[^"]+" to="([a-z]+)@users\.example\/x"\/>$/;

async function asked(upstream: Upstream): Promise<(string | undefined)[]> {
  const stanzas = await upstream.until('to="ben@users.example/x"/>');
  return stanzas.map((stanza) => QUESTION.exec(stanza)?.[1]);
}

/** Ben's host says that he is gone, and Ada hears of it. */
async function benIsGone(upstream: Upstream): Promise<void> {
  upstream.send(
    `<message type="error" from="ben@users.example/x" to="r@${HOST}"><error type="cancel"><service-unavailable xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"/></error></message>`,
  );
  const told = await upstream.until('to="ben@users.example/x"');
  assert.match(told[0] ?? "", /^<presence [^>]*type="unavailable"[^>]*to="ada@users\.example\/x"/);
  assert.match(told[0] ?? "", /<status code="333"\/>/);
  upstream.send(saying("ada", "alone now"));
  const said = await upstream.until("alone now");
  assert.equal(said.length, 1);
}

test("a restart leaves everybody in their room, and who vanished meanwhile is removed with 333", async () => {
  const disk = new FaultyDisk();
  const upstream = await Upstream.listen();
  let storage = await disk.open();
  const first = await start(upstream, storage);
  await seat(upstream);
  await first.stop();
  await storage.close();

  storage = await disk.open();
  const second = await start(upstream, storage);
  assert.deepEqual(await asked(upstream), ["ada", "ben"], "asked in silence, and nothing else is sent");
  upstream.send(saying("ben", "still here"));
  assert.equal((await upstream.until('to="ben@users.example/x"')).length, 2);
  await benIsGone(upstream);
  await second.stop();
  await upstream.close();
});

test("who was banned while the service was stopped is removed with 301 when it is back", async () => {
  const disk = new FaultyDisk();
  const upstream = await Upstream.listen();
  let storage = await disk.open();
  const first = await start(upstream, storage);
  await seat(upstream);
  await first.stop();
  await storage.close();

  const config = await loadConfigText(configText(upstream));
  const offline = await Service.create({ config, logger: silentLogger, storage: await disk.open() });
  const words = ["muc", "set-affiliation", `r@${HOST}`, "ben@users.example", "outcast"];
  const io = { print: () => undefined, error: assert.fail, ask: () => Promise.reject(new Error("nobody is asked")) };
  assert.equal(await runCommand(offline.hosts, words, io, { online: false, cwd: "/" }), 0);
  await offline.stop();

  storage = await disk.open();
  const second = await start(upstream, storage);
  const told = await upstream.until('type="groupchat"');
  assert.deepEqual(
    told.map((stanza) => [/to="([a-z]+)@/.exec(stanza)?.[1], /code="(\d+)"/.exec(stanza)?.[1] ?? stanza.slice(1, 8)]),
    [
      ["ada", "301"],
      ["ben", "301"],
      ["ada", "message"],
    ],
  );
  await second.stop();
  await storage.close();
  await upstream.close();
});

test("who is in a room, a temporary one too, is on disk while the process lives: it may be killed", async () => {
  const disk = new FaultyDisk();
  const upstream = await Upstream.listen();
  const storage = await disk.open();
  const service = await start(upstream, storage);
  await seat(upstream);
  await storage.idle();
  const stored = (await storage.openStore(HOST, "occupants").get("r")) as Record<string, Record<string, unknown>>;
  assert.deepEqual(
    Object.entries(stored).map(([jid, { nick, role, primary }]) => [jid, nick, role, primary]),
    [
      ["ada@users.example/x", "Ada", "moderator", true],
      ["ben@users.example/x", "Ben", "participant", true],
    ],
  );
  assert.ok(await storage.openStore(HOST, "config").get("r"));
  upstream.send(`<presence type="unavailable" from="ben@users.example/x" to="r@${HOST}/Ben"/>`);
  await upstream.until('to="ben@users.example/x"');
  await storage.idle();
  assert.deepEqual(Object.keys((await storage.openStore(HOST, "occupants").get("r")) as object), [
    "ada@users.example/x",
  ]);
  upstream.send(`<presence type="unavailable" from="ada@users.example/x" to="r@${HOST}/Ada"/>`);
  await upstream.until('to="ada@users.example/x"');
  await storage.idle();
  assert.equal(await storage.openStore(HOST, "occupants").get("r"), undefined);
  assert.equal(await storage.openStore(HOST, "config").get("r"), undefined, "an empty temporary room leaves nothing");
  await service.stop();
  await upstream.close();
});

test("when the link was lost and is back, everybody is asked; who bounces is removed with 333", async () => {
  const disk = new FaultyDisk();
  const upstream = await Upstream.listen();
  const service = await start(upstream, await disk.open());
  await seat(upstream);
  upstream.drop();
  assert.deepEqual(await asked(upstream), ["ada", "ben"]);
  await benIsGone(upstream);
  await service.stop();
  await upstream.close();
});

test("with muc_shutdown_notice everybody is told of the shutdown with 332, and the next start finds nobody", async () => {
  const disk = new FaultyDisk();
  const upstream = await Upstream.listen();
  let storage = await disk.open();
  const first = await start(upstream, storage, "muc_shutdown_notice = true");
  await seat(upstream);
  await first.stop();
  const told = await upstream.until('to="ben@users.example/x"');
  assert.equal(told.filter((stanza) => stanza.includes('<status code="332"/>')).length, 2);
  await storage.close();

  storage = await disk.open();
  const second = await start(upstream, storage, "muc_shutdown_notice = true");
  upstream.send(joining("cy", "Cy"));
  const answered = await upstream.until("<subject/>");
  assert.match(answered[0] ?? "", /<status code="201"\/>/, "the room is made anew");
  await second.stop();
  await upstream.close();
});

test("one service attached and one standalone in one process: each has its own users, and local ones may enter both", async () => {
  const upstream = await Upstream.listen();
  const service = await startService({
    config: `
      VirtualHost "here.example"
      Component "rooms.here.example" "muc"
      Component "${HOST}" "muc"
        component_upstream = "xmpp://127.0.0.1:${upstream.port}"
        component_secret = "secret"
    `,
  });
  await seat(upstream);
  const local = service.client("cy@here.example");
  local.send(`<presence to="r@${HOST}/Cy"><x xmlns="http://jabber.org/protocol/muc"/></presence>`);
  await local.see(`<message type="groupchat"><subject/></message>`);
  await upstream.until('from="r@muc.example/Cy" to="ben@users.example/x"');
  local.send(`<message type="groupchat" to="r@${HOST}"><body>from here</body></message>`);
  await upstream.until("from here");
  await local.see(`<message type="groupchat"><body>from here</body></message>`);
  upstream.send(saying("ben", "from there"));
  await local.see(`<message type="groupchat" from="r@${HOST}/Ben"><body>from there</body></message>`);
  await upstream.until("from there");

  // The upstream server has no way into what it is not attached to.
  upstream.send(joining("ada", "Ada").replace(`to="r@${HOST}`, 'to="r@rooms.here.example'));
  assert.match((await upstream.until("rooms.here.example")).join(""), /type="error"/);
  local.send(`<presence to="r@rooms.here.example/Cy"><x xmlns="http://jabber.org/protocol/muc"/></presence>`);
  await local.see(`<message from="r@rooms.here.example" type="groupchat"><subject/></message>`);

  upstream.drop();
  assert.deepEqual(await asked(upstream), ["ada", "ben"], "only those of the other server are asked");
  local.send(`<message type="groupchat" to="r@rooms.here.example"><body>unshaken</body></message>`);
  await local.expect(`<message type="groupchat" from="r@rooms.here.example/Cy"><body>unshaken</body></message>`);
  await service.stop();
  await upstream.close();
});

test("users of parent_host may make rooms persistent and public, others may not", async () => {
  const upstream = await Upstream.listen();
  const service = await start(upstream, await new FaultyDisk().open(), 'parent_host = "Users.Example"');
  const form = `<iq type="get" id="form" from="ada@DOMAIN/x" to="NODE@${HOST}"><query xmlns="http://jabber.org/protocol/muc#owner"/></iq>`;
  for (const [domain, node, isShown] of [
    ["users.example", "one", true],
    ["elsewhere.example", "two", false],
  ] as const) {
    upstream.send(joining("ada", "Ada", node).replace("users.example", domain));
    await upstream.until("<subject/>");
    upstream.send(form.replace("DOMAIN", domain).replace("NODE", node));
    const answer = (await upstream.until('id="form"')).join("");
    assert.equal(answer.includes("muc#roomconfig_persistentroom"), isShown, domain);
    assert.equal(answer.includes("muc#roomconfig_publicroom"), isShown, domain);
  }
  await service.stop();
  await upstream.close();
});
