/** Messages that a module keeps back until something has happened: everything else of the room stays in order behind. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { xml, type Element } from "../../../core/index.js";
import { FakeClock } from "../../../core/testing/fake-clock.js";
import { FaultyDisk } from "../../../core/testing/storage-faults.js";
import type { TestService } from "../../../core/testing/service.js";
import {
  briefly,
  create,
  hook,
  join,
  joining,
  person,
  roomOf,
  saying,
  SERVICE,
  settled,
  startRooms,
} from "../../support/room-engine.js";

interface Held {
  readonly body: string;
  readonly release: () => void;
  readonly fail: (error: Error) => void;
}

/** Keeps back every message whose body ends with an ellipsis. */
function holding(service: TestService): Held[] {
  const held: Held[] = [];
  hook(service, "muc-broadcast-message", ({ stanza, holdUntil }) => {
    const body = stanza.getChildText("body") ?? "";
    if (!body.endsWith("…")) return undefined;
    holdUntil(
      new Promise<void>((release, fail) => {
        held.push({ body, release, fail });
      }),
    );
    return undefined;
  });
  return held;
}

const leaving = `<presence type="unavailable" to="r@${SERVICE}/Ben"/>`;
const asking = `<iq type="get" id="q" to="r@${SERVICE}"><query xmlns="http://jabber.org/protocol/disco#info"/></iq>`;

test("what a room sends after a message that is kept back comes after it, answers too; other rooms go on", async () => {
  await using service = await startRooms();
  const held = holding(service);
  const [ada, ben] = [person(service, "ada"), person(service, "ben")];
  create(ada, "r", "Ada");
  create(ada, "other", "Ada");
  join(ben, "r", "Ben");
  ada.inbox.takeAll();

  for (const text of ["one…", "two", "three…"]) ben.send(saying("r", text));
  ben.send(asking);
  ben.send(leaving);
  ada.send(saying("other", "elsewhere"));
  await settled(service);
  assert.deepEqual(briefly(ada), ["message groupchat Ada elsewhere"]);
  assert.deepEqual(briefly(ben), []);
  assert.equal(roomOf(service, "r").occupantCount, 1, "the room went on");

  assert.deepEqual(
    held.map(({ body }) => body),
    ["one…", "three…"],
  );
  held[1]?.release();
  await settled(service);
  assert.deepEqual(briefly(ada), [], "the first is still held");
  held[0]?.release();
  await settled(service);
  assert.deepEqual(briefly(ada), [
    "message groupchat Ben one…",
    "message groupchat Ben two",
    "message groupchat Ben three…",
    "presence unavailable Ben",
  ]);
  assert.deepEqual(briefly(ben), [
    "message groupchat Ben one…",
    "message groupchat Ben two",
    "message groupchat Ben three…",
    "iq result",
    "presence unavailable Ben 110",
  ]);
});

test("a message that cannot be let go reaches nobody, its sender is told, and history forgets it", async () => {
  await using service = await startRooms();
  const held = holding(service);
  const [ada, ben] = [person(service, "ada"), person(service, "ben")];
  create(ada, "r", "Ada");
  join(ben, "r", "Ben");
  ada.inbox.takeAll();

  ben.send(saying("r", "lost…"));
  ada.send(saying("r", "found"));
  held[0]?.fail(new Error("no space left on device"));
  await settled(service);
  assert.deepEqual(briefly(ada), ["message groupchat Ada found"]);
  assert.deepEqual(briefly(ben), ["message internal-server-error", "message groupchat Ada found"]);
  const cy = person(service, "cy");
  cy.send(joining("r", "Cy"));
  assert.deepEqual(
    briefly(cy).filter((line) => line.startsWith("message groupchat")),
    ["message groupchat Ada found", "message groupchat"],
    "the other message, and the subject",
  );
});

