/** slixmpp reads the archive of a room. */
import assert from "node:assert/strict";
import { resolve } from "node:path";
import { test } from "node:test";
import { Accounts } from "../../core/hosts/accounts.js";
import { SCENARIO_CONFIG, startService } from "../../core/testing/service.js";
import { sayIn } from "../support/archives.js";
import { startChild } from "../support/child.js";
import { needs } from "../support/required.js";
import { createRoom, enter } from "../support/rooms.js";
import { slixmppIsMissing } from "./slixmpp.js";

const ROOM = "lobby@conference.localhost";
/** The program stays where it is written: this file runs from `dist`. */
const PROGRAM = resolve(import.meta.dirname, "../../../test/peers/slixmpp_archive.py");

test(
  "slixmpp pages through an archive, both ways and by sender and time, and learns its fields and ends",
  needs(slixmppIsMissing()),
  async () => {
    const config = `authentication = "internal_hashed"; ${SCENARIO_CONFIG}\nmodules_enabled = { "muc_mam" }`;
    await using service = await startService({ config });
    await new Accounts(service.service.hosts).create("kim", "localhost", "kim's password");
    const ines = service.client("ines@localhost");
    await createRoom(ines, "Inês", {}, { room: ROOM });
    const tom = service.client("tom@localhost");
    await enter(tom, "Tom", { room: ROOM });
    const ids = await sayIn(ROOM, ines, "one", "two");
    ids.push(...(await sayIn(ROOM, tom, "three")), ...(await sayIn(ROOM, ines, "four", "five")).slice(-2));
    const reader = startChild("/usr/bin/python3", [
      PROGRAM,
      "kim@localhost",
      "kim's password",
      String(service.clientPort),
      ROOM,
    ]);
    try {
      assert.equal(await reader.exited, 0, reader.output);
      assert.deepEqual(reader.output.trim().split("\n"), [
        "forwards: one two three four five",
        "backwards: five four three two one",
        "of one: three",
        "of oneself:",
        "of all: one two three four five",
        "later:",
        "unknown: cancel/item-not-found",
        "hidden: auth/forbidden",
        "page: 2 of 5, complete: False",
        "fields: FORM_TYPE with start end before-id after-id ids",
        `ends: ${String(ids[0])} ${String(ids.at(-1))}`,
        "done",
      ]);
    } finally {
      await reader.stop();
    }
  },
);
