import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { Timers } from "../../../core/timers/timers.js";
import { FakeClock } from "../../../core/testing/fake-clock.js";

function make(): { clock: FakeClock; timers: Timers; errors: unknown[] } {
  const clock = new FakeClock();
  const errors: unknown[] = [];
  return { clock, timers: new Timers(clock, (error) => errors.push(error)), errors };
}

describe("timers", () => {
  it("fire in order of time, equal ones in order of setting, whatever was stopped or moved meanwhile", () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant("add" as const), seconds: fc.nat(20) }),
      fc.record({ kind: fc.constant("stop" as const), which: fc.nat(30) }),
      fc.record({ kind: fc.constant("move" as const), which: fc.nat(30), seconds: fc.nat(20) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const { clock, timers } = make();
        const fired: number[] = [];
        const set: { timer: ReturnType<Timers["add"]>; at: number; order: number; live: boolean }[] = [];
        steps.forEach((each, order) => {
          if (each.kind === "add") {
            const id = set.length;
            const timer = timers.add(each.seconds, () => void fired.push(id));
            set.push({ timer, at: each.seconds, order, live: true });
            return;
          }
          const entry = set[each.which];
          if (!entry) return;
          if (each.kind === "stop") {
            entry.timer.stop();
            entry.live = false;
          } else {
            entry.timer.reschedule(each.seconds);
            Object.assign(entry, { at: each.seconds, order, live: true });
          }
        });
        clock.advanceSeconds(30);
        const expected = set
          .map((entry, id) => ({ ...entry, id }))
          .filter(({ live }) => live)
          .sort((a, b) => a.at - b.at || a.order - b.order)
          .map(({ id }) => id);
        assert.deepEqual(fired, expected);
        assert.equal(timers.size, 0);
      }),
    );
  });

  it("are called again after the seconds that they return", () => {
    const { clock, timers } = make();
    const at: number[] = [];
    const began = clock.now();
    timers.add(1, () => {
      at.push((clock.now() - began) / 1000);
      return at.length < 3 ? 2 : undefined;
    });
    clock.advanceSeconds(20);
    assert.deepEqual(at, [1, 3, 5]);
  });

  it("need one wake-up of the system, however many there are, and none when there are none", () => {
    const { clock, timers } = make();
    const set = Array.from({ length: 1000 }, (_, i) => timers.add(i, () => undefined));
    assert.equal(clock.pending, 1);
    for (const timer of set) timer.stop();
    clock.advanceSeconds(1);
    assert.equal(clock.pending, 0);
  });

  it("go on when one of them throws", () => {
    const { clock, timers, errors } = make();
    let called = false;
    timers.add(1, () => {
      throw new Error("boom");
    });
    timers.add(1, () => {
      called = true;
      return undefined;
    });
    clock.advanceSeconds(1);
    assert.equal(called, true);
    assert.equal(errors.length, 1);
  });

  it("of no delay cannot hold the process", () => {
    const { clock, timers } = make();
    let calls = 0;
    timers.add(0, () => {
      calls++;
      return calls < 5 ? 0 : undefined;
    });
    clock.advance(0);
    assert.ok(calls >= 1);
  });
});
