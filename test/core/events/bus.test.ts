import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { EventBus, type HandlerOwner } from "../../../core/events/bus.js";
import { StanzaError } from "../../../core/xmpp/stanza-error.js";
import { Timers } from "../../../core/timers/timers.js";
import { FakeClock } from "../../../core/testing/fake-clock.js";

interface Told {
  readonly owner: HandlerOwner;
  readonly errors: string[];
}

function module(name: string, loadOrder = 0): Told {
  const errors: string[] = [];
  const owner: HandlerOwner = {
    name,
    loadOrder,
    onHandlerError: (error, event) =>
      errors.push(`${event}: ${error instanceof Error ? error.message : String(error)}`),
    onSlowHandler: () => undefined,
  };
  return { owner, errors };
}

function makeBus(): { bus: EventBus<Record<string, unknown>>; clock: FakeClock } {
  const clock = new FakeClock();
  const timers = new Timers(clock, (error) => {
    throw error;
  });
  return { bus: new EventBus({ timers, defaultDeadlineMs: () => 5000 }), clock };
}

describe("event bus", () => {
  it("calls in order of priority, then of module load, then of registration, for any sequence of hook and unhook", () => {
    const step = fc.record({
      hook: fc.boolean(),
      handler: fc.nat(7),
      owner: fc.nat(2),
      priority: fc.integer({ min: -2, max: 2 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const { bus } = makeBus();
        const owners = [0, 1, 2].map((order) => module(`m${order}`, 2 - order).owner);
        const called: string[] = [];
        const handlers = Array.from({ length: 8 }, (_, i) =>
          owners.map((owner) => () => {
            called.push(`${owner.name}/${i}`);
          }),
        );
        let model: { key: string; priority: number; loadOrder: number; at: number }[] = [];
        steps.forEach(({ hook, handler, owner, priority }, at) => {
          const fn = handlers[handler]?.[owner] as () => undefined;
          const who = owners[owner] as HandlerOwner;
          const key = `${who.name}/${handler}`;
          model = model.filter((entry) => entry.key !== key);
          if (hook) {
            bus.hook("e", fn, who, priority);
            model.push({ key, priority, loadOrder: who.loadOrder, at });
          } else bus.unhook("e", fn, who);
        });
        bus.fireUntyped("e", {});
        model.sort((a, b) => b.priority - a.priority || a.loadOrder - b.loadOrder || a.at - b.at);
        assert.deepEqual(
          called,
          model.map(({ key }) => key),
        );
      }),
    );
  });

  it("stops at the first value, false included", () => {
    const { bus } = makeBus();
    const { owner } = module("m");
    const called: string[] = [];
    bus.hookUntyped("e", () => void called.push("first"), owner, 2);
    bus.hookUntyped("e", () => (called.push("second"), false), owner, 1);
    bus.hookUntyped("e", () => void called.push("third"), owner, 0);
    assert.equal(bus.fireUntyped("e", {}), false);
    assert.deepEqual(called, ["first", "second"]);
  });

  it("goes on with the list it began with when handlers come and go meanwhile", () => {
    const { bus } = makeBus();
    const { owner } = module("m");
    const called: string[] = [];
    const late = (): undefined => void called.push("late");
    const second = (): undefined => void called.push("second");
    bus.hookUntyped(
      "e",
      () => {
        called.push("first");
        bus.hookUntyped("e", late, owner);
        bus.unhook("e", second, owner);
      },
      owner,
      1,
    );
    bus.hookUntyped("e", second, owner);
    bus.fireUntyped("e", {});
    assert.deepEqual(called, ["first", "second"]);
    bus.fireUntyped("e", {});
    assert.deepEqual(called.slice(2), ["first", "late"]);
  });

  it("runs wrappers around the handlers, the last one outermost, each free to change what is passed on", () => {
    const { bus } = makeBus();
    const { owner } = module("m");
    const called: string[] = [];
    bus.hookUntyped("e", (data) => (called.push(`handler ${String(data)}`), "done"), owner);
    bus.wrap("e", (next, data) => (called.push("inner"), next(`${String(data)}!`)), owner);
    bus.wrap("e", (next) => (called.push("outer"), next()), owner);
    assert.equal(bus.fireUntyped("e", "x"), "done");
    assert.deepEqual(called, ["outer", "inner", "handler x!"]);
  });

  it("keeps one module's failure from the others, and refuses where a result counts", () => {
    const { bus } = makeBus();
    bus.declare("pre-*", "stoppable");
    const bad = module("bad");
    const good = module("good", 1);
    let told = 0;
    for (const event of ["happened", "pre-join"]) {
      bus.hookUntyped(
        event,
        () => {
          throw new Error("boom");
        },
        bad.owner,
      );
      bus.hookUntyped(event, () => void told++, good.owner);
    }
    assert.equal(bus.fireUntyped("happened", {}), undefined);
    assert.equal(told, 1, "the others are told of what has happened");
    const refusal = bus.fireUntyped("pre-join", {});
    assert.ok(refusal instanceof StanzaError);
    assert.equal(refusal.condition, "internal-server-error");
    assert.equal(told, 1);
    assert.deepEqual(bad.errors, ["happened: boom", "pre-join: boom"]);
    assert.deepEqual(good.errors, []);
  });

  it("takes a thrown refusal as a refusal", () => {
    const { bus } = makeBus();
    bus.declare("pre-join", "stoppable");
    const { owner, errors } = module("m");
    bus.hookUntyped(
      "pre-join",
      () => {
        throw new StanzaError({ type: "auth", condition: "forbidden" });
      },
      owner,
    );
    assert.equal((bus.fireUntyped("pre-join", {}) as StanzaError).condition, "forbidden");
    assert.deepEqual(errors, []);
  });

  it("awaits a promise where the event may be suspended, and goes on with the handlers after it", async () => {
    const { bus } = makeBus();
    bus.declare("ask", "suspendable");
    const { owner } = module("m");
    const called: string[] = [];
    bus.hookUntyped("ask", async () => void called.push("first"), owner, 1);
    bus.hookUntyped("ask", () => (called.push("second"), "answer"), owner);
    const pending = bus.fireAsync("ask", {} as never) as unknown as Promise<unknown>;
    assert.deepEqual(called, ["first"]);
    assert.equal(await pending, "answer");
  });

  it("makes no promise where no handler does", () => {
    const { bus } = makeBus();
    bus.declare("ask", "suspendable");
    bus.hookUntyped("ask", () => "now", module("m").owner);
    assert.equal(bus.fireAsync("ask", {} as never), "now");
  });

  it("takes a promise where none is awaited as that module's error, and as no answer", () => {
    const { bus } = makeBus();
    bus.declare("ask", "suspendable");
    const { owner, errors } = module("m");
    bus.hookUntyped("ask", () => Promise.reject(new Error("never seen")), owner, 1);
    bus.hookUntyped("ask", () => "next", owner);
    assert.equal(bus.fireUntyped("ask", {}), "next");
    assert.equal(errors.length, 1);
  });

  for (const { onTimeout, expected } of [
    { onTimeout: undefined, expected: "resource-constraint" },
    { onTimeout: "refuse" as const, expected: "resource-constraint" },
    { onTimeout: "continue" as const, expected: "the next handler's" },
  ]) {
    it(`answers for a handler that never does: onTimeout ${onTimeout ?? "left out"}`, async () => {
      const { bus, clock } = makeBus();
      bus.declare("ask", "suspendable");
      const { owner, errors } = module("m");
      const options = { deadlineMs: 2000, ...(onTimeout && { onTimeout }) };
      bus.hookUntyped("ask", () => new Promise(() => undefined), owner, 1, options);
      bus.hookUntyped("ask", () => "the next handler's", owner);
      const pending = bus.fireAsync("ask", {} as never) as unknown as Promise<unknown>;
      clock.advance(1999);
      assert.deepEqual(errors, []);
      clock.advance(1);
      const result = await pending;
      assert.equal(result instanceof StanzaError ? result.condition : result, expected);
      assert.deepEqual(errors, ["ask: no answer within 2 s"]);
      assert.equal(clock.pending, 0);
    });
  }

  it("forgets all that an owner hooked and wrapped", () => {
    const { bus } = makeBus();
    const { owner } = module("m");
    bus.hookUntyped("e", () => "x", owner);
    bus.wrap("f", () => "y", owner);
    bus.removeOwner(owner);
    assert.equal(bus.hasHandlers("e"), false);
    assert.equal(bus.hasHandlers("f"), false);
  });

  it("takes a declaration back: the event only tells from then on", () => {
    const { bus } = makeBus();
    const { owner } = module("m");
    const takeBack = bus.declare("pre-join", "stoppable");
    bus.hookUntyped(
      "pre-join",
      () => {
        throw new Error("boom");
      },
      owner,
    );
    assert.ok(bus.fireUntyped("pre-join", {}) instanceof StanzaError);
    takeBack();
    assert.equal(bus.fireUntyped("pre-join", {}), undefined);
  });

  it("tells which events are hooked, by whom, and what their results mean", () => {
    const { bus } = makeBus();
    bus.declare("pre-*", "stoppable");
    bus.hookUntyped("pre-join", () => undefined, module("late", 1).owner, -5);
    bus.hookUntyped("joined", () => undefined, module("early", 0).owner);
    bus.hookUntyped("pre-join", () => undefined, module("early", 0).owner, 10);
    assert.deepEqual(bus.hookedEvents(), ["pre-join", "joined"]);
    assert.deepEqual(bus.handlersOf("pre-join"), [
      { module: "early", priority: 10 },
      { module: "late", priority: -5 },
    ]);
    assert.deepEqual(
      [bus.kindOf("pre-join"), bus.kindOf("pre-leave"), bus.kindOf("joined")],
      ["stoppable", "stoppable", "notify"],
    );
  });

  it("leaves nothing behind for names that were only fired", () => {
    const { bus } = makeBus();
    for (let i = 0; i < 100; i++) bus.fireUntyped(`iq-get/bare/urn:attacker:${i}`, {});
    assert.equal(bus.hasHandlers("iq-get/bare/urn:attacker:1"), false);
  });

  it("refuses a handler that is no function", () => {
    const { bus } = makeBus();
    assert.throws(() => {
      bus.hookUntyped("e", undefined as never, module("m").owner);
    }, /handler of e must be a function, received undefined/);
  });
});
