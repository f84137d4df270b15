import { test } from "node:test";
import { assertNothingFound } from "../assert-nothing-found.js";
import { configTarget } from "./target.js";

test("whatever a configuration says, reading it ends, and each problem has its place", async () => {
  await assertNothingFound(configTarget, 12);
});
