/**
 * Clients that are slow or broken, over real connections, in clear and under TLS: what they cost is bounded, they are
 * dropped with the stream error that says why, and nobody else waits for them.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { connectClient, FakeClock, startService, type Client, type TestService } from "../../../core/testing/index.js";
import { RawClient } from "../../support/raw-client.js";

const MAX_PENDING = 262_144;
const ROOM = "hall@conference.localhost";
/** Messages that who enters is sent. */
const HISTORY = 30;

function configOf(options: string): string {
  return `
modules_enabled = { "roster", "saslauth", "tls", "ping", "limits" }
limits = { c2s = { rate = "100mb/s" } }
c2s_max_pending = ${MAX_PENDING}
${options}
VirtualHost "localhost"
Component "conference.localhost" "muc"
  muc_room_locking = false
`;
}

interface Scene {
  readonly service: TestService;
  readonly clock: FakeClock;
  /** The one who makes trouble. */
  readonly peer: RawClient;
  readonly romeo: Client;
  readonly nurse: Client;
}

function enter(nick: string): string {
  return `<presence to='${ROOM}/${nick}'><x xmlns='http://jabber.org/protocol/muc'/></presence>`;
}

/** The offender, and two others, all of them in one room. */
async function scene(isEncrypted: boolean, options: string, act: (scene: Scene) => Promise<void>): Promise<void> {
  const clock = new FakeClock();
  await using service = await startService({ config: configOf(options), clock });
  const [romeo, nurse] = await Promise.all(
    ["romeo", "nurse"].map((user) =>
      connectClient({ jid: `${user}@localhost/r`, password: "x", port: service.clientPort }),
    ),
  );
  assert.ok(romeo && nurse);
  const peer = await RawClient.logIn(service, "juliet", isEncrypted);
  romeo.send(enter("Romeo"));
  await romeo.see("<message type='groupchat'><subject/></message>");
  nurse.send(enter("Nurse"));
  await nurse.see("<message type='groupchat'><subject/></message>");
  await peer.say(enter("Juliet"), "<subject/>");
  await Promise.all([romeo, nurse].map((client) => client.see(`<presence from='${ROOM}/Juliet'/>`)));
  try {
    await act({ service, clock, peer, romeo, nurse });
  } finally {
    peer.socket.destroy();
    romeo.drop();
    nurse.drop();
  }
}

/** What is said is heard, however the offender is doing. */
async function isServed({ romeo, nurse }: Scene, text: string): Promise<void> {
  romeo.send(`<message to='${ROOM}' type='groupchat'><body>${text}</body></message>`);
  const said = `<message from='${ROOM}/Romeo'><body>${text}</body></message>`;
  await Promise.all([romeo.see(said), nurse.see(said)]);
}

/** Everybody sees that the offender is gone. */
async function isGone({ romeo, nurse }: Scene): Promise<void> {
  const gone = `<presence from='${ROOM}/Juliet' type='unavailable'/>`;
  await Promise.all([romeo.see(gone), nurse.see(gone)]);
}

