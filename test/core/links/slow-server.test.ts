/** A component link to a server that is slow or floods: what it costs is bounded, and what is sent is not lost lightly. */
import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { DEFAULT_LINK_LIMITS } from "../../../core/links/link-limits.js";
import { FakeClock, startService } from "../../../core/testing/index.js";
import { MESSAGE, connectLink } from "../../support/component-link.js";
import { FakeUpstream, accepting } from "../../support/fake-upstream.js";
import { Journal } from "../../support/journal.js";

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Lets time pass until the link is down, and no more of it: the server has two seconds to read why. */
function passUntilDown({ clock, link }: { clock: FakeClock; link: { isUp: boolean } }, longestMs: number): void {
  for (let ms = 0; link.isUp && ms < longestMs; ms += 500) clock.advance(500);
}

describe("a component link whose answers are not read", () => {
  /** A server that sends stanzas until the link reads no more: each is answered by 200 kB, which it leaves unread. */
  async function stalled(t: TestContext) {
    const answer = "x".repeat(200_000); // the kernel takes some megabytes of them
    const highWater = 100_000;
    let most = 0;
    const rig = await connectLink(t, {
      limits: { highWater },
      onStanza: () => {
        const { outlet } = rig.link;
        assert.ok(outlet);
        assert.ok(outlet.pending <= highWater, `handled while ${outlet.pending} bytes wait`);
        outlet.write(`<message><body>${answer}</body></message>`);
        most = Math.max(most, outlet.pending);
      },
    });
    await rig.started;
    const { socket } = rig.server.peer;
    socket.pause();
    let sent = 0;
    // Stuck in both directions, and not for a moment only.
    for (let stuck = 0; stuck < 50;) {
      const isStuck = socket.writableNeedDrain && (rig.link.outlet?.pending ?? 0) > highWater;
      stuck = isStuck ? stuck + 1 : 0;
      if (!socket.writableNeedDrain) {
        sent++;
        socket.write(`<message id='${sent}'><body>${"y".repeat(50_000)}</body></message>`);
      }
      await nextTurn();
    }
    return { rig, sent, most: () => most, bound: highWater + answer.length + 100 };
  }

  it("keeps no more than the answer to one stanza above its bound, however much is sent to it", async (t) => {
    const { rig, sent, most, bound } = await stalled(t);
    assert.ok(most() <= bound, `${most()} bytes waited`);
    assert.ok(rig.journal.count(/^stanza/) < sent, `all of ${sent} stanzas were read`);
    // The server has more, which nobody takes from it.
    const { socket } = rig.server.peer;
    const unsent = socket.writableLength;
    socket.write(MESSAGE);
    for (let turn = 0; turn < 50; turn++) await nextTurn();
    assert.equal(socket.writableLength, unsent + MESSAGE.length);
  });

  it("goes on once they are read, and has lost nothing", async (t) => {
    const { rig, sent, most, bound } = await stalled(t);
    rig.server.peer.socket.resume();
    await rig.journal.seen(/^stanza/, sent);
    const ids = rig.journal.entries.flatMap((entry) => /^stanza <message id="(\d+)"/.exec(entry)?.[1] ?? []);
    assert.deepEqual(
      ids,
      Array.from({ length: sent }, (_, n) => String(n + 1)),
    );
    assert.ok(most() <= bound, `${most()} bytes waited`);
    rig.clock.advance(DEFAULT_LINK_LIMITS.idleMs - 1);
    assert.equal(rig.link.isUp, true);
  });

  it("gives the server up when that lasts: connection-timeout", async (t) => {
    const { rig } = await stalled(t);
    const [first] = rig.server.peers;
    rig.clock.advance(DEFAULT_LINK_LIMITS.sendMs - 1);
    assert.equal(rig.link.isUp, true);
    passUntilDown(rig, DEFAULT_LINK_LIMITS.sendMs / 4);
    await rig.journal.seen(/^log error .*does not read .*nothing was taken for 120 s/);
    await rig.journal.seen(/^down$/);
    first?.socket.resume();
    await rig.journal.until(() => /<connection-timeout [^]*<\/stream:stream>$/.test(first?.received ?? ""), "error");
  });
});

