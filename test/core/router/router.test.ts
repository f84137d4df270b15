import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import { EventBus, type HandlerOwner } from "../../../core/events/bus.js";
import type { GlobalEvents, HostEvents } from "../../../core/events/events.js";
import { Host } from "../../../core/hosts/host.js";
import { Hosts } from "../../../core/hosts/hosts.js";
import type { Link } from "../../../core/links/link.js";
import type { Outlet } from "../../../core/links/outlet.js";
import type { Logger } from "../../../core/log/logger.js";
import { Backlog } from "../../../core/router/backlog.js";
import { Recipients, type DeliveryTarget } from "../../../core/router/delivery.js";
import { SLICE } from "../../../core/router/fanout.js";
import { Outbox } from "../../../core/router/outbox.js";
import { StanzaRouter } from "../../../core/router/stanza-router.js";
import type { Origin } from "../../../core/router/stanza-event.js";
import { FakeClock } from "../../../core/testing/fake-clock.js";
import { Timers } from "../../../core/timers/timers.js";
import { xml, type Element } from "../../../core/xmpp/element.js";
import type { FullJid } from "../../../core/xmpp/jid.js";
import { parseStanza } from "../../../core/xmpp/parse.js";
import { StanzaError } from "../../../core/xmpp/stanza-error.js";
import { StanzaTemplate, serialise } from "../../../core/xmpp/template.js";

const owner: HandlerOwner = {
  name: "test",
  loadOrder: 0,
  onHandlerError: () => undefined,
  onSlowHandler: () => undefined,
};

class Recorder implements Outlet {
  open = true;
  pending = 0;
  readonly written: string[] = [];
  write(text: string): void {
    this.written.push(text);
  }
}

