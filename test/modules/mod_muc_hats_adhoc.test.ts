import assert from "node:assert/strict";
import { test } from "node:test";
import { getChild, xml, type Element } from "../../core/index.js";
import type { FakeClient } from "../../core/testing/fake-client.js";
import type { TestService } from "../../core/testing/service.js";
import { FaultyDisk } from "../../core/testing/storage-faults.js";
import {
  administrate,
  createRoom,
  enter,
  errorOf,
  received,
  request,
  ROOM,
  startRooms,
  submission,
  type Fields,
} from "../support/rooms.js";

const COMMANDS = "urn:xmpp:hats:commands";
const HOST = "urn:example:hat#host";
const PERSISTENT = { "muc#roomconfig_persistentroom": "1" };

async function run(client: FakeClient, name: string, fields: Fields): Promise<Element> {
  const xmlns = "http://jabber.org/protocol/commands";
  const payload = xml("command", { xmlns, node: `${COMMANDS}:${name}` }, submission(COMMANDS, fields));
  return (await request(client, "set", payload))[0];
}

function make(client: FakeClient, uri = HOST): Promise<Element> {
  return run(client, "create", { "hats#title": "Host", "hats#uri": uri, "hats#hue": "12.5" });
}

function give(client: FakeClient, jid: string): Promise<Element> {
  return run(client, "assign", { "hats#jid": jid, "hats#uri": HOST });
}

function start(options = "", more: Parameters<typeof startRooms>[1] = {}): Promise<TestService> {
  return startRooms(`modules_enabled = { "muc_hats_adhoc" }; ${options}`, more);
}

/** The hats in somebody's own presence. */
async function wornBy(client: FakeClient, nick: string): Promise<string | undefined> {
  const own = (await enter(client, nick)).find(({ attrs }) => attrs["from"] === `${ROOM}/${nick}`);
  return own && getChild(own, "hats", "urn:xmpp:hats:0")?.toString();
}

const SHOWN = `<hats xmlns="urn:xmpp:hats:0"><hat uri="${HOST}" title="Host" hue="12.5"/></hats>`;

test("hats are stored before they are acknowledged, in Prosody's shape; after a restart people still have them", async () => {
  const disk = new FaultyDisk();
  const before = await start("", { storage: await disk.open() });
  const ada = before.client("ada@example");
  await createRoom(ada, "Ada", PERSISTENT);
  await make(ada);
  assert.equal((await give(ada, "ben@example")).attrs["type"], "result");
  await disk.cutPower();
  await before.stop().catch(() => undefined);
  const storage = await disk.open();
  const stored = await storage.openStore<Record<string, unknown>>("rooms.example", "config").get("attic");
  assert.deepEqual(stored?.["_affiliation_data"], {
    "ben@example": { hats: { [HOST]: { active: true, title: "Host", hue: 12.5 } } },
  });
  await using after = await start("", { storage });
  assert.equal(await wornBy(after.client("ben@example"), "Ben"), SHOWN);
  const again = await run(after.client("ada@example"), "unassign", { "hats#jid": "ben@example", "hats#uri": HOST });
  assert.equal(again.attrs["type"], "result");
});

test("a change that cannot be written is taken back, and nobody sees it", async () => {
  const disk = new FaultyDisk();
  await using service = await start("", { storage: await disk.open() });
  const [ada, ben] = [service.client("ada@example"), service.client("ben@example")];
  await createRoom(ada, "Ada", PERSISTENT);
  await make(ada);
  await enter(ben, "Ben");
  disk.failSyncedCommits();
  assert.equal(errorOf(await give(ada, "ben@example")), "cancel/internal-server-error");
  assert.deepEqual(await received(ben), []);
  disk.repair();
  assert.equal((await give(ada, "ben@example")).attrs["type"], "result");
  assert.match(String((await received(ben))[0]), /<hat /);
});

test("hats are somebody's whatever becomes of the affiliation", async () => {
  await using service = await start();
  const [ada, ben] = [service.client("ada@example"), service.client("ben@example")];
  await createRoom(ada, "Ada");
  await make(ada);
  await give(ada, "ben@example");
  for (const affiliation of ["member", "none", "outcast", "none"]) {
    await administrate(ada, { jid: "ben@example", affiliation });
  }
  assert.equal(await wornBy(ben, "Ben"), SHOWN);
});

test("a full JID is taken for its bare one, and what somebody has already is not given again", async () => {
  await using service = await start();
  const [ada, ben] = [service.client("ada@example"), service.client("ben@example")];
  await createRoom(ada, "Ada");
  await make(ada);
  await enter(ben, "Ben");
  await give(ada, "ben@example/anywhere");
  assert.equal((await received(ben)).length, 1);
  assert.equal((await give(ada, "ben@example")).attrs["type"], "result");
  assert.equal((await make(ada)).attrs["type"], "result");
  assert.deepEqual(await received(ben), [], "nothing has changed");
});

test("muc_hats_max: there is an end to the hats of a room, not to changes of them", async () => {
  await using service = await start("muc_hats_max = 1");
  const ada = service.client("ada@example");
  await createRoom(ada, "Ada");
  await make(ada);
  assert.equal(errorOf(await make(ada, "urn:example:hat#other")), "wait/resource-constraint");
  const changed = await run(ada, "create", { "hats#title": "Chair", "hats#uri": HOST });
  assert.equal(changed.attrs["type"], "result");
});

test("what every object has is no hat", async () => {
  await using service = await start();
  const ada = service.client("ada@example");
  await createRoom(ada, "Ada");
  await make(ada);
  await give(ada, "ben@example");
  for (const uri of ["constructor", "__proto__", "toString"]) {
    assert.equal(errorOf(await run(ada, "destroy", { "hats#uri": uri })), "modify/not-acceptable", uri);
    const fields = { "hats#jid": "ben@example", "hats#uri": uri };
    assert.equal(errorOf(await run(ada, "unassign", fields)), "modify/not-acceptable", uri);
    assert.equal(errorOf(await run(ada, "assign", fields)), "modify/not-acceptable", uri);
  }
});
