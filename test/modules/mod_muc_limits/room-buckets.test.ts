import assert from "node:assert/strict";
import { test } from "node:test";
import type { BareJid } from "../../../core/index.js";
import { RoomBuckets } from "../../../modules/mod_muc_limits/room-buckets.js";

const [ben, cleo] = ["ben@example", "cleo@example"] as [BareJid, BareJid];
const ROOM = { rate: 1, burstSeconds: 4, baseCost: 1 };
const OCCUPANT = { rate: 0.5, burstSeconds: 4, baseCost: 1 };

test("nothing is left to be remembered of anybody, nor of the room, when their buckets are full again", () => {
  const buckets = new RoomBuckets(ROOM, OCCUPANT, 0);
  assert.equal(buckets.sweep(0), false, "nothing has happened");
  assert.equal(buckets.spend(ben, 2, 0), undefined);
  assert.equal(buckets.sweep(1000), true);
  assert.equal(buckets.sweep(3000), true, "the room is full, Ben is not");
  assert.equal(buckets.spendOwn(ben, 2, 3000), "occupant");
  assert.equal(buckets.sweep(4000), false);
  assert.equal(buckets.spendOwn(ben, 2, 4000), undefined);
});

test("a refusal by one of both takes nothing from the other", () => {
  const buckets = new RoomBuckets(ROOM, OCCUPANT, 0);
  assert.equal(buckets.spend(ben, 2, 0), undefined);
  assert.equal(buckets.spend(ben, 1, 0), "occupant");
  assert.equal(buckets.spend(cleo, 1, 0), undefined, "the room has two left");
  assert.equal(buckets.spendRoom(1, 0), undefined);
  assert.equal(buckets.spend(cleo, 1, 0), "room");
  assert.equal(buckets.spendOwn(cleo, 1, 0), undefined, "which has cost Cleo nothing");
});
