/** Registrations that others interrupt: handlers that take their time, disks that fail, rooms that are not there. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { getChild, StanzaError, xml, type Element } from "../../../core/index.js";
import type { FakeClient } from "../../../core/testing/fake-client.js";
import { FaultyDisk } from "../../../core/testing/storage-faults.js";
import {
  administrate,
  createRoom,
  enter,
  errorOf,
  hook,
  received,
  request,
  ROOM,
  startRooms,
  submission,
  summary,
} from "../../support/rooms.js";

const NICK = "muc#register_roomnick";
const QUERY = { xmlns: "jabber:iq:register" };

function register(client: FakeClient, nick: string, room = ROOM): Promise<Element> {
  const form = submission("http://jabber.org/protocol/muc#register", { [NICK]: nick });
  return request(client, "set", xml("query", QUERY, form), room).then(([answer]) => answer);
}

async function registeredNick(client: FakeClient): Promise<string | undefined> {
  const [answer] = await request(client, "get", xml("query", QUERY));
  return getChild(answer, "query", QUERY.xmlns)?.getChildText("username") ?? undefined;
}

/** A gate that a handler waits at. */
function gate(): { readonly reached: Promise<void>; wait(): Promise<undefined>; open(): void } {
  let reach!: () => void;
  let open!: () => void;
  const reached = new Promise<void>((resolve) => (reach = resolve));
  const opened = new Promise<void>((resolve) => (open = resolve));
  return {
    reached,
    wait: async () => {
      reach();
      await opened;
      return undefined;
    },
    open,
  };
}

for (const event of ["muc-registration-submitted", "muc-pre-set-affiliation"] as const) {
  test(`${event} takes its time: the nick may be gone then, or the right to it`, async () => {
    await using service = await startRooms("allow_unaffiliated_register = true");
    const [ada, ben, cleo] = [
      service.client("ada@example"),
      service.client("ben@example"),
      service.client("cleo@example"),
    ];
    await createRoom(ada, "Ada");

    const first = gate();
    let current: ReturnType<typeof gate> | undefined = first;
    hook(service, event, () => {
      const waiting = current;
      current = undefined;
      return waiting?.wait();
    });
    const late = register(ben, "Popular");
    await first.reached;
    assert.equal((await register(cleo, "Popular")).attrs["type"], "result");
    first.open();
    assert.equal(errorOf(await late), "cancel/conflict");
    assert.equal(await registeredNick(ben), undefined);
    assert.equal(await registeredNick(cleo), "Popular");

    const second = gate();
    current = second;
    const banned = register(ben, "Ben");
    await second.reached;
    await administrate(ada, { affiliation: "outcast", jid: "ben@example" });
    second.open();
    assert.equal(errorOf(await banned), "auth/forbidden");
    assert.ok(summary(await enter(ben, "Ben")).includes("presence Ben error auth/forbidden"), "still banned");

    const third = gate();
    current = third;
    const undisturbed = register(ada, "Ada");
    await third.reached;
    third.open();
    assert.equal((await undisturbed).attrs["type"], "result");
    assert.equal(await registeredNick(ada), "Ada");
  });
}

test("a handler that refuses leaves nothing behind", async () => {
  await using service = await startRooms();
  const ada = service.client("ada@example");
  await createRoom(ada, "Ada");
  hook(service, "muc-registration-submitted", () => new StanzaError({ type: "cancel", condition: "not-allowed" }));
  assert.equal(errorOf(await register(ada, "Ada")), "cancel/not-allowed");
  assert.equal(await registeredNick(ada), undefined);
});

test("a registration that cannot be written has not happened, and nobody hears of it", async () => {
  const disk = new FaultyDisk();
  const storage = await disk.open();
  await using service = await startRooms("allow_unaffiliated_register = true", { storage });
  const [ada, ben, cleo] = [
    service.client("ada@example"),
    service.client("ben@example"),
    service.client("cleo@example"),
  ];
  await createRoom(ada, "Ada", { "muc#roomconfig_persistentroom": "1" });
  await enter(ben, "Ben");
  await received(ada);
  disk.failSyncedCommits();
  assert.equal(errorOf(await register(ben, "Ben")), "cancel/internal-server-error");
  disk.repair();
  assert.deepEqual(await received(ada), []);
  assert.equal(await registeredNick(ben), undefined);
  ben.send(xml("presence", { to: ROOM, type: "unavailable" }));
  await received(ben);
  assert.ok(summary(await enter(cleo, "Ben")).includes("presence Ben 110"), "the nick is free");
});

test("a registration is acknowledged when it is on disk, however slow that is, and survives the power going then", async () => {
  const disk = new FaultyDisk();
  const before = await startRooms("allow_unaffiliated_register = true", { storage: await disk.open() });
  const [ada, ben] = [before.client("ada@example"), before.client("ben@example")];
  await createRoom(ada, "Ada", { "muc#roomconfig_persistentroom": "1" });
  using held = disk.holdSyncedCommits();
  let isAnswered = false;
  const registered = register(ben, "Ben").then((answer) => {
    isAnswered = true;
    return answer;
  });
  await held.arrived();
  assert.equal(isAnswered, false, "nothing of it is on disk");
  held.release();
  assert.equal((await registered).attrs["type"], "result");
  await disk.cutPower();
  await before.stop().catch(() => undefined);

  await using after = await startRooms("allow_unaffiliated_register = true", { storage: await disk.open() });
  assert.equal(await registeredNick(after.client("ben@example")), "Ben");
  const conflict = summary(await enter(after.client("cleo@example"), "Ben"));
  assert.ok(conflict.includes("presence Ben error cancel/conflict"), conflict.join("\n"));
});

test("a room that is not there, and one that is gone, say so", async () => {
  await using service = await startRooms();
  const [ada, ben] = [service.client("ada@example"), service.client("ben@example")];
  assert.equal(errorOf(await register(ben, "Ben", "nowhere@rooms.example")), "cancel/item-not-found");
  await createRoom(ada, "Ada", { "muc#roomconfig_persistentroom": "1" });
  await request(ada, "set", xml("query", "http://jabber.org/protocol/muc#owner", xml("destroy")));
  assert.equal(errorOf(await register(ben, "Ben")), "cancel/gone");
});
