import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "../../../core/testing/fake-clock.js";

test("a fake clock wakes in order of time, each at its own time, also who is added meanwhile", () => {
  const clock = new FakeClock(1000);
  const woken: [name: string, now: number][] = [];
  const wake = (name: string, atMs: number): { cancel(): void } =>
    clock.wakeAt(atMs, () => woken.push([name, clock.now()]));
  wake("late", 3000);
  wake("early", 2000);
  clock.wakeAt(2500, () => {
    woken.push(["between", clock.now()]);
    wake("added", 2600);
  });
  wake("cancelled", 2100).cancel();
  wake("never", 9000);
  clock.advanceSeconds(4);
  assert.deepEqual(woken, [
    ["early", 2000],
    ["between", 2500],
    ["added", 2600],
    ["late", 3000],
  ]);
  assert.equal(clock.now(), 5000);
  assert.equal(clock.pending, 1);
});
