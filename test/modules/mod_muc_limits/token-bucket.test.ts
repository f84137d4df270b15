import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { TokenBucket } from "../../../modules/mod_muc_limits/token-bucket.js";

const pace = fc.record({
  rate: fc.double({ min: 0.01, max: 50, noNaN: true }),
  burstSeconds: fc.double({ min: 1, max: 60, noNaN: true }),
  baseCost: fc.double({ min: 0, max: 5, noNaN: true }),
});
const spendings = fc.array(fc.record({ afterMs: fc.nat(20_000), cost: fc.double({ min: 0, max: 5, noNaN: true }) }), {
  maxLength: 60,
});

test("over any time no more is taken than a full bucket and what has flowed in", () => {
  fc.assert(
    fc.property(pace, spendings, (given, steps) => {
      const capacity = Math.max(given.rate * given.burstSeconds, given.baseCost);
      const bucket = new TokenBucket(given, 0);
      let now = 0;
      let taken = 0;
      for (const { afterMs, cost } of steps) {
        now += afterMs;
        if (!bucket.has(cost, now)) continue;
        bucket.take(cost, now);
        taken += Math.min(cost, capacity);
        assert.ok(taken <= capacity + (now / 1000) * given.rate + 1e-6);
      }
    }),
  );
});

test("whatever something costs, it is possible after the time of a burst", () => {
  fc.assert(
    fc.property(pace, fc.double({ min: 0, max: 1000, noNaN: true }), (given, cost) => {
      const bucket = new TokenBucket(given, 0);
      bucket.take(1000, 0);
      const fullMs = (Math.max(given.burstSeconds, given.baseCost / given.rate) + 0.001) * 1000;
      assert.ok(bucket.has(cost, fullMs));
      assert.ok(bucket.isFull(fullMs));
    }),
  );
});

test("a clock that is set back takes nothing away", () => {
  const bucket = new TokenBucket({ rate: 1, burstSeconds: 2, baseCost: 1 }, 10_000);
  bucket.take(2, 10_000);
  assert.equal(bucket.has(1, 5_000), false);
  assert.equal(bucket.has(1, 6_000), true);
});
