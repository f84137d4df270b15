/** A module is loaded again while people talk. */
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { getChild } from "chorus-muc";
import { joinRoom } from "chorus-muc/muc";
import type { FakeClient } from "../../../core/testing/fake-client.js";
import { startService, type TestService } from "../../../core/testing/service.js";
import { enter, say } from "../../support/room-stanzas.js";

const HOST = "conference.localhost";
const ROOM = `lounge@${HOST}`;

/** Counts the messages of each room, over reloads, too; `load` may be broken. */
const counter = (load = ""): string => `
  export default class Counter {
    static inject = "module";
    counts = new Map();
    constructor(module) { this.module = module; }
    save() { return this.counts; }
    restore(counts) { this.counts = counts; }
    async load() {
      await new Promise((resolve) => setImmediate(resolve));
      ${load}
      this.module.hook("muc-broadcast-message", ({ room, stanza }) => {
        if (stanza.getChild("body")) this.counts.set(room.jid, (this.counts.get(room.jid) ?? 0) + 1);
      });
      this.module.hook("muc-occupant-pre-join", ({ occupant }) =>
        occupant.nick.endsWith("/Intruder") ? false : undefined, 10);
    }
  }`;

let folder: string;
let service: TestService;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "chorus-reload-"));
  await writeFile(join(folder, "mod_counter.mjs"), counter());
  service = await startService({
    config: `VirtualHost "localhost"
      Component "${HOST}" "muc"
      muc_room_locking = false
      modules_enabled = { "counter" }`,
    pluginPaths: [folder],
    listen: false,
  });
});
afterEach(async () => {
  await service.stop();
  await rm(folder, { recursive: true, force: true });
});

async function inside(user: string): Promise<FakeClient> {
  const client = service.client(`${user}@localhost`);
  await joinRoom(client, ROOM, user);
  await client.see('<message type="groupchat"><subject/></message>');
  return client;
}

const reload = (name = "counter"): Promise<void> => service.service.modules.reload(HOST, name);
const counted = (): number | undefined =>
  (service.service.modules.exportsOf(HOST, "counter") as { counts: Map<string, number> }).counts.get(ROOM);

/** The bodies of the next messages, each with the nick of who said it. */
async function hear(client: FakeClient, count: number): Promise<string[]> {
  const heard: string[] = [];
  while (heard.length < count) {
    const stanza = await client.receive();
    const body = getChild(stanza, "body")?.text();
    if (body !== undefined) heard.push(`${String(stanza.attrs["from"])}: ${body}`);
  }
  return heard;
}

describe("reload", () => {
  it("loses no message and no occupant, fifty times under load, and passes its state on", async () => {
    const names = ["ada", "ben", "cleo", "dan"];
    const clients: FakeClient[] = [];
    for (const name of names) clients.push(await inside(name));
    let sent = 0;
    const talk = (): void => {
      for (const client of clients) client.send(say(ROOM, String(sent++)));
    };
    for (let round = 0; round < 50; round++) {
      const name = ["counter", "muc_subject", "muc_occupant_id"][round % 3];
      const done = reload(name);
      talk();
      await new Promise((resolve) => setImmediate(resolve));
      talk();
      await done;
      talk();
    }
    const expected = Array.from({ length: sent }, (_, n) => `${ROOM}/${names[n % names.length] ?? ""}: ${n}`);
    for (const client of clients) assert.deepEqual(await hear(client, sent), expected);
    assert.equal(counted(), sent);
  });

  it("lets nobody pass in between whom the module would refuse", async () => {
    await inside("ada");
    const intruder = service.client("eve@localhost");
    const done = reload();
    for (let turn = 0; turn < 10; turn++) {
      intruder.send(enter(ROOM, "Intruder"));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await done;
    await intruder.expectNothing();
  });

  it("leaves the old module where the new one does not load, state and all", async () => {
    const ada = await inside("ada");
    ada.send(say(ROOM, "one"));
    await hear(ada, 1);
    await writeFile(join(folder, "mod_counter.mjs"), counter('throw new Error("not finished");'));
    await assert.rejects(reload(), /MODULE_FAILED: mod_counter failed to load \(.*mod_counter\.mjs:\d+\)/);
    ada.send(say(ROOM, "two"));
    await hear(ada, 1);
    assert.equal(counted(), 2);
  });
});