/** Stanzas that come in one read, each answered by more than may wait. */
async function burst(t: TestContext, end = "") {
  const pending: number[] = [];
  const rig = await connectLink(t, {
    limits: { highWater: 100_000, maxPending: 1_000_000 },
    onStanza: () => {
      pending.push(rig.link.outlet?.pending ?? 0);
      rig.link.outlet?.write(`<message><body>${"x".repeat(150_000)}</body></message>`);
    },
  });
  await rig.started;
  const messages = Array.from({ length: 100 }, (_, n) => MESSAGE.replace("hi", String(n)));
  rig.server.peer.send(messages.join("") + end);
  await rig.journal.seen(/^stanza/, messages.length);
  const bodies = rig.journal.entries.flatMap((entry) => /^stanza .*<body>(\d+)/.exec(entry)?.[1] ?? []);
  assert.deepEqual(bodies, [...messages.keys()].map(String));
  return { rig, pending };
}

describe("a component link of which one stanza has very much written", () => {
  const maxPending = 1_000_000;
  const total = 500;
  const filler = "x".repeat(50_000);

  /** 25 MB answer one message. */
  async function answered(t: TestContext) {
    const rig = await connectLink(t, {
      limits: { highWater: 500_000, maxPending },
      onStanza: ({ attrs }) => {
        const { outlet } = rig.link;
        if (attrs["id"] === "more") outlet?.write("<message id='answer'/>");
        else for (let n = 0; n < total; n++) outlet?.write(`<message id='m${n}'><body>${filler}</body></message>`);
      },
    });
    await rig.started;
    rig.server.peer.socket.pause();
    rig.server.peer.send(MESSAGE + MESSAGE.replace("<message", "<message id='more'"));
    await rig.journal.seen(/^stanza/);
    const pending = (): number => rig.link.outlet?.pending ?? 0;
    /** The server reads a few megabytes. */
    const read = async (): Promise<void> => {
      const before = pending();
      rig.server.peer.socket.resume();
      while (pending() > Math.max(before - 2_000_000, 0)) await nextTurn();
      rig.server.peer.socket.pause();
    };
    return { ...rig, pending, read };
  }

  it("waits for a server that reads, slowly as it may be, and loses nothing; meanwhile nothing more is handled", async (t) => {
    const it = await answered(t);
    const { journal, clock, link, server, pending, read } = it;
    while (pending() > maxPending) {
      assert.equal(journal.count(/^stanza/), 1);
      // Longer in all than the server may read nothing at all.
      clock.advance(DEFAULT_LINK_LIMITS.sendMs / 4 - 1);
      await read();
    }
    server.peer.socket.resume();
    await journal.until(() => server.peer.received.endsWith("<message id='answer'/>"), "the next answer");
    const ids = [...server.peer.received.matchAll(/<message id='m(\d+)'/g)].map(([, n]) => Number(n));
    assert.deepEqual(ids, [...Array(total).keys()]);
    assert.deepEqual([link.isUp, server.peers.length], [true, 1]);
  });

  it("gives up a server that does not read sooner than one for which less waits: resource-constraint", async (t) => {
    const { journal, clock, link, pending, read } = await answered(t);
    clock.advance(DEFAULT_LINK_LIMITS.sendMs / 4 - 1);
    await read();
    clock.advance(DEFAULT_LINK_LIMITS.sendMs / 4);
    assert.ok(pending() > maxPending);
    assert.equal(link.isUp, true, "it has taken something since");
    clock.advance(DEFAULT_LINK_LIMITS.sendMs / 4);
    await journal.seen(/^log error .*does not read .*resource-constraint: more than 1000000 bytes wait/);
    assert.equal(link.isUp, false);
  });
});

