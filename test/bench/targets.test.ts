import assert from "node:assert/strict";
import { test } from "node:test";
import { medians } from "../../bench/medians.js";
import { asText, targetsTable } from "../../bench/report.js";
import { judge, TARGETS } from "../../bench/targets.js";
import type { Measurement } from "../../bench/workloads/workload.js";

function measured(workload: string, server: string, figure: string, value: number): Measurement {
  return { workload, server, figures: { [figure]: value } };
}

test("a measurement is the median of its rounds", () => {
  const rounds = [5, 1, 3, 100].map((value) => measured("w", "chorus", "f", value));
  assert.deepEqual(medians(rounds.slice(0, 3)), [measured("w", "chorus", "f", 3)]);
  assert.deepEqual(medians(rounds), [measured("w", "chorus", "f", 4)]);
});

const TABLE: readonly [name: string, bound: Parameters<typeof judge>[1], chorus: number, met: boolean][] = [
  ["at most a tenth: is", [{ workload: "w", figure: "f", against: { server: "prosody" }, atMost: 0.1 }], 1, true],
  [
    "at most a tenth: is more",
    [{ workload: "w", figure: "f", against: { server: "prosody" }, atMost: 0.1 }],
    1.1,
    false,
  ],
  ["at most, by itself", [{ workload: "w", figure: "f", atMost: 8 }], 9, false],
  ["at least: is", [{ workload: "w", figure: "f", atLeast: 10 }], 10, true],
  ["at least: is less", [{ workload: "w", figure: "f", atLeast: 10 }], 9, false],
];

for (const [name, targets, chorus, met] of TABLE) {
  test(`${name}: ${met ? "met" : "missed"}`, () => {
    const verdicts = judge([measured("w", "chorus", "f", chorus), measured("w", "prosody", "f", 10)], targets);
    assert.deepEqual(
      verdicts.map((verdict) => verdict.met),
      [met],
    );
    assert.match(asText(targetsTable(verdicts)), met ? /met$/ : /MISSED$/);
  });
}

test("a server that was not measured is no target", () => {
  assert.deepEqual(judge([measured("room-1000", "chorus", "cpuMicrosPerDelivery", 1)], TARGETS), []);
});
