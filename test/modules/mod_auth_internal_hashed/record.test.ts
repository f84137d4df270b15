import assert from "node:assert/strict";
import { test } from "node:test";
import {
  completed,
  fits,
  keysOf,
  preparePassword,
  withPassword,
} from "../../../modules/mod_auth_internal_hashed/record.js";

// An account of Prosody with the password "secret".
const OF_PROSODY = {
  salt: "16ffdeed-d8dc-4b74-b727-da4c219ba36b",
  iteration_count: 10000,
  stored_key: "9348c4c2c2114d8f8fd03d29188c6fb632b88c75",
  server_key: "1e876427f8eb2dcd1e91c9ffc71357a982fca692",
  created: 1795216984,
  updated: 1795216984,
};

test("an account that came from Prosody opens with its password, and with no other", async () => {
  const keys = keysOf(OF_PROSODY, "sha1");
  assert.ok(keys);
  assert.equal(keysOf(OF_PROSODY, "sha256"), undefined);
  assert.equal(await fits("secret", keys, "sha1"), true);
  assert.equal(await fits("Secret", keys, "sha1"), false);
});

test("keys of SHA-256 are added beside Prosody's own, which stay as they are", async () => {
  const full = await completed(OF_PROSODY, "secret");
  assert.deepEqual(
    { ...full, stored_key_sha256: undefined, server_key_sha256: undefined },
    {
      ...OF_PROSODY,
      stored_key_sha256: undefined,
      server_key_sha256: undefined,
    },
  );
  const keys = keysOf(full, "sha256");
  assert.ok(keys);
  assert.equal(await fits("secret", keys, "sha256"), true);
});

test("an account whose Prosody used SHA-256 is known by the length of its keys", async () => {
  const made = await withPassword({}, "secret", 4096, 1000);
  const { stored_key_sha256: stored_key, server_key_sha256: server_key, salt, iteration_count } = made;
  const record = { stored_key, server_key, salt, iteration_count } as typeof OF_PROSODY;
  assert.equal(keysOf(record, "sha1"), undefined);
  const keys = keysOf(record, "sha256");
  assert.ok(keys && (await fits("secret", keys, "sha256")));
});

test("a new password replaces every key, never lowers the iterations, and keeps what else is stored", async () => {
  const changed = await withPassword({ ...OF_PROSODY, password: "clear", note: "kept" }, "other", 4096, 2000);
  assert.equal(changed["note"], "kept");
  assert.equal(changed.password, undefined);
  assert.equal(changed.iteration_count, 10000);
  assert.equal(changed.created, OF_PROSODY.created);
  assert.equal(changed.updated, 2000);
  assert.notEqual(changed.salt, OF_PROSODY.salt);
  const keys = keysOf(changed, "sha1");
  assert.ok(keys && (await fits("other", keys, "sha1")));
});

test("passwords are prepared by SASLprep (RFC 4013)", () => {
  assert.equal(preparePassword("Ⅸ"), "IX");
  assert.equal(preparePassword("a\u00adb"), "ab");
  assert.equal(preparePassword("a\u0007b"), undefined);
  assert.equal(preparePassword(""), undefined);
});
