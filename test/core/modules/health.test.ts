/** A module that fails or is slow: the room goes on, and the operator is told. */
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { joinRoom } from "chorus-muc/muc";
import { FakeClock } from "../../../core/testing/fake-clock.js";
import type { FakeClient } from "../../../core/testing/fake-client.js";
import { startService, type TestService } from "../../../core/testing/service.js";
import { said, say } from "../../support/room-stanzas.js";

const ROOM = "lounge@conference.localhost";
const OTHER = "kitchen@conference.localhost";
const HOST = "conference.localhost";

/** Fails on every message of one room. */
const moody = (statics = ""): string => `
  export default class Moody {
    static inject = "module";
    ${statics}
    constructor(module) { this.module = module; }
    load() {
      this.module.hook("muc-occupant-groupchat", ({ room }) => {
        if (room.jid === "${ROOM}") throw new Error("not today");
      });
    }
  }`;

let folder: string;
let service: TestService;
let clock: FakeClock;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "chorus-health-"));
  clock = new FakeClock();
});
afterEach(async () => {
  await service.stop();
  await rm(folder, { recursive: true, force: true });
});

async function start(module: string, options = ""): Promise<void> {
  await writeFile(join(folder, "mod_moody.mjs"), module);
  service = await startService({
    config: `VirtualHost "localhost"
      Component "conference.localhost" "muc"
      muc_room_locking = false
      modules_enabled = { "moody" }
      ${options}`,
    pluginPaths: [folder],
    listen: false,
    clock,
  });
}

/** Enters a room, and is at the end of what it is told then. */
async function inside(user: string, room: string): Promise<FakeClient> {
  const client = service.client(`${user}@localhost/${room.split("@")[0] ?? ""}`);
  await joinRoom(client, room, user);
  await client.see('<message type="groupchat"><subject/></message>');
  return client;
}

async function fails(client: FakeClient, times: number): Promise<void> {
  for (let time = 0; time < times; time++) {
    client.send(say(ROOM, "hello"));
    await client.expect('<message type="error"><error type="cancel"/></message>');
  }
}

const health = (): ReturnType<typeof service.service.modules.healthOf> =>
  service.service.modules.healthOf(HOST, "moody");

describe("a module that fails again and again in one room", () => {
  it("is left out there, so that the room goes on, and is told of everything elsewhere", async () => {
    await start(moody());
    const ada = await inside("ada", ROOM);
    await fails(ada, 10);
    ada.send(say(ROOM, "hello"));
    await ada.expect(said(ROOM, "ada", "hello"));
    assert.deepEqual(health()?.disabledIn, [ROOM]);
    assert.equal(health()?.failures, 10);
    assert.deepEqual(health()?.status.slice(0, 2), [
      "error",
      `left out in ${ROOM} after 10 failures, until it is loaded again`,
    ]);
    const ben = await inside("ben", OTHER);
    ben.send(say(OTHER, "hello"));
    await ben.expect(said(OTHER, "ben", "hello"));
  });

  it("has another chance when it is loaded again", async () => {
    await start(moody());
    const ada = await inside("ada", ROOM);
    await fails(ada, 10);
    await service.service.modules.reload(HOST, "moody");
    await fails(ada, 1);
    assert.deepEqual(health()?.disabledIn, []);
  });

  it("is not left out for failures of another hour", async () => {
    await start(moody());
    const ada = await inside("ada", ROOM);
    await fails(ada, 9);
    clock.advanceSeconds(3601);
    await fails(ada, 9);
    assert.deepEqual(health()?.disabledIn, []);
  });

  it("is left out as soon as the operator says, or never", async () => {
    await start(moody(), "module_max_failures = 2");
    const ada = await inside("ada", ROOM);
    await fails(ada, 2);
    assert.deepEqual(health()?.disabledIn, [ROOM]);
    await service.stop();
    await start(moody(), "module_max_failures = 0");
    await fails(await inside("ada", ROOM), 20);
    assert.deepEqual(health()?.disabledIn, []);
  });

  it("goes on refusing when it guards something", async () => {
    await start(moody("static failsClosed = true;"));
    await fails(await inside("ada", ROOM), 20);
    assert.deepEqual(health()?.disabledIn, []);
  });
});

it("the time that each hook takes is known", async () => {
  await start(moody());
  const ben = await inside("ben", OTHER);
  for (let count = 0; count < 65; count++) {
    ben.send(say(OTHER, `${count}`));
    await ben.expect(said(OTHER, "ben", `${count}`));
  }
  const [cost, ...others] = health()?.costs ?? [];
  assert.deepEqual(others, []);
  assert.equal(cost?.event, "muc-occupant-groupchat");
  assert.equal(cost.priority, 0);
  assert.equal(cost.fires, 65);
  assert.ok((cost.averageMs ?? -1) >= 0);
  assert.ok(cost.maxMs >= (cost.averageMs ?? Infinity));
});