describe("a component link that is flooded", () => {
  it("handles what came in one piece as its answers are taken, in order, and stays up", async (t) => {
    const { rig, pending } = await burst(t);
    assert.ok(Math.max(...pending) <= 100_000, `handled while ${Math.max(...pending)} bytes wait`);
    assert.equal(rig.journal.count(/^down$/), 0);
  });

  it("handles all that came before the end of the stream", async (t) => {
    const { rig } = await burst(t, "</stream:stream>");
    await rig.journal.seen(/^down$/);
    assert.equal(rig.journal.count(/^log warn .*stream closed/), 1);
  });

  it("handles a bounded part of it in each turn of the event loop", async (t) => {
    let handled = 0;
    const rig = await connectLink(t, { onStanza: () => handled++ });
    await rig.started;
    const stanza = MESSAGE.replace("hi", "x".repeat(1_000));
    const total = 2_000;
    rig.server.peer.send(stanza.repeat(total));
    while (handled < total) {
      const before = handled;
      await nextTurn();
      const bytes = (handled - before) * stanza.length;
      assert.ok(bytes <= 131_072, `${bytes} bytes in a turn`); // two reads
    }
  });

  it("reads a flood in order", async (t) => {
    const rig = await connectLink(t);
    await rig.started;
    const flood = Array.from({ length: 5_000 }, (_, n) => MESSAGE.replace("<body>", `<body>${n} `));
    rig.server.peer.send(flood.join(""));
    await rig.journal.seen(/^stanza/, flood.length);
    const read = rig.journal.entries.filter((entry) => entry.startsWith("stanza"));
    assert.deepEqual(
      read.map((entry) => /<body>(\d+) /.exec(entry)?.[1]),
      flood.map((_, n) => String(n)),
    );
    assert.equal(rig.link.isUp, true);
  });
});

