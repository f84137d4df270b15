import assert from "node:assert/strict";
import { test } from "node:test";
import { getChild, type Element } from "../../core/index.js";
import type { TestService } from "../../core/testing/service.js";
import type { Muc } from "../../modules/mod_muc/index.js";
import { createRoom, enter, received, ROOM, startRooms } from "../support/rooms.js";

const HATS = {
  "urn:example:hat#host": { active: true, title: "Host" },
  "urn:example:hat#old": { active: false, title: "Former host" },
};

function give(service: TestService, jid: string, hats: unknown): void {
  const muc = service.service.modules.exportsOf("rooms.example", "muc") as Muc;
  muc.getLiveRoomFromJid(ROOM)?.setAffiliationData(jid, "hats", hats);
}

function hatsIn(stanza: Element | undefined, xmlns = "urn:xmpp:hats:0"): string | undefined {
  return stanza && getChild(stanza, "hats", xmlns)?.toString();
}

test("XEP-0317: active hats are in the presence, and clients cannot put any there", async () => {
  await using service = await startRooms();
  const [ada, ben] = [service.client("ada@example"), service.client("ben@example")];
  await createRoom(ada, "Ada");
  give(service, "ada@example", HATS);
  const [first] = await enter(ben, "Ben");
  assert.equal(hatsIn(first), '<hats xmlns="urn:xmpp:hats:0"><hat uri="urn:example:hat#host" title="Host"/></hats>');
  await received(ada);
  ben.send(
    `<presence to="${ROOM}/Ben"><hats xmlns="urn:xmpp:hats:0"><hat uri="urn:example:hat#host" title="Host"/></hats></presence>`,
  );
  await received(ben);
  const [forged] = await received(ada);
  assert.equal(hatsIn(forged), undefined);
});

test("muc_hats_compat: the older namespace, too", async () => {
  await using service = await startRooms("muc_hats_compat = true");
  const [ada, ben] = [service.client("ada@example"), service.client("ben@example")];
  await createRoom(ada, "Ada");
  give(service, "ada@example", HATS);
  const [first] = await enter(ben, "Ben");
  assert.ok(hatsIn(first) && hatsIn(first, "xmpp:prosody.im/protocol/hats:1"));
});
