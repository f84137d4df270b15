import assert from "node:assert/strict";
import { test } from "node:test";
import { Inbox } from "../../../core/testing/inbox.js";
import { parseScript } from "../../../core/testing/scansion.js";
import {
  replayScenario,
  runScenario,
  type ScenarioClient,
  type ScenarioOptions,
} from "../../../core/testing/scenario-runner.js";
import { cloneElement, type Element } from "../../../core/xmpp/element.js";
import { serialise } from "../../../core/xmpp/template.js";

/**
 * A server that passes every stanza on to the client that it is addressed to, under any name, once the sender's next
 * ping arrives: so late as a server may be.
 */
class SlowServer {
  readonly clients = new Map<string, Inbox>();
  readonly sent: string[] = [];

  connect = async (jid: string): Promise<ScenarioClient> => {
    const inbox = new Inbox();
    const full = jid.includes("/") ? jid : `${jid}/made-up`;
    this.clients.set(full, inbox);
    const waiting: Element[] = [];
    return {
      jid: full,
      inbox,
      send: (stanza) => {
        this.sent.push(serialise(stanza));
        waiting.push(stanza);
      },
      ping: async (to) => {
        this.sent.push(`ping ${to}`);
        for (const stanza of waiting.splice(0)) this.#deliver(stanza);
        return true;
      },
      disconnect: async () => {
        this.clients.delete(full);
        inbox.end("disconnected");
      },
    };
  };

  #deliver(stanza: Element): void {
    const name = String(stanza.attrs["to"]).split("/")[1];
    for (const [jid, inbox] of this.clients) {
      if (jid.split("/")[1] === name || name === "all") inbox.push(cloneElement(stanza));
    }
  }
}

const HEAD = `# A test
[Client] Ada
	jid: ada@localhost/a
[Client] Ben
	jid: ben@localhost/b
-----
Ada connects
Ben connects
`;

async function play(
  steps: string,
  options: ScenarioOptions = {},
): Promise<{ failure: string | undefined; sent: string[] }> {
  const server = new SlowServer();
  const log: string[] = [];
  const { failure } = await runScenario(parseScript(HEAD + steps, "test.scs"), {
    timeoutMs: 50,
    log: (line) => log.push(line),
    ...options,
    connect: ({ jid }) => server.connect(jid),
  });
  return { failure: failure?.message, sent: server.sent };
}

const say = (who: string, text: string, to = "x@rooms/b"): string =>
  `${who} sends:\n\t<message to="${to}"><body>${text}</body></message>\n`;
const hear = (who: string, text: string): string => `${who} receives:\n\t<message><body>${text}</body></message>\n`;

test("what does not match is passed over, and gone", async () => {
  const talk = say("Ada", "one") + say("Ada", "two") + say("Ada", "three") + say("Ben", "x", "y@rooms/c");
  assert.equal((await play(talk + hear("Ben", "one") + hear("Ben", "three"))).failure, undefined);
  const { failure } = await play(talk + hear("Ben", "three") + hear("Ben", "one"));
  assert.match(failure ?? "", /^test\.scs:19: Ben receives: nothing that matches within 50 ms\nexpected:\n/);
  assert.match(failure ?? "", /nothing came$/);
});

test("in order, the very next stanza must match", async () => {
  const talk = say("Ada", "one") + say("Ada", "two") + say("Ben", "x", "y@rooms/c");
  assert.equal((await play(talk + hear("Ben", "one") + hear("Ben", "two"), { inOrder: true })).failure, undefined);
  const { failure } = await play(talk + hear("Ben", "two"), { inOrder: true });
  assert.match(failure ?? "", /^test\.scs:15: Ben receives: something else came first/);
  assert.match(failure ?? "", /\(message > body: expected text "two", got "one"\)/);
  assert.match(failure ?? "", /^ {2}- {3}<body>two<\/body>$/m);
});

