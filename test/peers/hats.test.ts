/** slixmpp makes a hat and gives it to somebody. */
import assert from "node:assert/strict";
import { resolve } from "node:path";
import { test } from "node:test";
import { Accounts } from "../../core/hosts/accounts.js";
import { SCENARIO_CONFIG, startService } from "../../core/testing/service.js";
import { xml } from "../../core/index.js";
import { startChild } from "../support/child.js";
import { needs } from "../support/required.js";
import { createRoom, enter, request } from "../support/rooms.js";
import { slixmppIsMissing } from "./slixmpp.js";

const ROOM = "lobby@conference.localhost";
/** The program stays where it is written: this file runs from `dist`. */
const PROGRAM = resolve(import.meta.dirname, "../../../test/peers/slixmpp_hats.py");

test(
  "slixmpp finds the commands of a room, makes a hat, gives it to somebody, and sees it",
  needs(slixmppIsMissing()),
  async () => {
    const modules = 'modules_enabled = { "muc_hats_adhoc" }';
    await using service = await startService({
      config: `authentication = "internal_hashed"; ${SCENARIO_CONFIG}\n${modules}`,
    });
    await new Accounts(service.service.hosts).create("kim", "localhost", "kim's password");
    const [ines, tom] = [service.client("ines@localhost"), service.client("tom@localhost")];
    await createRoom(ines, "Inês", {}, { room: ROOM });
    const item = xml("item", { jid: "kim@localhost", affiliation: "admin" });
    await request(ines, "set", xml("query", { xmlns: "http://jabber.org/protocol/muc#admin" }, item), ROOM);
    await enter(tom, "Tom", { room: ROOM });
    const hatter = startChild("/usr/bin/python3", [
      PROGRAM,
      "kim@localhost",
      "kim's password",
      String(service.clientPort),
      ROOM,
      "Kim",
      "tom@localhost",
    ]);
    try {
      assert.equal(await hatter.exited, 0, hatter.output);
      assert.deepEqual(hatter.output.trim().split("\n"), [
        "offered: assign create destroy list list-assigned unassign",
        "create: executing, asks for FORM_TYPE hats#hue hats#title hats#uri",
        "create: completed",
        "assign: executing, asks for FORM_TYPE hats#jid hats#uri",
        "assign: completed",
        "worn: Host by Tom, who has an id: True",
        "done",
      ]);
    } finally {
      await hatter.stop();
    }
  },
);
