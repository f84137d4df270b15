import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { DEFAULT_LINK_LIMITS } from "../../../core/links/link-limits.js";
import { writeCounter } from "../../../core/links/socket-outlet.js";
import { MESSAGE, SECRET, connectLink, flushed } from "../../support/component-link.js";
import { SERVER_HEADER, accepting, failing, type Script } from "../../support/fake-upstream.js";

describe("a component link (XEP-0114)", () => {
  it("comes up by the handshake and brings stanzas in order", async (t) => {
    const rig = await connectLink(t);
    await rig.started;
    assert.equal(rig.link.isUp, true);
    rig.server.peer.send(`${MESSAGE}<iq type='get' id='1' from='a@b/c' to='muc.example'><x xmlns='urn:x'/></iq>`);
    await rig.journal.seen(/^stanza <iq/);
    assert.deepEqual(
      rig.journal.entries.filter((entry) => /^(up|stanza)/.test(entry)),
      [
        "up",
        'stanza <message from="romeo@example" to="room@muc.example"><body>hi</body></message>',
        'stanza <iq type="get" id="1" from="a@b/c" to="muc.example"><x xmlns="urn:x"/></iq>',
      ],
    );
  });

  it("has a stanza that came in one piece with the handshake's answer", async (t) => {
    const accept = accepting(SECRET);
    const rig = await connectLink(t, {
      script: (peer, received, chunk) => {
        if (received.includes("<handshake")) peer.send(`<handshake/>${MESSAGE}`);
        else accept(peer, received, chunk);
      },
    });
    await rig.journal.seen(/^stanza/);
    assert.ok(rig.journal.entries.indexOf("up") < rig.journal.entries.findIndex((entry) => entry.startsWith("stanza")));
  });

  it("reads an emoji that is split over TCP segments", async (t) => {
    const rig = await connectLink(t);
    await rig.started;
    rig.server.peer.socket.setNoDelay(true);
    for (const byte of Buffer.from("<message><body>a🎭b</body></message>")) rig.server.peer.send(Buffer.of(byte));
    await rig.journal.seen(/^stanza/);
    assert.equal(rig.journal.count(/^stanza <message><body>a🎭b<\/body><\/message>$/), 1);
  });

  const FORBIDDEN = {
    "an entity of its own": ["<message><body>&lol;</body></message>", "restricted-xml"],
    "a reference to a control character": ["<message><body>&#1;</body></message>", "not-well-formed"],
    "a comment": ["<message><!-- x --><body/></message>", "restricted-xml"],
    "a processing instruction": ["<message><?x y?></message>", "restricted-xml"],
    "a doubled attribute": ["<message id='1' id='2'/>", "not-well-formed"],
    "an unbound prefix": ["<message><x:y/></message>", "not-well-formed"],
    "invalid UTF-8": [Buffer.from([0x3c, 0x61, 0x3e, 0xff]), "not-well-formed"],
    "20000 nested elements": ["<a>".repeat(20_000), "policy-violation"],
    "a stanza of 1 MB": [`<message><body>${"x".repeat(1_000_000)}</body></message>`, "policy-violation"],
  } as const;
  for (const [what, [text, condition]] of Object.entries(FORBIDDEN)) {
    it(`ends the stream with ${condition} over ${what}, and connects again`, async (t) => {
      const rig = await connectLink(t);
      await rig.started;
      rig.server.peer.send(Buffer.from(text as string));
      await rig.journal.seen(new RegExp(`^server: got [^]*<stream:error><${condition} [^]*</stream:stream>$`));
      await rig.journal.seen(/^down$/);
      assert.equal(rig.link.outlet, undefined);
      assert.equal(rig.journal.count(/^stanza/), 0);
      assert.equal(rig.journal.count(new RegExp(`^log error .*${condition}`)), 1);
      rig.clock.advance(1_000);
      await rig.journal.seen(/^up again$/);
    });
  }

  it("answers no request by itself", async (t) => {
    const rig = await connectLink(t);
    await rig.started;
    rig.server.peer.send("<iq type='get' id='q1' from='a@b/c' to='muc.example'><query xmlns='urn:unknown'/></iq>");
    await rig.journal.seen(/^stanza <iq/);
    await flushed(rig, "after");
    assert.doesNotMatch(rig.server.peer.received, /q1/);
  });

  it("gives up a server that takes the connection and says nothing", async (t) => {
    const rig = await connectLink(t, { script: () => undefined });
    await rig.journal.seen(/^server: got/);
    rig.clock.advance(DEFAULT_LINK_LIMITS.handshakeMs);
    await rig.journal.seen(/^log warn .*said nothing/);
    await rig.journal.seen(/^server: closed 1/);
    rig.clock.advance(1_000);
    await rig.journal.seen(/^server: connection 2/);
  });

  it("gives up a server that says nothing after a reconnect", async (t) => {
    const accept = accepting(SECRET);
    const rig = await connectLink(t, {
      script: (peer, received, chunk) => {
        if (peer.number !== 2) accept(peer, received, chunk);
      },
    });
    await rig.started;
    rig.server.peer.socket.destroy();
    await rig.journal.seen(/^down$/);
    rig.clock.advance(1_000);
    await rig.journal.seen(/^server: got/, 3);
    rig.clock.advance(DEFAULT_LINK_LIMITS.handshakeMs);
    await rig.journal.seen(/^server: closed 2/);
    rig.clock.advance(2_000);
    await rig.journal.seen(/^up again$/);
  });

  it("connects again when the server closes the stream but not the connection", async (t) => {
    const rig = await connectLink(t);
    await rig.started;
    rig.server.peer.send("</stream:stream>");
    await rig.journal.seen(/^server: closed 1/);
    await rig.journal.seen(/^down$/);
    rig.clock.advance(1_000);
    await rig.journal.seen(/^up again$/);
  });

  it("waits for a server that is not there yet, at growing intervals, and says so once", async (t) => {
    const rig = await connectLink(t, { port: 1 });
    const waits: number[] = [];
    for (let attempt = 1; attempt <= 8; attempt++) {
      await rig.journal.seen(/^log .*nobody listens/, attempt);
      const [, seconds] = /next attempt in (\d+) s$/.exec(rig.journal.entries.at(-1) ?? "") ?? [];
      waits.push(Number(seconds));
      rig.clock.advanceSeconds(Number(seconds));
    }
    assert.deepEqual(waits, [1, 2, 4, 8, 16, 32, 60, 60]);
    assert.equal(rig.journal.count(/^log (error|warn|info)/), 1, rig.journal.entries.join("\n"));
    assert.match(rig.journal.entries[0] ?? "", /xmpp:\/\/127\.0\.0\.1:1: nobody listens there: .*component_upstream/);
  });

  it("names component_secret when it is wrong, tries again slowly, and never tells the secret", async (t) => {
    const rig = await connectLink(t, { secret: "wr0ng" });
    await rig.journal.seen(/^log error .*component_secret.*next attempt in 10 s/);
    rig.clock.advance(10_000);
    await rig.journal.seen(/^log debug .*component_secret/);
    assert.equal(rig.server.peers.length, 2);
    assert.equal(rig.journal.count(/^log (error|warn)/), 1);
    assert.equal(rig.journal.count(/^log .*wr0ng/), 0);
    assert.equal(rig.link.isUp, false);
  });

  it("keeps away for long when another instance has the name", async (t) => {
    const rig = await connectLink(t, { script: failing("conflict") });
    await rig.journal.seen(/^log error .*another connection serves "muc\.example"/);
    rig.clock.advance(59_000);
    assert.equal(rig.server.peers.length, 1);
    rig.clock.advance(1_000);
    await rig.journal.seen(/^log debug .*another connection.*next attempt in 120 s/);
    assert.equal(rig.server.peers.length, 2);
  });

  it("keeps away for long when another instance throws it out", async (t) => {
    const rig = await connectLink(t);
    await rig.started;
    rig.server.peer.send("<stream:error><conflict xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>");
    await rig.journal.seen(/^down$/);
    await rig.journal.seen(/^log error .*another connection .*next attempt in 60 s/);
  });

  it("drops the connection to a server that stops reading, and tells that what waited is lost", async (t) => {
    const rig = await connectLink(t, { limits: { maxPending: 1_000_000 } });
    await rig.started;
    rig.server.peer.socket.pause();
    const { outlet } = rig.link;
    for (let n = 0; n < 4_000 && outlet?.open; n++)
      outlet.write(`<message><body>${"x".repeat(20_000)}</body></message>`);
    await rig.journal.seen(/^down$/);
    assert.equal(rig.journal.count(/^log error .*does not read/), 1);
    assert.equal(outlet?.open, false);
    outlet.write("<late/>");
    rig.clock.advance(2_000); // the old connection goes first
    assert.equal(rig.server.peers.length, 1);
    rig.clock.advance(2_000);
    await rig.journal.seen(/^up again$/);
  });

  it("ends the stream of a server that never finishes a stanza, and connects again", async (t) => {
    const rig = await connectLink(t);
    await rig.started;
    const { stanzaMs } = DEFAULT_LINK_LIMITS;
    rig.server.peer.send(`${MESSAGE}<message from='romeo@example' to='room@muc.example'><body>`);
    await rig.journal.seen(/^stanza <message/);
    // A byte now and then is a sign of life, and no stanza.
    for (let step = 1; step <= 4; step++) {
      assert.equal(rig.link.isUp, true);
      rig.server.peer.send("x");
      await flushed(rig, `step-${step}`);
      rig.clock.advance(stanzaMs / 4);
    }
    await rig.journal.seen(/^down$/);
    await rig.journal.seen(/^server: got [^]*<connection-timeout/);
    rig.clock.advance(1_000);
    await rig.journal.seen(/^up again$/);
  });

  it("survives a socket that dies under what was sent, and takes nothing while it is down", async (t) => {
    const rig = await connectLink(t);
    await rig.started;
    const { outlet } = rig.link;
    for (let n = 0; n < 100; n++) outlet?.write(`<message><body>${"x".repeat(20_000)}</body></message>`);
    rig.server.peer.socket.resetAndDestroy();
    await rig.journal.seen(/^down$/);
    assert.equal(rig.link.outlet, undefined);
    outlet?.write("<lost/>");
    rig.clock.advance(1_000);
    await rig.journal.seen(/^up again$/);
    await flushed(rig, "again");
    assert.doesNotMatch(rig.server.peer.received, /lost/);
  });

  it("sends what one turn wrote in one write", async (t) => {
    const rig = await connectLink(t);
    await rig.started;
    const before = writeCounter.writes;
    for (let n = 0; n < 50; n++) rig.link.outlet?.write("<message to='romeo@example'/>");
    await flushed(rig, "last");
    assert.equal(writeCounter.writes - before, 1);
  });

  it("asks a silent server whether it is there, and gives it up without an answer", async (t) => {
    const rig = await connectLink(t);
    await rig.started;
    rig.clock.advance(60_000);
    await rig.journal.seen(/^server: got <iq type="get" id="ping-/);
    const [ping] = /<iq type="get" id="ping-.*<\/iq>/.exec(rig.server.peer.received) ?? [];
    rig.server.peer.send(`${ping}${MESSAGE}`);
    await rig.journal.seen(/^stanza <message/);
    assert.equal(rig.journal.count(/^stanza <iq/), 0, "the ping is the link's own affair");
    rig.clock.advance(60_000);
    await rig.journal.seen(/^server: got <iq type="get" id="ping-/, 2);
    rig.clock.advance(30_000);
    await rig.journal.seen(/^down$/);
    assert.equal(rig.journal.count(/^log warn .*stopped answering/), 1);
  });

  it("stops asking a server that never answered", async (t) => {
    const rig = await connectLink(t);
    await rig.started;
    for (let silence = 1; silence <= 2; silence++) {
      rig.clock.advance(60_000);
      await rig.journal.seen(/^server: got <iq type="get" id="ping-/, silence);
      rig.clock.advance(30_000);
      await rig.journal.seen(/^down$/, silence);
      rig.clock.advance(2_000);
      await rig.journal.seen(/^up again$/, silence);
    }
    assert.equal(rig.journal.count(/^log warn .*answers no pings/), 1);
    rig.clock.advance(600_000);
    await flushed(rig, "still-there");
    assert.equal(rig.server.peers.length, 3);
  });

  const MISTAKES: Readonly<Record<string, readonly [Script, RegExp]>> = {
    "a component that the server does not know": [
      failing("host-unknown", "muc.example does not match", "header"),
      /knows no component "muc\.example" .*component_secret/,
    ],
    "a client port": [
      (peer) => peer.send(SERVER_HEADER.replace("jabber:component:accept", "jabber:client")),
      /port for clients or servers.*component_upstream/,
    ],
    "a web server": [
      (peer) => peer.socket.end("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n<html></html>"),
      /is a web server: set component_upstream/,
    ],
    "a TLS port": [(peer) => peer.socket.end(Buffer.from([21, 3, 1, 0, 2, 2, 70])), /expects TLS.*component_upstream/],
    "a mail server": [
      (peer) => peer.socket.end("220 mail.example ESMTP\r\n"),
      /does not speak XMPP.*component_upstream/,
    ],
    "a server that hangs up": [(peer) => peer.socket.end(), /closed the connection before .*component_upstream/],
  };
  for (const [what, [script, line]] of Object.entries(MISTAKES)) {
    it(`says in one line what to change for ${what}`, async (t) => {
      const rig = await connectLink(t, { script });
      await rig.journal.seen(/^log error/);
      assert.match(rig.journal.entries.find((entry) => entry.startsWith("log error")) ?? "", line);
      rig.clock.advance(10_000);
      await rig.journal.seen(/^log debug .*next attempt/);
      assert.equal(rig.journal.count(/^log (error|warn)/), 1, rig.journal.entries.join("\n"));
    });
  }

  it("closes its stream when it is stopped, and does not come back", async (t) => {
    const rig = await connectLink(t);
    await rig.started;
    rig.link.outlet?.write("<message id='last'/>");
    await rig.link.stop();
    await rig.journal.seen(/^server: closed 1/);
    assert.match(rig.server.peer.received, /<message id='last'\/><\/stream:stream>$/);
    rig.clock.advance(1_000_000);
    assert.equal(rig.server.peers.length, 1);
    assert.equal(rig.journal.count(/^down$/), 1);
  });

  it("rejects the start when it is stopped before it is up", async (t) => {
    const rig = await connectLink(t, { script: () => undefined });
    await rig.link.stop();
    await assert.rejects(rig.started, /stopped before/);
  });

  it("stays up when a handler throws", async (t) => {
    const rig = await connectLink(t, {
      onStanza: () => {
        throw new Error("boom");
      },
    });
    await rig.started;
    rig.server.peer.send(MESSAGE + MESSAGE);
    await rig.journal.seen(/^stanza/, 2);
    await flushed(rig, "alive");
    assert.equal(rig.journal.count(/^log error .*boom/), 2);
  });
});