test("nothing received means: nothing that anybody's sending has caused", async () => {
  assert.equal((await play(`${say("Ada", "one", "x@rooms/nobody")}Ben receives nothing\n`)).failure, undefined);
  const { failure } = await play(`${say("Ada", "one")}Ben receives nothing\n`);
  assert.match(failure ?? "", /^test\.scs:11: Ben receives nothing: but there came\n {2}<message to="x@rooms\/b">/);
  // Also by one's own sending.
  assert.match(
    (await play(`${say("Ben", "one")}Ben receives nothing\n`)).failure ?? "",
    /^test\.scs:11: Ben receives nothing/,
  );
});

test("before somebody acts, what others have sent has had its effect", async () => {
  const { sent } = await play(say("Ada", "one") + say("Ada", "two") + say("Ben", "three") + "Ada disconnects\n");
  assert.deepEqual(
    sent.map((line) => line.replace(/<.*<body>(.*)<\/body>.*/, "$1")),
    ["one", "two", "ping x@rooms", "three", "ping x@rooms"],
  );
});

test("a client that has gone sends nothing, and the script goes on", async () => {
  const { failure, sent } = await play(`Ada disconnects\n${say("Ada", "one")}Ben receives nothing\n`);
  assert.equal(failure, undefined);
  assert.deepEqual(sent, ["ping localhost"]);
});

test("a client that is gone receives nothing that is expected", async () => {
  assert.match(
    (await play(`Ada disconnects\n${hear("Ada", "one")}`)).failure ?? "",
    /^test\.scs:10: Ada receives: is not connected/,
  );
});

test("names of clients are filled in, whatever quotes they stand in", async () => {
  const { sent } = await play(
    `Ada sends:\n\t<message to="x@rooms/b" a='\${Ben's JID}' b="\${Ada's full JID}"><body>\${Ben's full JID}</body></message>\n`,
  );
  assert.deepEqual(sent, [
    '<message to="x@rooms/b" a="ben@localhost" b="ada@localhost/a"><body>ben@localhost/b</body></message>',
  ]);
});

test("ids that a message was given are filled in by the message's own", async () => {
  const given = `<stanza-id xmlns="urn:xmpp:sid:0" by="x@rooms" id="s1"/><occupant-id xmlns="urn:xmpp:occupant-id:0" id="o1"/>`;
  const { sent } = await play(
    `Ada sends:\n\t<message to="x@rooms/b" id="m1">${given}</message>\n` +
      `Ben sends:\n\t<message to="x@rooms" a="\${stanza-id of m1}" b="\${occupant-id of m1}" c="\${stanza-id of m2}"/>\n`,
  );
  assert.equal(sent.at(-1), '<message to="x@rooms" a="s1" b="o1" c="${stanza-id of m2}"/>');
});

test("a suffix for rooms changes rooms everywhere, and nothing else", async () => {
  const text = "see x@rooms/b and x@rooms, not ben@localhost, x@rooms.example or rooms";
  const { failure, sent } = await play(`${say("Ada", text)}Ben sends:\n\t<presence/>\n${hear("Ben", text)}`, {
    roomSuffix: "-7",
  });
  assert.equal(failure, undefined);
  assert.equal(
    sent[0],
    '<message to="x-7@rooms/b"><body>see x-7@rooms/b and x-7@rooms, not ben@localhost, x@rooms.example or rooms</body></message>',
  );
});

test("a script is judged again by what was received, without a server", async () => {
  const server = new SlowServer();
  const script = parseScript(
    HEAD +
      say("Ada", "one") +
      say("Ada", "two") +
      say("Ben", "x", "y@rooms/c") +
      hear("Ben", "two") +
      "Ben receives nothing\n",
    "test.scs",
  );
  const { failure, transcript } = await runScenario(script, {
    timeoutMs: 50,
    connect: ({ jid }) => server.connect(jid),
  });
  assert.equal(failure?.message, undefined);
  assert.equal(replayScenario(script, transcript), undefined);
  assert.match(replayScenario(script, transcript, { inOrder: true })?.message ?? "", /^test\.scs:15: Ben receives/);
});
