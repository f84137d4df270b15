import assert from "node:assert/strict";
import { test } from "node:test";
import {
  configurationForm,
  configure,
  createRoom,
  discover,
  enter,
  errorOf,
  errorText,
  startRooms,
} from "../support/rooms.js";

const OPTIONS = `modules_enabled = { "muc_config_restrict" }
  muc_config_restricted = { "muc#roomconfig_persistentroom", "muc#roomconfig_membersonly", "muc#roomconfig_roomsecret", "FORM_TYPE" }`;

test("muc_config_restricted: owners neither see nor change these fields; the rest of their form counts", async () => {
  await using service = await startRooms(OPTIONS);
  const ada = service.client("ada@example/x");
  await createRoom(ada, "Ada");
  const form = await configurationForm(ada);
  assert.equal(form.has("muc#roomconfig_membersonly") || form.has("muc#roomconfig_persistentroom"), false);
  assert.ok(form.has("muc#roomconfig_moderatedroom") && form.has("FORM_TYPE"));
  const [answer] = await configure(ada, { "muc#roomconfig_membersonly": "1", "muc#roomconfig_moderatedroom": "1" });
  assert.equal(answer.attrs["type"], "result");
  const { features } = await discover(ada);
  assert.ok(features.has("muc_open") && features.has("muc_moderated"));
  const [invalid] = await configure(ada, { "muc#roomconfig_membersonly": "perhaps" });
  assert.equal(invalid.attrs["type"], "result", "what one may not set is ignored, whatever it is");
});

test("administrators of the service, and who else was given the permission, see and change them", async () => {
  const given = `add_permissions = { ["prosody:registered"] = { "muc_config_restrict:change-restricted-options" } }`;
  for (const [name, options] of [
    ["admin", OPTIONS],
    ["ada", `${OPTIONS}; ${given}`],
  ] as const) {
    await using service = await startRooms(options);
    const owner = service.client(`${name}@example/x`);
    await createRoom(owner, "Owner", { "muc#roomconfig_membersonly": "1" });
    assert.ok((await discover(owner)).features.has("muc_membersonly"), name);
  }
});

test("a password cannot be brought with the creating presence either", async () => {
  await using service = await startRooms(OPTIONS);
  const ada = service.client("ada@example/x");
  const refused = (await enter(ada, "Ada", { password: "tumbler" })).at(-1);
  assert.equal(errorOf(refused), "cancel/not-allowed");
  assert.match(errorText(refused) ?? "", /passwords/);
  assert.equal(errorOf((await enter(ada, "Ada")).at(-1)), undefined, "the room was not made");
  const admin = service.client("admin@example/x");
  const room = "cellar@rooms.example";
  assert.equal(errorOf((await enter(admin, "Admin", { password: "tumbler", room })).at(-1)), undefined);
  assert.ok((await discover(admin, room)).features.has("muc_passwordprotected"));
});
