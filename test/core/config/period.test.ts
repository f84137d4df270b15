import assert from "node:assert/strict";
import { test } from "node:test";
import { parsePeriod, readPeriod } from "../../../core/config/period.js";

const DAY = 86_400;
const periods: readonly (readonly [value: string | number, seconds: number | undefined, lax?: number])[] = [
  [0, 0],
  [1.5, 1.5],
  [-1, Infinity],
  ["never", Infinity],
  ["1 second", 1],
  ["30s", 30],
  ["2 minutes", 120],
  ["2min", 120],
  ["3 h", 10_800],
  ["3 hours", 10_800],
  ["2 days", 2 * DAY],
  ["1w", 7 * DAY],
  ["2 Weeks", 14 * DAY],
  ["1 month", 31 * DAY],
  ["6 mon", 186 * DAY],
  ["1 year", 365.2425 * DAY],
  [" 10 d ", 10 * DAY],
  ["90", undefined, 90],
  ["5m", undefined, 155 * DAY],
  ["3 mo", undefined, 93 * DAY],
  ["2 mi", undefined, 120],
  ["soon", undefined],
  ["", undefined],
  ["1 fortnight", undefined],
  ["1.5 hours", undefined],
  ["two days", undefined],
  ["-2 days", undefined],
];

for (const [value, seconds, lax] of periods) {
  test(`period ${JSON.stringify(value)} is ${seconds ?? lax ?? "none"}`, () => {
    assert.equal(parsePeriod(value), seconds);
    assert.deepEqual(readPeriod(value)?.seconds, seconds ?? lax);
  });
}
