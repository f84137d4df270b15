/** slixmpp moderates a room. */
import assert from "node:assert/strict";
import { resolve } from "node:path";
import { test } from "node:test";
import { Accounts } from "../../core/hosts/accounts.js";
import { SCENARIO_CONFIG, startService } from "../../core/testing/service.js";
import { sayIn } from "../support/archives.js";
import { startChild } from "../support/child.js";
import { needs } from "../support/required.js";
import { createRoom, enter, request } from "../support/rooms.js";
import { xml } from "../../core/index.js";
import { slixmppIsMissing } from "./slixmpp.js";

const ROOM = "lobby@conference.localhost";
/** The program stays where it is written: this file runs from `dist`. */
const PROGRAM = resolve(import.meta.dirname, "../../../test/peers/slixmpp_moderation.py");

test(
  "slixmpp retracts somebody's message, is told of it, and finds the tombstone",
  needs(slixmppIsMissing()),
  async () => {
    const modules = 'modules_enabled = { "muc_mam", "muc_moderation" }';
    const config = `authentication = "internal_hashed"; ${SCENARIO_CONFIG}\n${modules}`;
    await using service = await startService({ config });
    await new Accounts(service.service.hosts).create("kim", "localhost", "kim's password");
    const [ines, tom] = [service.client("ines@localhost"), service.client("tom@localhost")];
    await createRoom(ines, "Inês", {}, { room: ROOM });
    const item = xml("item", { jid: "kim@localhost", affiliation: "admin" });
    await request(ines, "set", xml("query", { xmlns: "http://jabber.org/protocol/muc#admin" }, item), ROOM);
    await enter(tom, "Tom", { room: ROOM });
    await sayIn(ROOM, tom, "ham", "spam");
    const moderator = startChild("/usr/bin/python3", [
      PROGRAM,
      "kim@localhost",
      "kim's password",
      String(service.clientPort),
      ROOM,
      "Kim",
    ]);
    try {
      assert.equal(await moderator.exited, 0, moderator.output);
      // slixmpp 1.8.3 itself prints the delays of what it is shown on entering.
      const lines = moderator.output
        .trim()
        .split("\n")
        .filter((line) => !line.startsWith("<delay "));
      assert.deepEqual(lines, [
        "offered: True",
        "unknown: cancel/item-not-found",
        `told: True by ${ROOM}/Kim: Advertising`,
        `tombstone: '' ${ROOM}/Kim True`,
        "done",
      ]);
    } finally {
      await moderator.stop();
    }
  },
);
