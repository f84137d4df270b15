/**
 * While a disk is slow, whoever sends faster than it writes is read no further, so that what waits for it is bounded;
 * everybody else is served, and when the disk goes on, all that was sent is answered, in order.
 */
import assert from "node:assert/strict";
import { describe, test, type TestContext } from "node:test";
import type { Origin } from "../../../core/index.js";
import { connectClient, FakeClock, FaultyDisk, startService, type TestService } from "../../../core/testing/index.js";
import type { Element } from "../../../core/xmpp/element.js";
import { serialise } from "../../../core/xmpp/template.js";
import { ComponentHost } from "../../support/component-host.js";
import { RawClient } from "../../support/raw-client.js";
import { administer, configure, entering, say } from "../../support/room-stanzas.js";

const MAX_BACKLOG = 1_048_576;
/** What one read brings, and one stanza, before nothing more is read. */
const OVERSHOOT = 131_072;
const ROOM = "hall@muc.example";
const BEN = "ben@example/phone";

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Counts what is handled of what comes from anywhere, in bytes. */
function countHandled({ service: { router } }: TestService): { bytes: number; stanzas: number } {
  const handled = { bytes: 0, stanzas: 0 };
  const receive = router.receive.bind(router);
  router.receive = (stanza: Element, origin: Origin) => {
    handled.bytes += serialise(stanza).length;
    handled.stanzas++;
    receive(stanza, origin);
  };
  return handled;
}

/** Commits wait until they are let through, synced or not. */
function stop(disk: FaultyDisk): Disposable & { goOn(): void } {
  let open = (): void => undefined;
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  disk.slowCommits(() => gate);
  const goOn = (): void => {
    disk.repair();
    open();
  };
  return { goOn, [Symbol.dispose]: goOn };
}

/** A service with two components, each attached to a server of its own. */
async function attached(t: TestContext, options = "") {
  const [host, other] = [await ComponentHost.listen("secret"), await ComponentHost.listen("secret")];
  const disk = new FaultyDisk();
  const clock = new FakeClock();
  const storage = await disk.open(() => clock.now());
  const component = (name: string, port: number): string => `
    Component "${name}" "muc"
      component_upstream = "xmpp://127.0.0.1:${port}"
      component_secret = "secret"
      component_max_backlog = ${MAX_BACKLOG}
      muc_room_locking = false`;
  const service = await startService({
    config: `${component("muc.example", host.port)}; ${options}
      ${component("muc.elsewhere.example", other.port)}`,
    storage,
    clock,
  });
  t.after(async () => {
    await Promise.all([host.close(), other.close()]);
    await service[Symbol.asyncDispose]();
    await storage.close();
    await disk.close();
  });
  const handled = countHandled(service);
  const send = (stanza: string, from = BEN): void => {
    host.send(sentBy(stanza, from));
  };
  /** Sends all of it at once, until no more of it is taken. */
  const flood = async (stanzas: readonly string[]): Promise<{ bytes: number; stanzas: number }> => {
    const before = { ...handled };
    host.send(stanzas.map((stanza) => (stanza.includes(" from=") ? stanza : sentBy(stanza, BEN))).join(""));
    for (let turns = 0, seen = -1; turns < 100; turns++) {
      if (handled.bytes !== seen) turns = 0;
      seen = handled.bytes;
      await nextTurn();
    }
    return { bytes: handled.bytes - before.bytes, stanzas: handled.stanzas - before.stanzas };
  };
  const enter = async (): Promise<void> => {
    send(entering(ROOM, "Ben"));
    await host.until(() => host.stanzas.some(({ children }) => serialisedHas(children, "<subject")));
    host.stanzas.length = 0;
  };
  return { host, other, disk, clock, service, send, flood, enter };
}

type Attached = Awaited<ReturnType<typeof attached>>;

function sentBy(stanza: string, from: string): string {
  return stanza.replace(" ", ` from="${from}" `);
}

