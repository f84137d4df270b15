import { test } from "node:test";
import { assertNothingFound } from "../assert-nothing-found.js";
import { stanzasTarget } from "./target.js";

test("whatever clients send, nothing throws, and each request is answered once", async () => {
  await assertNothingFound(stanzasTarget, 750);
});
