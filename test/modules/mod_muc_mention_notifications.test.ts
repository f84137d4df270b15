import assert from "node:assert/strict";
import { test } from "node:test";
import { parseStanza, type Element } from "../../core/index.js";
import type { FakeClient } from "../../core/testing/fake-client.js";
import { FakeClock } from "../../core/testing/fake-clock.js";
import type { TestService } from "../../core/testing/service.js";
import { administrate, createRoom, hook, received, ROOM, startRooms } from "../support/rooms.js";

const FORWARDS = { "muc#roomconfig_forwardmentions": "1" };

function start(options = "", more: Parameters<typeof startRooms>[1] = {}): Promise<TestService> {
  return startRooms(`modules_enabled = { "muc_mention_notifications" }; ${options}`, more);
}

/** Speaks in the room, and mentions people of `example`. */
async function mention(client: FakeClient, ...names: string[]): Promise<void> {
  const references = names.map((name) => {
    return `<reference xmlns="urn:xmpp:reference:0" type="mention" uri="xmpp:${name}@example"/>`;
  });
  client.send(parseStanza(`<message to="${ROOM}" type="groupchat"><body>hey</body>${references.join("")}</message>`));
  await received(client);
}

/** Somebody who is logged in, and receives what is sent to the account. */
function person(service: TestService, name: string): FakeClient {
  const client = service.client(`${name}@example`);
  client.send(parseStanza("<presence/>"));
  return client;
}

async function forwardsTo(client: FakeClient): Promise<Element[]> {
  return (await received(client)).filter((stanza) => stanza.toString().includes("urn:xmpp:mmn:0"));
}

async function register(ada: FakeClient, ...names: string[]): Promise<void> {
  for (const name of names) {
    await administrate(ada, { jid: `${name}@example`, affiliation: "member", nick: `the-${name}` });
  }
}

test("a message has so many forwards, and a speaker so many a minute", async () => {
  const clock = new FakeClock();
  await using service = await start("muc_mmn_max_recipients = 2; muc_mmn_max_per_minute = 3", { clock });
  const ada = service.client("ada@example");
  const people = ["ben", "cleo", "dora"].map((name) => person(service, name));
  await createRoom(ada, "Ada", FORWARDS);
  await register(ada, "ben", "cleo", "dora");
  const counts = async (): Promise<number[]> => {
    return Promise.all(people.map(async (client) => (await forwardsTo(client)).length));
  };
  await mention(ada, "ben", "cleo", "dora");
  assert.deepEqual(await counts(), [1, 1, 0]);
  await mention(ada, "dora", "ben");
  assert.deepEqual(await counts(), [0, 0, 1]);
  clock.advanceSeconds(60);
  await mention(ada, "dora", "ben");
  assert.deepEqual(await counts(), [1, 0, 1]);
});

test("muc_mmn_notify_unaffiliated_users: who could enter, and nobody else", async () => {
  await using service = await start("muc_mmn_notify_unaffiliated_users = true");
  const [ada, ben] = [service.client("ada@example"), person(service, "ben")];
  const told = async (fields: Record<string, string>, affiliation: string): Promise<boolean> => {
    await createRoom(ada, "Ada", { ...FORWARDS, ...fields });
    await administrate(ada, { jid: "ben@example", affiliation });
    await mention(ada, "ben");
    const { length } = await forwardsTo(ben);
    ada.send(parseStanza(`<presence to="${ROOM}" type="unavailable"/>`));
    await received(ada);
    return length > 0;
  };
  assert.equal(await told({}, "none"), true);
  assert.equal(await told({}, "member"), true, "affiliated, without a nick");
  assert.equal(await told({}, "outcast"), false);
  assert.equal(await told({ "muc#roomconfig_membersonly": "1" }, "none"), false);
  assert.equal(await told({ "muc#roomconfig_membersonly": "1" }, "member"), true);
  assert.equal(await told({ "muc#roomconfig_roomsecret": "quince" }, "none"), false);
});

test("muc_room_default_forward_mentions: rooms whose owner chose nothing", async () => {
  for (const byDefault of [false, true]) {
    await using service = await start(`muc_room_default_forward_mentions = ${byDefault}`);
    const [ada, ben] = [service.client("ada@example"), person(service, "ben")];
    await createRoom(ada, "Ada");
    await register(ada, "ben");
    await mention(ada, "ben");
    assert.equal((await forwardsTo(ben)).length > 0, byDefault);
  }
});

test("what nobody gets is forwarded to nobody; what is archived carries its id", async () => {
  await using service = await start('modules_enabled = { "muc_mention_notifications", "muc_mam" }');
  const [ada, ben] = [service.client("ada@example"), person(service, "ben")];
  await createRoom(ada, "Ada", FORWARDS);
  await register(ada, "ben");
  await mention(ada, "ben");
  const [forward] = await forwardsTo(ben);
  assert.match(String(forward), /<forwarded [^>]*><delay [^>]*\/><message [^>]*xmlns="jabber:client"/);
  assert.match(String(forward), new RegExp(`<stanza-id [^>]*by="${ROOM}"`));
  const lost = [true];
  hook(service, "muc-broadcast-message", ({ holdUntil }) => {
    if (lost.pop()) holdUntil(Promise.reject(new Error("no space left on device")));
    return undefined;
  });
  await mention(ada, "ben");
  assert.deepEqual(await forwardsTo(ben), []);
});