describe("the options of a component link", () => {
  /** A service that is attached to a server, with options of the component. */
  async function attach(t: TestContext, options: string) {
    const journal = new Journal();
    const server = await FakeUpstream.listen(journal, accepting("secret"));
    const clock = new FakeClock();
    const service = await startService({
      config: `
        Component "muc.example" "muc"
        component_upstream = "xmpp://127.0.0.1:${server.port}"
        component_secret = "secret"
        ${options}`,
      clock,
      log: (line) => {
        journal.add(`log ${line}`);
      },
    });
    t.after(async () => {
      await server.close();
      await service[Symbol.asyncDispose]();
    });
    const { link } = service.host("muc.example");
    assert.ok(link);
    await journal.until(() => link.isUp, "the link");
    return { journal, server, clock, link, peer: server.peer };
  }

  type Attached = Awaited<ReturnType<typeof attach>>;

  /** The server was told why, and is connected to once more. */
  async function isAnew({ clock, journal, link, peer }: Attached, condition: string): Promise<void> {
    assert.equal(link.isUp, false);
    peer.socket.resume();
    const farewell = new RegExp(`<stream:error><${condition} [^]*</stream:stream>$`);
    await journal.until(() => farewell.test(peer.received), condition);
    clock.advanceSeconds(4);
    await journal.seen(/connected again/);
    assert.equal(link.isUp, true);
  }

  /** The server reads nothing, and more waits for it than the operating systems take. */
  async function leaveUnread({ link, peer }: Attached, bytes: number): Promise<void> {
    peer.socket.pause();
    const { outlet } = link;
    assert.ok(outlet);
    while (outlet.open && outlet.pending < bytes) {
      outlet.write(`<message to='romeo@example'><body>${"x".repeat(50_000)}</body></message>`);
      await nextTurn();
      await nextTurn();
    }
  }

  it("component_max_pending: with more than that the server is dropped if it does not read: resource-constraint", async (t) => {
    const it = await attach(t, 'component_max_pending = 300000; component_send_timeout = "20 seconds"');
    await leaveUnread(it, 350_000);
    it.clock.advanceSeconds(4);
    assert.equal(it.link.isUp, true);
    passUntilDown(it, 6_000);
    await it.journal.seen(/does not read what is sent to it \(resource-constraint: more than 300000 bytes wait\)/);
    await isAnew(it, "resource-constraint");
  });

  it("component_max_pending: with eight times as much, 64 MiB at least, it is dropped at once", async (t) => {
    const it = await attach(t, "component_max_pending = 9000000");
    it.peer.socket.pause();
    const text = `<message to='romeo@example'><body>${"x".repeat(1_000_000)}</body></message>`;
    for (let n = 0; n < 71; n++) it.link.outlet?.write(text);
    assert.equal(it.link.isUp, true);
    // The operating systems have taken some of it.
    for (let n = 0; n < 50; n++) it.link.outlet?.write(text);
    await it.journal.seen(/does not read what is sent to it \(resource-constraint: more than 72000000 bytes wait\)/);
    assert.equal(it.link.isUp, false);
  });

  it("component_max_pending: who enters a room may be sent more than that", async (t) => {
    const it = await attach(
      t,
      "component_max_pending = 300000; muc_room_locking = false; muc_room_default_history_length = 50",
    );
    const { journal, link, peer } = it;
    const send = (user: string, stanza: string): void => {
      peer.send(stanza.replace(" ", ` from='${user}@example/x' `));
    };
    const enters = (user: string): void => {
      const history = "<history maxstanzas='50'/>";
      send(
        user,
        `<presence to='room@muc.example/${user}'><x xmlns='http://jabber.org/protocol/muc'>${history}</x></presence>`,
      );
    };
    enters("romeo");
    for (let n = 0; n < 50; n++) {
      const body = `<body>${n} ${"x".repeat(20_000)}</body>`;
      send("romeo", `<message to='room@muc.example' type='groupchat'>${body}</message>`);
    }
    await journal.until(() => peer.received.includes("<body>49 "), "what was said");
    enters("juliet");
    const history = (): number => peer.received.match(/to="juliet@example\/x"[^>]*><body>\d+ /g)?.length ?? 0;
    await journal.until(() => history() === 50, "the history");
    assert.deepEqual([link.isUp, it.server.peers.length], [true, 1]);
  });

  it("component_send_timeout: who takes nothing for that time is dropped: connection-timeout", async (t) => {
    const it = await attach(t, 'component_send_timeout = "20 seconds"');
    await leaveUnread(it, 250_000);
    it.clock.advanceSeconds(19);
    assert.equal(it.link.isUp, true);
    passUntilDown(it, 6_000);
    await it.journal.seen(/does not read what is sent to it \(connection-timeout: nothing was taken for 20 s\)/);
    await isAnew(it, "connection-timeout");
  });

  it("component_stanza_timeout: a stanza that does not end in that time: connection-timeout", async (t) => {
    const it = await attach(t, 'component_stanza_timeout = "20 seconds"');
    it.peer.send(`<iq type='get' id='1' from='a@example/b' to='muc.example'/>${MESSAGE.slice(0, -3)}`);
    await it.journal.until(() => it.peer.received.includes('id="1"'), "the answer");
    it.clock.advanceSeconds(19);
    assert.equal(it.link.isUp, true);
    it.clock.advanceSeconds(1);
    await it.journal.seen(/sent what no XMPP stream may contain \(connection-timeout: a stanza took too long\)/);
    await isAnew(it, "connection-timeout");
  });

  it("component_stanza_size_limit: a stanza that is larger: policy-violation", async (t) => {
    const it = await attach(t, "component_stanza_size_limit = 20000");
    it.peer.send(MESSAGE.replace("hi", "x".repeat(30_000)));
    await it.journal.until(() => !it.link.isUp, "the end");
    await isAnew(it, "policy-violation");
  });
});
