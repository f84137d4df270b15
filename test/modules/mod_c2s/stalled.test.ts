import assert from "node:assert/strict";
import { connect } from "node:net";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { parseStanza } from "chorus-muc";
import { connectClient, FakeClock, startService } from "../../../core/testing/index.js";

const CONFIG = `
modules_enabled = { "roster", "saslauth", "tls", "ping" }
c2s_max_pending = 65536
c2s_close_timeout = 5
VirtualHost "localhost"
`;

test("a client that does not read is dropped; who talked to it goes on and learns that it is gone", async () => {
  const clock = new FakeClock();
  await using service = await startService({ config: CONFIG, clock });
  const port = service.clientPort;
  const stalled = connect({ host: "127.0.0.1", port });
  const say = (text: string, until: string): Promise<void> =>
    new Promise((resolve) => {
      let received = "";
      const onData = (chunk: Buffer): void => {
        received += chunk.toString();
        if (!received.includes(until)) return;
        stalled.off("data", onData);
        resolve();
      };
      stalled.on("data", onData);
      stalled.write(text);
    });
  const header =
    "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' version='1.0' to='localhost'>";
  const login = Buffer.from("\0juliet\0x").toString("base64");
  await say(header, "</stream:features>");
  await say(`<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>${login}</auth>`, "<success");
  await say(header, "</stream:features>");
  await say(
    "<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>j</resource></bind></iq>",
    "</jid>",
  );
  const romeo = await connectClient({ jid: "romeo@localhost/r", password: "x", port });
  stalled.write("<presence to='romeo@localhost/r'/>");
  assert.equal((await romeo.receive()).attrs["from"], "juliet@localhost/j");
  stalled.pause();
  const body = "x".repeat(60_000);
  let refused;
  for (let i = 0; i < 1000 && refused === undefined; i++) {
    romeo.send(parseStanza(`<message to='juliet@localhost/j' type='chat'><body>${body}</body></message>`));
    assert.equal(await romeo.ping("localhost", 10_000), true);
    refused = romeo.inbox.take();
  }
  assert.equal(`${String(refused?.attrs["type"])} ${String(refused?.attrs["from"])}`, "unavailable juliet@localhost/j");
  romeo.drop();
  // It still reads nothing, so that what it sends is all that can tell it that nobody is there any longer.
  stalled.on("error", () => undefined);
  await turn();
  clock.advanceSeconds(5);
  for (let turns = 0; turns < 10_000 && !stalled.destroyed; turns++) {
    stalled.write(" ");
    await turn();
  }
  const wasClosed = stalled.destroyed;
  stalled.destroy();
  assert.ok(wasClosed, "its connection is closed after c2s_close_timeout");
});
