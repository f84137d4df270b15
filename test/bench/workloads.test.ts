import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { makeBench, run } from "../../bench/run.js";
import { TINY } from "../../bench/workloads/sizes.js";
import { WORKLOADS } from "../../bench/workloads/all.js";
import { startChild } from "../support/child.js";

describe("the workloads of the bench, with a handful of everything", () => {
  for (const workload of WORKLOADS) {
    test(workload.name, async () => {
      const bench = makeBench(startChild, TINY);
      const measurements = await run(bench, { workloads: [workload], servers: ["chorus"], rounds: 1 }, () => undefined);
      assert.ok(measurements.length > 0);
      for (const { workload: name, figures } of measurements) {
        for (const [figure, value] of Object.entries(figures)) assert.ok(value >= 0, `${name}: ${figure} is ${value}`);
      }
    });
  }
});
