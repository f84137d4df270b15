import assert from "node:assert/strict";
import { fuzz } from "./fuzz.js";
import type { Target } from "./target.js";

/** A short run with the same inputs each time. @throws AssertionError with what was found */
export async function assertNothingFound(target: Target, runs: number): Promise<void> {
  const said: string[] = [];
  const { crashes, differences } = await fuzz({
    targets: [target],
    runs,
    seed: 1,
    isAlone: true,
    say: (line) => said.push(line),
  });
  assert.equal(crashes + differences, 0, said.join("\n"));
}
