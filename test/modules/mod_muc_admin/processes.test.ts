/** `chorusctl muc …` as the operator calls it: real processes, with a running server and without. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { chorus, run, serverFolder, SMALL_CONFIG, type ServerFolder } from "../../support/cli.js";

const CONFIG = `${SMALL_CONFIG}
Component "rooms.localhost" "muc"
Component "talk.localhost" "muc"
`;
const ROOM = "garten@rooms.localhost";

/** Runs a command that has to be done. @returns what it printed */
async function done(folder: ServerFolder, ...words: string[]): Promise<string> {
  const { status, stdout, stderr } = await run(folder, ["muc", ...words]);
  assert.deepEqual([status, stderr], [0, ""], words.join(" "));
  return stdout;
}

async function json(folder: ServerFolder, ...words: string[]): Promise<unknown> {
  return JSON.parse(await done(folder, ...words, "--json"));
}

/** Makes a room, looks at it, changes it, and destroys it. */
async function lifeOfARoom(folder: ServerFolder): Promise<void> {
  assert.equal(
    await done(
      folder,
      "create",
      "Garten@rooms.localhost",
      "--persistent",
      "--owner=ada@localhost",
      "roomname=Mein Garten",
    ),
    `${ROOM} is created\n`,
  );
  assert.equal(
    await done(folder, "list"),
    "ROOM                    OCCUPANTS  PUBLIC  PERSISTENT  NAME\n" +
      "garten@rooms.localhost  0          no      yes         Mein Garten\n",
  );
  assert.equal(await done(folder, "config", ROOM, "roomname"), "Mein Garten\n");
  assert.deepEqual(await json(folder, "config", ROOM, "roomname=A\tB", "muc#roomconfig_publicroom=1"), {
    "muc#roomconfig_roomname": "A\tB",
    "muc#roomconfig_publicroom": true,
  });
  assert.match(await done(folder, "list", "--public"), /yes {9}A\\tB\n$/);
  await done(folder, "set-affiliation", ROOM, "Ben@localhost", "member", "--nick", "Ben", "--reason=works here");
  assert.deepEqual(await json(folder, "affiliations", ROOM), [
    { jid: "ada@localhost", affiliation: "owner", nick: null, reason: null },
    { jid: "ben@localhost", affiliation: "member", nick: "Ben", reason: "works here" },
  ]);
  assert.equal((await done(folder, "affiliations", ROOM, "--affiliation", "owner")).split("\n").length, 3);
  const { owners, members, persistent } = (await json(folder, "info", ROOM)) as Record<string, unknown>;
  assert.deepEqual({ owners, members, persistent }, { owners: 1, members: 1, persistent: true });
  assert.deepEqual(await json(folder, "occupants", ROOM), []);
  await done(folder, "destroy", ROOM, "--reason", "winter", "--newjid", "haus@talk.localhost");
  assert.deepEqual(await json(folder, "list"), []);
}

describe("chorusctl muc", () => {
  it("works on the data when no server runs", async () => {
    await using folder = await serverFolder(CONFIG);
    await lifeOfARoom(folder);
    const { status, stderr } = await run(folder, ["muc", "create", "zelt@rooms.localhost"]);
    assert.equal(status, 1);
    assert.match(stderr, /without a running server only a room that is persistent can be made/);
  });

  it("works on the running server, and what it changed is there after a restart", async () => {
    await using folder = await serverFolder(CONFIG);
    const server = chorus(folder);
    await server.printed(/chorus ready/);
    await lifeOfARoom(folder);
    await done(folder, "create", "haus@talk.localhost", "--persistent", "roomdesc=one\ntwo");
    await done(folder, "create", "zelt@rooms.localhost");
    assert.deepEqual(
      ((await json(folder, "list")) as { jid: string; host: string }[]).map(({ jid, host }) => [jid, host]),
      [
        ["zelt@rooms.localhost", "rooms.localhost"],
        ["haus@talk.localhost", "talk.localhost"],
      ],
    );
    assert.equal(await server.stop("SIGKILL"), "SIGKILL");
    assert.equal(await done(folder, "config", "haus@talk.localhost", "roomdesc"), "one\ntwo\n");
    assert.match(
      await done(folder, "list", "rooms.localhost"),
      /^ROOM[^\n]*\n$/,
      "a temporary room ends with the server",
    );
  });

  it("says who holds the database when the server cannot be asked", async () => {
    await using folder = await serverFolder(`modules_disabled = { "admin_socket" }\n${CONFIG}`);
    const server = chorus(folder);
    await server.printed(/chorus ready/);
    const { status, stderr } = await run(folder, ["muc", "list"]);
    assert.equal(status, 1);
    assert.match(stderr, new RegExp(`process ${server.pid};.*nobody answers`));
  });
});
