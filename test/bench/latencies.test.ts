import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Latencies } from "../../bench/load/latencies.js";

function measured(millis: readonly number[]): Latencies {
  const latencies = new Latencies();
  for (const one of millis) latencies.add(one);
  return latencies;
}

test("percentiles of what was measured in several turns are those of all of it", () => {
  const turn = fc.array(fc.nat(1_000_000), { maxLength: 2000 });
  fc.assert(
    fc.property(fc.array(turn, { maxLength: 5 }), (turns) => {
      const all = Latencies.of(turns.map(measured));
      assert.equal(all.count, turns.flat().length);
      assert.deepEqual(all.percentiles(50, 99, 100), measured(turns.flat()).percentiles(50, 99, 100));
      assert.equal(all.percentiles(100)[0], Math.max(0, ...turns.flat()));
    }),
  );
});
