/**
 * What others notice of a client that reads nothing, or floods: nothing. Told by order instead of by the clock: what is
 * said goes out before the event loop turns, and a flood has a bounded part of each turn.
 */
import assert from "node:assert/strict";
import { describe, test, type TestContext } from "node:test";
import { connectClient, FakeClock, startService } from "../../../core/testing/index.js";
import { RawClient } from "../../support/raw-client.js";

const MAX_PENDING = 262_144;
const ROOM = "hall@conference.localhost";
/** The most that one read from a socket brings. */
const READ_BYTES = 65_536;

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** One who makes trouble, two without a connection, and one with: all of them in one room. */
async function scene(t: TestContext, isEncrypted: boolean, rate: string) {
  const clock = new FakeClock();
  const service = await startService({
    clock,
    config: `
      modules_enabled = { "roster", "saslauth", "tls", "ping", "limits" }
      limits = { c2s = { rate = "${rate}" } }
      c2s_max_pending = ${MAX_PENDING}
      VirtualHost "localhost"
      Component "conference.localhost" "muc"
        muc_room_locking = false`,
  });
  const { sessions } = service.host("localhost");
  const [romeo, nurse] = [service.client("romeo@localhost/r"), service.client("nurse@localhost/r")];
  const tybalt = await connectClient({ jid: "tybalt@localhost/r", password: "x", port: service.clientPort });
  const juliet = await RawClient.logIn(service, "juliet", isEncrypted);
  t.after(async () => {
    juliet.socket.destroy();
    tybalt.drop();
    await service[Symbol.asyncDispose]();
  });
  const enter = (nick: string): string =>
    `<presence to='${ROOM}/${nick}'><x xmlns='http://jabber.org/protocol/muc'/></presence>`;
  romeo.send(enter("Romeo"));
  nurse.send(enter("Nurse"));
  tybalt.send(enter("Tybalt"));
  await tybalt.see("<message type='groupchat'><subject/></message>");
  await juliet.say(enter("Juliet"), "<subject/>");
  await tybalt.see(`<presence from='${ROOM}/Juliet'/>`);
  const pendingOf = (user: string): number | undefined => sessions.get(`${user}@localhost/r`)?.outlet.pending;
  let said = 0;
  /** Romeo says something: the nurse has it before the event loop turns, and Tybalt's socket two turns later. */
  const isServed = async (filler = ""): Promise<void> => {
    const body = `${++said} ${filler}`;
    nurse.inbox.takeAll();
    romeo.send(`<message to='${ROOM}' type='groupchat'><body>${body}</body></message>`);
    const heard = nurse.inbox.takeAll().filter(({ attrs }) => attrs["from"] === `${ROOM}/Romeo`);
    assert.deepEqual(
      heard.map((message) => message.getChildText("body")),
      [body],
    );
    await nextTurn();
    await nextTurn();
    if (filler === "") assert.equal(pendingOf("tybalt"), 0, `message ${said} waits`);
    else await tybalt.see(`<message from='${ROOM}/Romeo'><body>${body}</body></message>`);
  };
  return { clock, juliet, nurse, romeo, tybalt, pendingOf, isServed };
}

for (const isEncrypted of [false, true]) {
  describe(isEncrypted ? "under TLS" : "in clear", () => {
    test("who reads nothing delays nobody, while it holds its place and when it is dropped", async (t) => {
      const it = await scene(t, isEncrypted, "100mb/s");
      it.juliet.socket.pause();
      const filler = "x".repeat(50_000);
      while ((it.pendingOf("juliet") ?? 0) < MAX_PENDING / 2) await it.isServed(filler);
      for (let n = 0; n < 50; n++) {
        const before = it.pendingOf("juliet") ?? 0;
        await it.isServed();
        assert.ok((it.pendingOf("juliet") ?? 0) > before, "all of it still waits for Juliet");
      }
      while (it.pendingOf("juliet") !== undefined) await it.isServed(filler);
      await it.isServed();
    });

    test("who floods has a bounded part of each turn, and others go in between", async (t) => {
      const it = await scene(t, isEncrypted, "100mb/s");
      const stanza = `<message to='nurse@localhost/r' type='chat'><body>${"x".repeat(1_000)}</body></message>`;
      const total = 4_000;
      let handled = 0;
      it.nurse.inbox.onArrival = ({ attrs }) => {
        if (attrs["type"] === "chat") handled++;
      };
      it.juliet.socket.write(stanza.repeat(total));
      while (handled < total) {
        const before = handled;
        await nextTurn();
        const bytes = (handled - before) * stanza.length;
        // What was read of a stanza in an earlier turn, or had been read when enough was, comes on top.
        assert.ok(bytes <= 2 * READ_BYTES, `${bytes} bytes in a turn`);
        if (handled < total) await it.isServed();
      }
    });
  });
}