function serialisedHas(children: readonly unknown[], text: string): boolean {
  return children.some((child) => String(child).startsWith(text));
}

/** The other server's users notice nothing in rooms that need no disk. */
async function othersAreServed({ other }: Attached, n: number): Promise<void> {
  const room = `garden${n}@muc.elsewhere.example`;
  other.send(sentBy(entering(room, "Cy"), "cy@elsewhere.example/x"));
  other.send(sentBy(say(room, "hello"), "cy@elsewhere.example/x"));
  await other.until(() => other.stanzas.some((stanza) => stanza.getChildText("body") === "hello"));
}

function numbered(count: number, bytes: number, make: (text: string, n: number) => string): string[] {
  const filler = "x".repeat(bytes);
  return Array.from({ length: count }, (_, n) => make(`${n} ${filler}`, n));
}

describe("a server that floods while the disk is slow", () => {
  test("50 MB for a room that is being written: bounded, others are served, and all is answered in order", async (t) => {
    const it = await attached(t);
    const { host, disk, clock, service } = it;
    await it.enter();
    it.send(configure(ROOM, "config", { "muc#roomconfig_persistentroom": "1" }));
    await host.until(() => host.stanzas.some(({ attrs }) => attrs["id"] === "config"));
    host.stanzas.length = 0;

    using held = disk.holdSyncedCommits();
    it.send(administer(ROOM, "write", `<item affiliation="member" jid="cy@example"/>`));
    await held.arrived();
    const total = 5_000;
    const { bytes, stanzas } = await it.flood(numbered(total, 10_000, (text, n) => say(ROOM, text, { id: `m${n}` })));
    assert.ok(bytes <= MAX_BACKLOG + OVERSHOOT, `${bytes} bytes were taken in`);
    assert.ok(bytes >= MAX_BACKLOG / 4, `${bytes} bytes were taken in`);
    assert.ok(stanzas < total);
    // Its silence is our doing, however long that lasts.
    for (let minutes = 0; minutes < 10; minutes++) {
      clock.advanceSeconds(60);
      await othersAreServed(it, minutes);
    }
    const link = service.host("muc.example").link;
    assert.equal(link?.isUp, true);
    assert.deepEqual(host.stanzas, [], "nothing is told before it is written");

    const heard: unknown[] = [];
    host.onStanza = ({ name, attrs }) => {
      if (name !== "presence" && attrs["id"] !== undefined) heard.push(attrs["id"]);
    };
    held.release();
    await host.until(() => heard.length >= total + 1);
    assert.deepEqual(heard, ["write", ...Array.from({ length: total }, (_, n) => `m${n}`)]);
    clock.advanceSeconds(59);
    assert.equal(link.isUp, true);
    assert.deepEqual([host.connections, host.faults], [1, []]);
  });

  test("messages that are archived wait for that, and no more of them than the bound", async (t) => {
    const it = await attached(t, `modules_enabled = { "muc_mam" }; muc_room_default_persistent = true`);
    const { host, disk } = it;
    await it.enter();
    await it.service.storage.idle();
    using stopped = stop(disk);
    const total = 4_000;
    const { bytes } = await it.flood(numbered(total, 2_000, (text, n) => say(ROOM, text, { id: `m${n}` })));
    assert.ok(bytes <= MAX_BACKLOG + OVERSHOOT, `${bytes} bytes were taken in`);
    await othersAreServed(it, 0);
    assert.deepEqual(host.stanzas, [], "nothing is told before it is written");
    stopped.goOn();
    await host.until(() => host.stanzas.length >= total);
    assert.deepEqual(
      host.stanzas.map(({ attrs }) => attrs["id"]),
      Array.from({ length: total }, (_, n) => `m${n}`),
    );
  });

  test("a question to an archive counts as large as a page of it", async (t) => {
    const it = await attached(t, `modules_enabled = { "muc_mam" }; muc_room_default_persistent = true`);
    const { host, disk } = it;
    await it.enter();
    for (const text of numbered(50, 5_000, (text) => say(ROOM, text))) it.send(text);
    await host.until(() => host.stanzas.length >= 50);
    await it.service.storage.idle();
    using stopped = stop(disk);
    it.send(say(ROOM, "held back"));
    const total = 500;
    const query = (n: number): string => `<iq type="set" id="q${n}" to="${ROOM}"><query xmlns="urn:xmpp:mam:2"/></iq>`;
    const { stanzas } = await it.flood(Array.from({ length: total }, (_, n) => query(n)));
    assert.ok(stanzas < 50, `${stanzas} pages of 250 kB`);
    const answers: unknown[] = [];
    host.onStanza = ({ name, attrs }) => {
      if (name === "iq") answers.push(attrs["id"]);
    };
    stopped.goOn();
    await host.until(() => answers.length >= total);
    assert.deepEqual(new Set(answers), new Set(Array.from({ length: total }, (_, n) => `q${n}`)));
    assert.equal(answers.length, total);
  });

  test("what a room would send counts as large as it is: to whoever enters while a message is being archived", async (t) => {
    const it = await attached(t, `modules_enabled = { "muc_mam" }; muc_room_default_persistent = true`);
    const { host, disk } = it;
    await it.enter();
    const entersAs = (nick: string): string => sentBy(entering(ROOM, nick), `${nick}@example/x`);
    const crowd = 150;
    host.send(Array.from({ length: crowd }, (_, n) => entersAs(`early${n}`)).join(""));
    await host.ping("muc.example");
    await it.service.storage.idle();
    await host.ping("muc.example");
    host.stanzas.length = 0;
    using stopped = stop(disk);
    it.send(say(ROOM, "held back"));
    const total = 500;
    const late = Array.from({ length: total }, (_, n) => `late${n}`);
    const { stanzas } = await it.flood(late.map(entersAs));
    assert.ok(stanzas < 100, `each of ${stanzas} is told of ${crowd} others`);
    assert.deepEqual(host.stanzas, []);
    stopped.goOn();
    const entered: unknown[] = [];
    host.onStanza = (stanza) => {
      if (stanza.name === "presence" && stanza.toString().includes('code="110"')) entered.push(stanza.attrs["to"]);
    };
    await host.until(() => entered.length >= total);
    assert.deepEqual(
      entered,
      late.map((nick) => `${nick}@example/x`),
    );
  });

  test("what is written without anybody waiting for it is bounded, too: presences, and archives of temporary rooms", async (t) => {
    const it = await attached(t, `modules_enabled = { "muc_mam" }`);
    const { host, disk } = it;
    await it.enter();
    await it.service.storage.idle();
    const presence = (text: string): string => `<presence to="${ROOM}/Ben"><status>${text}</status></presence>`;
    for (const make of [presence, (text: string) => say(ROOM, text)]) {
      using stopped = stop(disk);
      const total = 4_000;
      host.stanzas.length = 0;
      const { bytes } = await it.flood(numbered(total, 2_000, make));
      assert.ok(bytes <= MAX_BACKLOG + OVERSHOOT, `${bytes} bytes were taken in`);
      await othersAreServed(it, 0);
      stopped.goOn();
      await host.until(() => host.stanzas.length >= total);
      const texts = host.stanzas.map((stanza) => stanza.getChildText("status") ?? stanza.getChildText("body"));
      assert.deepEqual(
        texts.map((text) => text?.split(" ")[0]),
        Array.from({ length: total }, (_, n) => String(n)),
      );
      await it.service.storage.idle();
    }
  });

  test("who asks for new rooms that have to be written first waits for them, and with them whoever else wants in", async (t) => {
    const it = await attached(t, "muc_room_default_persistent = true");
    const { host, disk } = it;
    using stopped = stop(disk);
    const total = 2_000;
    const filler = `<filler xmlns="urn:example">${"x".repeat(2_000)}</filler>`;
    const joins = Array.from({ length: total }, (_, n) =>
      entering(`room${n >> 1}@muc.example`, `Ben`).replace("</presence>", `${filler}</presence>`),
    );
    const { bytes } = await it.flood(joins);
    assert.ok(bytes <= MAX_BACKLOG + OVERSHOOT, `${bytes} bytes were taken in`);
    await othersAreServed(it, 0);
    stopped.goOn();
    const entered = new Map<string, number>();
    for (const stanza of host.stanzas) count(stanza);
    host.onStanza = count;
    await host.until(() => entered.size >= total / 2);
    assert.equal(entered.size, total / 2);

    function count({ name, attrs }: Element): void {
      if (name === "presence") entered.set(String(attrs["from"]), (entered.get(String(attrs["from"])) ?? 0) + 1);
    }
  });
});

