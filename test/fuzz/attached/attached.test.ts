import { test } from "node:test";
import { assertNothingFound } from "../assert-nothing-found.js";
import { attachedTarget } from "./target.js";

test("whatever a server passes on, nothing throws, each request is answered once, and the link stays up", async () => {
  await assertNothingFound(attachedTarget, 450);
});
