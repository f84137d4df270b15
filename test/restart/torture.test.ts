import assert from "node:assert/strict";
import { test } from "node:test";
import { torture } from "../torture/torture.js";

test("what was acknowledged before any of 20 kills is there afterwards, and no half of anything else", async () => {
  const seed = Date.now() % 2 ** 31;
  const report = await torture({ kills: 20, seed });
  assert.deepEqual(report.differences, [], `seed ${seed}`);
  assert.equal(report.kills, 20);
  assert.ok(report.acknowledged > 100 && report.heard > 100, JSON.stringify(report));
});