test("a message that is kept back and forgotten silences nobody for good", async () => {
  const clock = new FakeClock();
  await using service = await startRooms({ clock });
  holding(service);
  const ada = person(service, "ada");
  create(ada, "r", "Ada");
  ada.send(saying("r", "forgotten…"));
  ada.send(saying("r", "next"));
  clock.advanceSeconds(29);
  await settled(service);
  assert.deepEqual(briefly(ada), []);
  clock.advanceSeconds(2);
  await settled(service);
  assert.deepEqual(briefly(ada), ["message internal-server-error", "message groupchat Ada next"]);
});

test("a message that could not be let go does not come back with a step that is taken back, and keep all others back", async () => {
  const disk = new FaultyDisk();
  await using service = await startRooms({ storage: await disk.open() });
  const held = holding(service);
  const ada = person(service, "ada");
  create(ada, "r", "Ada", { persistentroom: "1" });
  await settled(service);
  const room = roomOf(service, "r");
  ada.send(saying("r", "lost…"));
  // A step that changes the history, too, begins before the message is given up, and fails after that.
  const commits = disk.holdSyncedCommits();
  const step = room.run(() => {
    room.setName("Attic");
    room.setHistory([...room.getHistory(), { stanza: xml("message", { from: room.jid }), timestamp: 0 }]);
  });
  await commits.arrived();
  held[0]?.fail(new Error("no space left on device"));
  await setImmediate();
  disk.failSyncedCommits();
  commits.release();
  await assert.rejects(Promise.resolve(step));
  disk.repair();
  assert.deepEqual(room.getHistory(), []);
  const cy = person(service, "cy");
  cy.send(joining("r", "Cy"));
  cy.send(saying("r", "found"));
  await settled(service);
  assert.deepEqual(briefly(cy), ["presence Ada", "presence Cy 110", "message groupchat", "message groupchat Cy found"]);
});

test("who comes while a message is kept back gets it as history or as a message, once", async () => {
  await using service = await startRooms();
  const held = holding(service);
  const [ada, ben] = [person(service, "ada"), person(service, "ben")];
  create(ada, "r", "Ada");
  ada.send(saying("r", "wait…"));
  ben.send(joining("r", "Ben"));
  assert.deepEqual(briefly(ben), []);
  held[0]?.release();
  await settled(service);
  assert.deepEqual(briefly(ben), [
    "presence Ada",
    "presence Ben 110",
    "message groupchat Ada wait…",
    "message groupchat",
  ]);
});

test("a crowd gets a message that was kept back, and the next, in order, however many turns it takes", async () => {
  await using service = await startRooms();
  const held = holding(service);
  const ada = person(service, "ada");
  create(ada, "r", "Ada");
  const crowd = Array.from({ length: 50 }, (_, i) => person(service, `p${i}`));
  for (const [i, client] of crowd.entries()) join(client, "r", `P${i}`);
  for (const client of [ada, ...crowd]) client.inbox.takeAll();
  for (let i = 0; i < 200; i++) ada.send(saying("r", i % 50 === 0 ? `${i}…` : String(i)));
  for (const { release } of held) release();
  await settled(service);
  const expected = Array.from({ length: 200 }, (_, i) => `message groupchat Ada ${i}${i % 50 === 0 ? "…" : ""}`);
  for (const client of crowd) assert.deepEqual(briefly(client), expected, client.jid);
});

test("a failed step takes its kept messages with it", async () => {
  await using service = await startRooms();
  holding(service);
  const ada = person(service, "ada");
  create(ada, "r", "Ada");
  const room = roomOf(service, "r");
  const calls: string[] = [];
  await assert.rejects(async () => {
    await room.run(() => {
      room.onCommit(() => calls.push("committed"));
      room.broadcastMessage(message("never…"));
      throw new Error("changed my mind");
    });
  });
  await settled(service);
  assert.deepEqual(briefly(ada), []);
  await room.run(() => {
    room.onCommit(() => calls.push("committed"));
    room.broadcastMessage(message("now"));
    assert.deepEqual(calls, []);
  });
  assert.deepEqual(calls, ["committed"]);
  assert.deepEqual(briefly(ada), ["message groupchat now"]);
});

function message(body: string): Element {
  return xml("message", { type: "groupchat" }, xml("body", {}, body));
}
