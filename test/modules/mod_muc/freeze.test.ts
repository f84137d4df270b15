/** Stored rooms, whoever wrote them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { thaw } from "../../../modules/mod_muc/freeze.js";

const JID = "r@rooms.example";
const DATA = { name: "R", subject_time: 1, unknown: { kept: true } };
const AFFILIATIONS = { "ada@example": "owner", "evil.example": "outcast" };

test("all three shapes of a stored room are the same room", () => {
  const expected = {
    _jid: JID,
    _data: DATA,
    _affiliations: AFFILIATIONS,
    _affiliation_data: { "ada@example": { reserved_nickname: "Ada" } },
  };
  const data = { _affiliation_data: { "ada@example": { reserved_nickname: "Ada" } } };
  const stored = {
    ours: { _jid: JID, _data: DATA, _affiliations: AFFILIATIONS, ...data },
    "Prosody's": { _jid: JID, _data: DATA, ...AFFILIATIONS, ...data },
    "Prosody's before 0.11": { jid: JID, _data: DATA, _affiliations: AFFILIATIONS, ...data },
  };
  for (const [whose, room] of Object.entries(stored)) assert.deepEqual(thaw(JID, room), expected, whose);
});

test("what is none of a room's is left out, and what is no room is none", () => {
  const odd = {
    _data: { a: 1 },
    "ada@example/phone": "owner",
    "ben@example": "king",
    "cy@example": { role: "moderator" },
    "dee@example": "none",
    "eve@example": "member",
  };
  assert.deepEqual(thaw(JID, odd)?._affiliations, { "eve@example": "member" });
  for (const none of [undefined, null, 1, "room", []]) assert.equal(thaw(JID, none), undefined);
});