describe("router", () => {
  let clock: FakeClock;
  let router: StanzaRouter;
  let rooms: Host;
  let users: Host;
  let logged: string[];

  beforeEach(() => {
    clock = new FakeClock();
    logged = [];
    const logger: Logger = {
      name: "test",
      log: (level, format) => logged.push(`${level} ${format}`),
      isEnabled: () => true,
      child: () => logger,
    };
    const timers = new Timers(clock, (error) => {
      throw error;
    });
    const bus = <E>(): EventBus<E> => new EventBus<E>({ timers, defaultDeadlineMs: () => 5000 });
    const hosts = new Hosts(bus<GlobalEvents>());
    rooms = new Host("rooms.example", "component", bus<HostEvents>());
    users = new Host("example", "local", bus<HostEvents>());
    for (const host of [rooms, users]) {
      for (const prefix of ["iq/*", "iq-get/*", "iq-set/*"]) host.events.declare(prefix, "suspendable");
      for (const prefix of ["message/*", "presence/*", "pre-*"]) host.events.declare(prefix, "stoppable");
      hosts.add(host);
    }
    router = new StanzaRouter({ hosts, logger, timers });
  });

  /** A bound session of a user of `example`, and what it is sent. */
  function session(jid: string): { origin: Origin; sent: string[]; outlet: Recorder } {
    const outlet = new Recorder();
    const origin = {
      type: "c2s" as const,
      host: "example",
      fullJid: jid as FullJid,
      outlet,
      log: () => undefined,
      send: (stanza: Element): true => {
        router.answer(stanza, (out) => {
          outlet.write(serialise(out));
        });
        return true;
      },
      close: () => undefined,
    };
    users.sessions.bind(origin);
    return { origin, sent: outlet.written, outlet };
  }

  function errorOf(text: string | undefined): string {
    const error = parseStanza(text ?? "").getChild("error");
    const condition = error?.children[0] as Element | undefined;
    return `${String(error?.attrs["type"])}/${condition?.name ?? "none"}`;
  }

  describe("gives every iq get or set exactly one answer", () => {
    const GET = `<iq type="get" id="q" to="rooms.example"><query xmlns="urn:q"/></iq>`;
    const answers: [name: string, handler: (event: never) => unknown, expected: string][] = [
      ["nobody handles it", () => undefined, "cancel/service-unavailable"],
      ["a refusal", () => new StanzaError({ type: "auth", condition: "forbidden" }), "auth/forbidden"],
      ["a later refusal", async () => new StanzaError({ type: "wait", condition: "conflict" }), "wait/conflict"],
      ["true, with no answer at all", () => true, "cancel/internal-server-error"],
      ["a later true, with no answer at all", async () => true, "cancel/internal-server-error"],
      ["false", () => false, "cancel/internal-server-error"],
      [
        "a throw",
        () => {
          throw new Error("boom");
        },
        "cancel/internal-server-error",
      ],
      ["a rejection", () => Promise.reject(new Error("boom")), "cancel/internal-server-error"],
      ["a result", () => xml("iq", {}, xml("query", "urn:q")), "result"],
      ["a later result", async () => xml("iq", {}, xml("query", "urn:q")), "result"],
    ];
    for (const [name, handler, expected] of answers) {
      it(name, async () => {
        const { origin, sent } = session("juliet@example/balcony");
        rooms.events.hookUntyped("iq-get/host/urn:q:query", handler as never, owner);
        router.receive(parseStanza(GET), origin);
        await new Promise(setImmediate);
        assert.equal(sent.length, 1);
        const answer = parseStanza(sent[0] as string);
        assert.deepEqual(
          [answer.attrs["id"], answer.attrs["from"], answer.attrs["to"]],
          ["q", "rooms.example", "juliet@example/balcony"],
        );
        assert.equal(answer.attrs["type"] === "result" ? "result" : errorOf(sent[0]), expected);
      });
    }

    it("a second answer is dropped and logged", () => {
      const { origin, sent } = session("juliet@example/balcony");
      rooms.events.hook(
        "iq-get/host/urn:q:query",
        ({ origin: from, stanza }) => {
          from.send(
            xml("iq", { type: "result", id: stanza.attrs["id"], to: stanza.attrs["from"], from: "rooms.example" }),
          );
          return xml("iq", {});
        },
        owner,
      );
      router.receive(parseStanza(GET), origin);
      assert.equal(sent.length, 1);
      assert.match(logged.join(), /second answer/);
    });

    it("a request that was taken over and never answered fails after 120 s", () => {
      const { origin, sent } = session("juliet@example/balcony");
      rooms.events.hook("iq-get/host/urn:q:query", ({ defer }) => (defer(), true), owner);
      router.receive(parseStanza(GET), origin);
      clock.advanceSeconds(119);
      assert.deepEqual(sent, []);
      clock.advanceSeconds(1);
      assert.equal(errorOf(sent[0]), "wait/recipient-unavailable");
    });

    const malformed: [name: string, stanza: string, expected: string][] = [
      ["no child", `<iq type="get" id="q" to="rooms.example"/>`, "modify/bad-request"],
      [
        "two children",
        `<iq type="set" id="q" to="rooms.example"><a xmlns="urn:q"/><b xmlns="urn:q"/></iq>`,
        "modify/bad-request",
      ],
      ["no id", `<iq type="get" to="rooms.example"><query xmlns="urn:q"/></iq>`, "modify/bad-request"],
      ["an unknown type", `<iq type="put" id="q" to="rooms.example"><query xmlns="urn:q"/></iq>`, "modify/bad-request"],
      ["no type", `<iq id="q" to="rooms.example"><query xmlns="urn:q"/></iq>`, "modify/bad-request"],
      [
        "a bad address",
        `<iq type="get" id="q" to="@rooms.example"><query xmlns="urn:q"/></iq>`,
        "modify/jid-malformed",
      ],
      [
        "a host that is not served here",
        `<iq type="get" id="q" to="elsewhere.example"><query xmlns="urn:q"/></iq>`,
        "cancel/remote-server-not-found",
      ],
    ];
    for (const [name, stanza, expected] of malformed) {
      it(`with ${name}: ${expected}`, () => {
        const { origin, sent } = session("juliet@example/balcony");
        router.receive(parseStanza(stanza), origin);
        assert.equal(sent.length, 1);
        assert.equal(errorOf(sent[0]), expected);
      });
    }
  });

  describe("leaves unanswered what must not be answered", () => {
    for (const stanza of [
      `<iq type="result" id="stray" to="rooms.example"/>`,
      `<iq type="error" id="stray" to="rooms.example"/>`,
      `<message type="error" to="rooms.example"/>`,
      `<presence type="error" to="rooms.example"/>`,
      `<presence type="unavailable" to="rooms.example"/>`,
      `<message type="error" to="@@"/>`,
    ]) {
      it(stanza, () => {
        const { origin, sent } = session("juliet@example/balcony");
        router.receive(parseStanza(stanza), origin);
        assert.deepEqual(sent, []);
      });
    }
  });

  it("puts prepared addresses on what comes in, and the sender's own over whatever the client claims", () => {
    const { origin } = session("juliet@example/balcony");
    const seen: unknown[] = [];
    rooms.events.hook(
      "message/full",
      ({ stanza }) => (seen.push(stanza.attrs["from"], stanza.attrs["to"]), true),
      owner,
    );
    router.receive(parseStanza(`<message from="romeo@example/x" to="ROOM@Rooms.Example./Nick"/>`), origin);
    assert.deepEqual(seen, ["juliet@example/balcony", "room@rooms.example/Nick"]);
  });

  it("does not take from a link what is for a host that the link does not serve", () => {
    const sent: Element[] = [];
    const origin: Origin = {
      type: "component",
      host: "rooms.example",
      log: () => undefined,
      send: (stanza) => (sent.push(stanza), true),
    };
    let reached = false;
    users.events.hook("message/full", () => (reached = true), owner);
    router.receive(parseStanza(`<message from="a@far.example/r" to="juliet@example/balcony"/>`), origin);
    assert.equal(reached, false);
    assert.equal(sent.length, 1);
  });

  it("does not take from a link what claims to be from somebody who is served here", () => {
    const sent: Element[] = [];
    const origin: Origin = {
      type: "component",
      host: "rooms.example",
      log: () => undefined,
      send: (stanza) => (sent.push(stanza), true),
    };
    let reached = false;
    rooms.events.hook("presence/full", () => (reached = true), owner);
    router.receive(parseStanza(`<presence from="admin@example/r" to="room@rooms.example/Nick"/>`), origin);
    assert.equal(reached, false);
    assert.equal(errorOf(serialise(sent[0] as Element)), "auth/forbidden");
  });

  it("holds back what is sent inside collect, answers included, and lets it go in order", () => {
    const { origin, sent } = session("juliet@example/balcony");
    const outbox = new Outbox();
    rooms.events.hook(
      "iq-set/host/urn:q:query",
      ({ origin: from, stanza }) =>
        router.collect(outbox, () => {
          router.deliver(new StanzaTemplate(xml("message", { from: "rooms.example" }, xml("body", {}, "first"))), [
            { jid: "juliet@example/balcony" },
          ]);
          from.send(
            xml("iq", { type: "result", id: stanza.attrs["id"], to: stanza.attrs["from"], from: "rooms.example" }),
          );
          return true;
        }),
      owner,
    );
    router.receive(parseStanza(`<iq type="set" id="q" to="rooms.example"><query xmlns="urn:q"/></iq>`), origin);
    assert.deepEqual(sent, []);
    router.release(outbox);
    assert.deepEqual(
      sent.map((text) => parseStanza(text).name),
      ["message", "iq"],
    );
  });

  it("lets a request be answered anew when its answer was dropped with the outbox", () => {
    const { origin, sent } = session("juliet@example/balcony");
    const outbox = new Outbox();
    let request: Element | undefined;
    rooms.events.hook(
      "iq-set/host/urn:q:query",
      ({ stanza }) => {
        request = stanza;
        return router.collect(outbox, () =>
          origin.send(xml("iq", { type: "result", id: "q", to: "juliet@example/balcony", from: "rooms.example" })),
        );
      },
      owner,
    );
    router.receive(parseStanza(`<iq type="set" id="q" to="rooms.example"><query xmlns="urn:q"/></iq>`), origin);
    router.drop(outbox);
    assert.deepEqual(sent, []);
    assert.ok(request);
    origin.send(xml("iq", { type: "error", id: "q", to: "juliet@example/balcony", from: "rooms.example" }));
    assert.equal(sent.length, 1);
  });

  it("settles its own requests by the answer, an error, or the time-out", async () => {
    users.events.hook(
      "iq/full",
      ({ stanza, defer }) => {
        defer();
        users.sessions.get(String(stanza.attrs["to"]))?.send(stanza);
        return true;
      },
      owner,
    );
    const { origin } = session("juliet@example/balcony");
    const ask = (id: string): Promise<Element> =>
      router.request(
        parseStanza(
          `<iq type="get" id="${id}" from="rooms.example" to="juliet@example/balcony"><query xmlns="urn:q"/></iq>`,
        ),
        10,
      );
    const answered = ask("a");
    const refused = ask("b");
    const forgotten = ask("c");
    router.receive(parseStanza(`<iq type="result" id="a" to="rooms.example"/>`), origin);
    router.receive(
      parseStanza(
        `<iq type="error" id="b" to="rooms.example"><error type="auth"><forbidden xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"/></error></iq>`,
      ),
      origin,
    );
    clock.advanceSeconds(10);
    assert.equal((await answered).attrs["type"], "result");
    await assert.rejects(refused, { condition: "forbidden" });
    await assert.rejects(forgotten, { condition: "remote-server-timeout" });
  });

  it("cuts a large fan-out into slices that stay in order on their lane, while another lane goes on", async () => {
    const many = Array.from({ length: 2 * SLICE + 1 }, (_, i) => session(`user${i}@example/r`));
    const last = many.at(-1) as (typeof many)[number];
    const targets = many.map((_, i) => ({ jid: `user${i}@example/r` }));
    const body = (text: string): StanzaTemplate =>
      new StanzaTemplate(xml("message", { from: "room@rooms.example" }, xml("body", {}, text)));
    const room = {};
    router.deliver(body("first"), targets, room);
    router.deliver(body("second"), targets, room);
    assert.equal(many[0]?.sent.length, 1, "the first slice leaves at once");
    assert.equal(last.sent.length, 0);
    router.deliver(body("elsewhere"), [{ jid: "user0@example/r" }], {});
    assert.equal(many[0].sent.length, 2, "another room does not wait");
    for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate);
    assert.deepEqual(
      last.sent.map((text) => parseStanza(text).getChildText("body")),
      ["first", "second"],
    );
  });

  it("makes the text for all behind one link in one go, in order with what else it takes, while the link is there", () => {
    const link = (): Recorder & { each: number } => {
      const recorder = Object.assign(new Recorder(), { each: 0 });
      const writeEach: Outlet["writeEach"] = ({ before, after }, { bytes, ends }, from, to) => {
        recorder.each++;
        for (let i = from; i < to; i++) {
          const address = Buffer.from(bytes.subarray(i === 0 ? 0 : ends[i - 1], ends[i])).toString();
          recorder.written.push(before + address + after);
        }
      };
      return Object.assign(recorder, { writeEach });
    };
    let outlet = link();
    rooms.link = {
      peer: "xmpp://upstream.example",
      isUp: true,
      origin: { type: "component", host: "rooms.example", log: () => undefined, send: () => true },
      start: () => Promise.resolve(),
      stop: () => Promise.resolve(),
      get outlet() {
        return outlet;
      },
    } satisfies Link;
    const jids = Array.from({ length: 10 }, (_, i) => `é"${i}@elsewhere.example/r`);
    const recipients = new Recipients(jids.map((jid): DeliveryTarget => ({ jid })));
    const said = (text: string): string[] => {
      router.deliver(
        new StanzaTemplate(xml("message", { from: "room@rooms.example" }, xml("body", {}, text))),
        recipients,
      );
      return outlet.written
        .splice(0)
        .map((sent) => `${parseStanza(sent).attrs["to"]} ${parseStanza(sent).getChildText("body")}`);
    };
    for (const text of ["first", "second", "third"])
      assert.deepEqual(
        said(text),
        jids.map((jid) => `${jid} ${text}`),
      );
    assert.equal(outlet.each, 2, "but for the first time, when it is not known yet whether there is another");
    outlet.open = false;
    outlet = link();
    assert.deepEqual(
      said("fourth"),
      jids.map((jid) => `${jid} fourth`),
    );
  });

  describe("what is not finished when its handling returns fills the backlog of who sent it", () => {
    const filled = (): { origin: Origin; backlog: Backlog; sent: string[] } => {
      const { origin, sent } = session("juliet@example/balcony");
      const backlog = new Backlog(0);
      return { origin: Object.assign(origin, { backlog }), backlog, sent };
    };
    const question = `<iq type="get" id="q" to="rooms.example"><query xmlns="urn:q"/></iq>`;

    it("a request, until the promise of its answer is settled", async () => {
      const { origin, backlog, sent } = filled();
      let answer: (result: Element) => void = () => undefined;
      rooms.events.hook(
        "iq-get/host/urn:q:query",
        () =>
          new Promise((resolve) => {
            answer = resolve;
          }),
        owner,
      );
      router.receive(parseStanza(question), origin);
      assert.equal(backlog.isFull, true);
      answer(xml("iq", {}));
      await new Promise(setImmediate);
      assert.deepEqual([backlog.isFull, sent.length], [false, 1]);
    });

    it("nothing of a request that is answered at once", () => {
      const { origin, backlog } = filled();
      router.receive(parseStanza(question), origin);
      assert.equal(backlog.isFull, false);
    });

    it("what comes in while nothing is handled", async () => {
      const { origin, backlog } = filled();
      await router.pauseWhile(() => {
        router.receive(parseStanza(question), origin);
        assert.equal(backlog.isFull, true);
        return Promise.resolve();
      });
      assert.equal(backlog.isFull, false);
    });

    it("what cannot leave, until it has; and there is room in a turn of its own", async () => {
      const { backlog, sent } = filled();
      const lane = {};
      const outbox = new Outbox();
      const told: string[] = [];
      let goOn: () => void = () => undefined;
      const until = new Promise<void>((resolve) => {
        goOn = resolve;
      });
      router.collect(outbox, () => {
        router.hold(
          until,
          () => {
            router.send(parseStanza(`<message from="rooms.example" to="juliet@example/balcony"/>`));
          },
          () => undefined,
        );
      });
      router.release(outbox, lane, backlog);
      assert.equal(backlog.isFull, true);
      users.events.hook(
        "message/full",
        () => {
          told.push("sent");
          return true;
        },
        owner,
      );
      const hasRoom = new Promise<void>((resolve) => {
        backlog.whenRoom(() => {
          told.push("room");
          resolve();
        });
      });
      goOn();
      await hasRoom;
      assert.deepEqual([told, backlog.isFull, sent], [["sent", "room"], false, []]);
      router.collect(outbox, () => {
        router.send(parseStanza(`<message from="rooms.example" to="juliet@example/balcony"/>`));
      });
      router.release(outbox, lane, backlog);
      assert.deepEqual([told.length, backlog.isFull], [3, false]);
    });
  });
});