/** @param from seconds that have gone by, but for one, and @param to those after which the offender is gone */
async function isDroppedWithin(it: Scene, from: number, to: number): Promise<void> {
  for (let seconds = from; isThere(it); seconds++) {
    assert.ok(seconds <= to, `still there after ${seconds} s`);
    it.clock.advanceSeconds(1);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/**
 * The offender reads nothing, and so many bytes wait for it, more than the operating systems take.
 * @returns how often something was said for that
 */
async function leaveUnread(it: Scene, bytes: number): Promise<number> {
  it.peer.socket.pause();
  const body = "x".repeat(50_000);
  let said = 0;
  while (pendingOf(it, "juliet") < bytes) await isServed(it, `${said++} ${body}`);
  return said;
}

/**
 * The offender reads nothing, leaves, and enters again, which the history comes with.
 * @returns how often something was said before
 */
async function enterUnread(it: Scene): Promise<number> {
  const said = await leaveUnread(it, 60_000);
  it.peer.socket.write(`<presence to='${ROOM}/Juliet' type='unavailable'/>`);
  await isGone(it);
  it.peer.socket.write(enter("Juliet").replace("/></", `><history maxstanzas='${HISTORY}'/></x></`));
  await it.romeo.see(`<presence from='${ROOM}/Juliet'/>`);
  assert.ok(pendingOf(it, "juliet") > 4 * MAX_PENDING);
  return said;
}

function pendingOf({ service }: Scene, user: string): number {
  return service.host("localhost").sessions.get(`${user}@localhost/r`)?.outlet.pending ?? 0;
}

for (const isEncrypted of [false, true]) {
  describe(isEncrypted ? "under TLS" : "in clear", () => {
    test("who reads nothing is dropped when too much waits: resource-constraint", async () => {
      await scene(isEncrypted, "", async (it) => {
        it.peer.socket.pause();
        const body = "x".repeat(50_000);
        let most = 0;
        for (let n = 0; pendingOf(it, "juliet") > 0 || n === 0 || isThere(it); n++) {
          await isServed(it, `${n} ${body}`);
          most = Math.max(most, pendingOf(it, "juliet"));
          if (!isThere(it)) break;
        }
        assert.ok(most <= MAX_PENDING, `${most} bytes waited`);
        await isGone(it);
        it.peer.socket.resume();
        await it.peer.hears("<resource-constraint");
        await isServed(it, "afterwards");
      });
    });

    test("who is behind and asks for more than that at once gets all of it, and is read on then", async () => {
      await scene(isEncrypted, `muc_room_default_history_length = ${HISTORY}`, async (it) => {
        const { peer, nurse } = it;
        const said = await enterUnread(it);
        peer.socket.write("<message to='nurse@localhost/r' type='chat'><body>I have it</body></message>");
        await isServed(it, "meanwhile");
        assert.equal(nurse.inbox.takeAll().filter(({ attrs }) => attrs["type"] === "chat").length, 0);
        peer.socket.resume();
        await nurse.see("<message from='juliet@localhost/r'><body>I have it</body></message>");
        await peer.hears("<body>meanwhile");
        const numbers = [...Array(said).keys()];
        const heard = [...peer.received.matchAll(/<body>(\d+) x/g)].map(([, n]) => Number(n));
        assert.deepEqual(heard, [...numbers, ...numbers.slice(-HISTORY)]);
        assert.ok(isThere(it));
      });
    });

    test("who asks for more than that at once, and reads nothing of it, is dropped soon: resource-constraint", async () => {
      const options = `muc_room_default_history_length = ${HISTORY}; network_settings = { send_timeout = 60 }`;
      await scene(isEncrypted, options, async (it) => {
        await enterUnread(it);
        it.clock.advanceSeconds(14);
        await isServed(it, "14 s later");
        assert.ok(isThere(it));
        await isDroppedWithin(it, 15, 30);
        await isGone(it);
        it.peer.socket.resume();
        await it.peer.hears("<resource-constraint");
        await isServed(it, "afterwards");
      });
    });

    test("who has vanished, so that nothing is taken, is dropped after a while: connection-timeout", async () => {
      await scene(isEncrypted, "network_settings = { send_timeout = 60 }", async (it) => {
        await leaveUnread(it, 100_000);
        it.clock.advanceSeconds(59);
        await isServed(it, "59 s later");
        assert.ok(isThere(it));
        // It is looked at four times in that time.
        await isDroppedWithin(it, 60, 75);
        await isGone(it);
        await isServed(it, "afterwards");
        it.peer.socket.resume();
        await it.peer.hears("<connection-timeout");
      });
    });

    test("who sends half a stanza, a byte now and then, is dropped after a while: connection-timeout", async () => {
      await scene(isEncrypted, "c2s_stanza_timeout = 30", async (it) => {
        // A stanza that comes in pieces, but comes, is nothing to complain about.
        for (let n = 0; n < 5; n++) {
          it.peer.socket.write(`<iq type='get' id='p${n}' to='localhost'><ping `);
          await isServed(it, `between ${n}`);
          it.clock.advanceSeconds(29);
          await it.peer.say(`xmlns='urn:xmpp:ping'/></iq><message`, `id="p${n}"`);
          await it.peer.say("/>", "");
        }
        it.peer.socket.write("<message to='nobody@localhost'><body>");
        await isServed(it, "meanwhile");
        for (let n = 0; n < 10; n++) {
          it.peer.socket.write("x");
          await isServed(it, `trickle ${n}`);
          it.clock.advanceSeconds(3.5);
        }
        await it.peer.hears("<connection-timeout");
        await isGone(it);
        await isServed(it, "afterwards");
      });
    });

    test("a stanza without end is dropped at its limit: policy-violation", async () => {
      await scene(isEncrypted, "c2s_stanza_size_limit = 20000", async (it) => {
        it.peer.socket.write(`<message to='nobody@localhost'><body>${"x".repeat(30_000)}`);
        await it.peer.hears("<policy-violation");
        await isGone(it);
        await isServed(it, "afterwards");
      });
    });

    test("who floods is read no faster than limits says, and loses nothing", async () => {
      await scene(isEncrypted, `limits = { c2s = { rate = "10kb/s", burst = "2s" } }`, async (it) => {
        const { peer, nurse, clock } = it;
        clock.advanceSeconds(60); // the login has had its time
        const total = 200;
        const body = "x".repeat(1000);
        let flood = "";
        for (let n = 0; n < total; n++) {
          flood += `<message to='nurse@localhost/r' id='m${n}' type='chat'><body>${body}</body></message>`;
        }
        let heard = 0;
        nurse.inbox.onArrival = ({ attrs }) => {
          if (attrs["type"] === "chat") assert.equal(attrs["id"], `m${heard++}`, "in order");
        };
        peer.socket.write(flood);
        await isServed(it, "meanwhile");
        // One read may bring what a buffer holds; then there is a pause for all of that.
        const inFirstRead = heard;
        assert.ok(inFirstRead < total, `${heard} of ${total} at once`);
        clock.advanceSeconds(1);
        await isServed(it, "a second later");
        assert.equal(heard, inFirstRead);
        for (let seconds = 0; heard < total; seconds++) {
          assert.ok(seconds < 60, `${heard} of ${total} after ${seconds} s`);
          clock.advanceSeconds(1);
          await isServed(it, `second ${seconds}`);
        }
        assert.ok(isThere(it));
      });
    });
  });
}

function isThere({ service }: Scene): boolean {
  return service.host("localhost").sessions.get("juliet@localhost/r") !== undefined;
}
