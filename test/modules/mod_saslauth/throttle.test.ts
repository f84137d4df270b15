import assert from "node:assert/strict";
import { test } from "node:test";
import { LoginThrottle } from "../../../modules/mod_saslauth/throttle.js";

test("who fails often waits longer each time; others do not, and it is forgotten", () => {
  let now = 0;
  const throttle = new LoginThrottle(() => now);
  const delays = Array.from({ length: 10 }, () => throttle.failed("192.0.2.1"));
  assert.deepEqual(delays, [0, 0, 0, 1, 2, 4, 8, 16, 16, 16]);
  assert.equal(throttle.failed("192.0.2.2"), 0);
  throttle.succeeded("192.0.2.1");
  assert.equal(throttle.failed("192.0.2.1"), 0);
  for (let i = 0; i < 5; i++) throttle.failed("192.0.2.1");
  now = 301;
  assert.equal(throttle.failed("192.0.2.1"), 0);
});
