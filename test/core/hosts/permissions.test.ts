/** Who may do what, over a configuration that is read again. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Permissions, type PermissionSettings } from "../../../core/hosts/permissions.js";
import { ROOM, createRoom, errorOf, enter, request, startRooms } from "../../support/rooms.js";
import { childElements, xml } from "../../../core/index.js";

const SETTINGS: PermissionSettings = {
  host: "rooms.example",
  type: "component",
  operators: new Set(["admin@example"]),
  admins: new Set(),
  parentHost: "example",
  hostUserRole: "prosody:registered",
  serverUserRole: "prosody:guest",
  publicUserRole: "prosody:guest",
  granted: new Map(),
  revoked: new Map(),
  isServedHere: () => false,
};

test("what modules allow is still allowed when the configuration was read again (SIGHUP)", async () => {
  await using server = await startRooms(`restrict_room_creation = "local"; muc_room_default_public = true`);
  const service = xml("query", { xmlns: "http://jabber.org/protocol/disco#items" });
  server.service.configReloaded();
  const owner = server.client("owner@example/1");
  await createRoom(owner, "Owner");
  const [list] = await request(server.client("stranger@elsewhere.example/1"), "get", service, "rooms.example");
  assert.deepEqual(
    childElements(childElements(list)[0] ?? xml("query")).map(({ attrs }) => String(attrs["jid"])),
    [ROOM],
  );
  const [refused] = await enter(server.client("guest@elsewhere.example/1"), "Guest", { room: "new@rooms.example" });
  assert.equal(errorOf(refused), "cancel/not-allowed");
});

test("the settings are those of the latest configuration", () => {
  const permissions = new Permissions(SETTINGS);
  permissions.grant("prosody:admin", "x:y");
  assert.equal(permissions.may(permissions.roleOf("new@example"), "x:y"), false);
  permissions.configure({ ...SETTINGS, operators: new Set(["new@example"]) });
  assert.equal(permissions.may(permissions.roleOf("new@example"), "x:y"), true);
  assert.equal(permissions.may(permissions.roleOf("admin@example"), "x:y"), false);
});

test("the host itself, in whose name the operator acts, may do everything; its users and rooms do not get that", () => {
  const permissions = new Permissions(SETTINGS);
  assert.equal(permissions.roleOf("rooms.example"), "prosody:operator");
  for (const jid of ["attic@rooms.example", "attic@rooms.example/Ada", "example", "other.rooms.example"]) {
    assert.notEqual(permissions.roleOf(jid), "prosody:operator", jid);
  }
});

test("what a module allows goes with the module, unless another one allows it, too", () => {
  const permissions = new Permissions(SETTINGS);
  const first = permissions.grant("prosody:registered", "x:y");
  const second = permissions.grant("prosody:registered", "x:y");
  first();
  assert.equal(permissions.may("prosody:registered", "x:y"), true);
  second();
  assert.equal(permissions.may("prosody:registered", "x:y"), false);
});

test("the configuration grants and revokes, whatever modules allow", () => {
  const granted = new Map([["x:more", new Set(["prosody:guest"] as const)]]);
  const revoked = new Map([["x:less", new Set(["prosody:guest"] as const)]]);
  const permissions = new Permissions({ ...SETTINGS, granted, revoked });
  permissions.grant("prosody:guest", "x:less");
  assert.equal(permissions.may("prosody:guest", "x:more"), true);
  assert.equal(permissions.may("prosody:guest", "x:less"), false);
});
