import { test } from "node:test";
import { assertNothingFound } from "../assert-nothing-found.js";
import { dataTarget } from "./target.js";

test("whatever the data of another server is like, it is read or refused", async () => {
  await assertNothingFound(dataTarget, 1500);
});