const CLIENTS = `
modules_enabled = { "roster", "saslauth", "tls", "ping" }
c2s_max_backlog = ${MAX_BACKLOG}
VirtualHost "localhost"
Component "conference.localhost" "muc"
  muc_room_locking = false
`;

describe("a client that floods while the disk is slow", () => {
  for (const isEncrypted of [false, true]) {
    test(`${isEncrypted ? "under TLS" : "in clear"}: bounded, others are served, and nothing is lost`, async (t) => {
      const room = "hall@conference.localhost";
      const disk = new FaultyDisk();
      const clock = new FakeClock();
      const storage = await disk.open(() => clock.now());
      const service = await startService({ config: CLIENTS, storage, clock });
      const romeo = await connectClient({ jid: "romeo@localhost/r", password: "x", port: service.clientPort });
      const juliet = await RawClient.logIn(service, "juliet", isEncrypted);
      t.after(async () => {
        juliet.socket.destroy();
        romeo.drop();
        await service[Symbol.asyncDispose]();
        await storage.close();
        await disk.close();
      });
      romeo.send(entering(room, "Romeo"));
      await romeo.see("<message type='groupchat'><subject/></message>");
      romeo.send(configure(room, "config", { "muc#roomconfig_persistentroom": "1" }));
      await romeo.see("<iq type='result' id='config'/>");
      await juliet.say(entering(room, "Juliet"), "<subject/>");
      await romeo.see(`<presence from='${room}/Juliet'/>`);

      juliet.socket.setNoDelay(true);
      const handled = countHandled(service);
      using held = disk.holdSyncedCommits();
      romeo.send(administer(room, "write", `<item affiliation="member" jid="cy@localhost"/>`));
      await held.arrived();
      const total = 1_000;
      const before = handled.bytes;
      // The last of it is the end of the stream: who says goodbye has said all that went before.
      juliet.socket.write(numbered(total, 10_000, (text, n) => say(room, text, { id: `m${n}` })).join(""));
      juliet.socket.write(
        `<message id="m${total}" to="${room}" type="groupchat"><body>m${total}</body></message></stream:stream>`,
      );
      for (let turns = 0, seen = -1; turns < 100; turns++) {
        if (handled.bytes !== seen) turns = 0;
        seen = handled.bytes;
        await nextTurn();
      }
      const bytes = handled.bytes - before;
      assert.ok(bytes <= MAX_BACKLOG + OVERSHOOT, `${bytes} bytes were taken in`);
      assert.ok(bytes >= MAX_BACKLOG / 4, `${bytes} bytes were taken in`);
      // Half a stanza is in our hands, and it is not the client's fault that the rest is not.
      clock.advanceSeconds(600);
      assert.ok(await romeo.ping("localhost", 10_000));

      const heard: unknown[] = [];
      romeo.inbox.onArrival = ({ name, attrs }) => {
        if (name === "message" && attrs["id"] !== undefined) heard.push(attrs["id"]);
      };
      held.release();
      await romeo.see("<message type='groupchat'><body>m1000</body></message>");
      await romeo.see(`<presence from='${room}/Juliet' type='unavailable'/>`);
      assert.deepEqual(
        heard,
        Array.from({ length: total + 1 }, (_, n) => `m${n}`),
      );
    });
  }
});
