/** Who may read what. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { childElements, getChild, serialise, xml, type Element } from "../../../core/index.js";
import { ask, bodies, NS_MAM, say, startArchives } from "../../support/archives.js";
import {
  administrate,
  configure,
  createRoom,
  enter,
  errorOf,
  joinPresence,
  NS_MUC,
  received,
  request,
  ROOM,
} from "../../support/rooms.js";

const PASSWORD = { "muc#roomconfig_roomsecret": "tumbler" };
const MEMBERS_ONLY = { "muc#roomconfig_membersonly": "1" };
const OPEN_JIDS = { "muc#roomconfig_whois": "anyone" };

test("an open room's archive is for everybody but outcasts", async () => {
  await using service = await startArchives();
  const [ada, ben, cy] = ["ada", "ben", "cy"].map((name) => service.client(`${name}@example`));
  assert.ok(ada && ben && cy);
  await createRoom(ada, "Ada");
  await say(ada, "hello");
  await administrate(ada, { jid: "cy@example", affiliation: "outcast" });
  assert.deepEqual(bodies(await ask(ben)), ["hello"]);
  assert.equal((await ask(cy)).error, "auth/forbidden");
  await administrate(ada, { jid: "elsewhere.example", affiliation: "outcast" });
  assert.equal((await ask(service.client("dora@elsewhere.example"))).error, "auth/forbidden", "a banned domain");
});

test("of a members-only room, for members", async () => {
  await using service = await startArchives();
  const [ada, ben] = [service.client("ada@example"), service.client("ben@example")];
  await createRoom(ada, "Ada", MEMBERS_ONLY);
  await say(ada, "hello");
  assert.equal((await ask(ben)).error, "auth/forbidden");
  await administrate(ada, { jid: "ben@example", affiliation: "member" });
  assert.deepEqual(bodies(await ask(ben)), ["hello"]);
  const [form] = await request(service.client("cy@example"), "get", xml("query", { xmlns: NS_MAM }));
  assert.equal(errorOf(form), "auth/forbidden");
  const [ends] = await request(service.client("dan@example"), "get", xml("metadata", { xmlns: NS_MAM }));
  assert.equal(errorOf(ends), "auth/forbidden");
});

test("S3: of a room with a password, for those inside and for members", async () => {
  await using service = await startArchives();
  const [ada, ben, cy] = ["ada", "ben", "cy"].map((name) => service.client(`${name}@example`));
  assert.ok(ada && ben && cy);
  await createRoom(ada, "Ada", PASSWORD);
  await say(ada, "hello");
  assert.equal((await ask(ben)).error, "auth/forbidden");
  await enter(ben, "Ben", { password: "tumbler" });
  assert.deepEqual(bodies(await ask(ben)), ["hello"]);
  assert.equal((await ask(service.client("ben@example/other"))).error, "auth/forbidden", "that session is not inside");
  ben.send(xml("presence", { to: `${ROOM}/Ben`, type: "unavailable" }));
  await received(ben);
  assert.equal((await ask(ben)).error, "auth/forbidden", "nor is this any longer");
  await administrate(ada, { jid: "cy@example", affiliation: "member" });
  assert.deepEqual(bodies(await ask(cy)), ["hello"]);
});

test("a room that is locked, unknown or gone has none", async () => {
  await using service = await startArchives();
  const [ada, ben] = [service.client("ada@example"), service.client("ben@example")];
  assert.equal((await ask(ben)).error, "cancel/item-not-found");
  await enter(ada, "Ada");
  assert.equal((await ask(ben)).error, "cancel/item-not-found", "locked");
  await configure(ada, { "muc#roomconfig_persistentroom": "1" });
  assert.equal((await ask(ben)).error, undefined);
  await request(ada, "set", xml("query", { xmlns: `${NS_MUC}#owner` }, xml("destroy")));
  assert.equal((await ask(ben)).error, "cancel/gone");
});

test("who is banned while an archive is read gets nothing of it", async () => {
  await using service = await startArchives();
  const [ada, ben] = [service.client("ada@example"), service.client("ben@example")];
  await createRoom(ada, "Ada");
  await say(ada, "secret");
  ben.send(xml("iq", { type: "set", id: "q", to: ROOM }, xml("query", { xmlns: NS_MAM })));
  ada.send(
    xml(
      "iq",
      { type: "set", id: "ban", to: ROOM },
      xml("query", { xmlns: `${NS_MUC}#admin` }, xml("item", { jid: "ben@example", affiliation: "outcast" })),
    ),
  );
  const stanza = await ben.receive();
  assert.deepEqual([stanza.attrs["id"], errorOf(stanza)], ["q", "auth/forbidden"]);
});

/** Real JIDs in what somebody was told. */
function jidsIn(stanzas: readonly Element[]): string[] {
  return stanzas.flatMap((stanza) => {
    const x = getChild(stanza, "x", `${NS_MUC}#user`);
    return x ? childElements(x).flatMap(({ attrs }) => (attrs["jid"] === undefined ? [] : [String(attrs["jid"])])) : [];
  });
}

test("real JIDs: told where everybody sees them, never of a time when only moderators did", async () => {
  await using service = await startArchives();
  const [ada, ben, cy] = ["ada", "ben", "cy"].map((name) => service.client(`${name}@example`));
  assert.ok(ada && ben && cy);
  await createRoom(ada, "Ada");
  await enter(ben, "Ben");
  await say(ben, "hidden");
  await configure(ada, OPEN_JIDS);
  await say(ben, "shown");
  const seen = async (client: typeof ada): Promise<string[]> =>
    jidsIn((await ask(client)).results.map(({ stanza }) => stanza));
  assert.deepEqual(await seen(cy), [ben.jid]);
  const [, result] = (await ask(cy)).results;
  assert.match(
    serialise(result?.stanza ?? xml("none")),
    /<item jid="ben@example\/test" affiliation="none" role="participant"\/>/,
  );
  await configure(ada, { "muc#roomconfig_whois": "moderators" });
  assert.deepEqual(await seen(cy), []);
  assert.deepEqual(await seen(ada), [ben.jid], "an owner may see them all the same");
  for (const client of [cy]) {
    const told = (await ask(client)).results.map(({ message }) => serialise(message)).join("");
    assert.doesNotMatch(told.replaceAll(client.jid, ""), /ben@example/);
  }
  const entered = await enter(cy, "Cy");
  assert.deepEqual(jidsIn(entered.filter(({ name }) => name === "message")), [], "nor in the history");
});

test("with: by nick for everybody, by real JID for who may see it, and about oneself", async () => {
  await using service = await startArchives();
  const [ada, ben, cy] = ["ada", "ben", "cy"].map((name) => service.client(`${name}@example`));
  assert.ok(ada && ben && cy);
  await createRoom(ada, "Ada");
  await enter(ben, "Ben");
  await say(ada, "a1");
  await say(ben, "b1", "b2");
  ben.send(joinPresence("Benedict"));
  await say(ben, "b3");
  const of = async (client: typeof ada, jid: string): Promise<unknown> => {
    const answer = await ask(client, { fields: { with: jid } });
    return answer.error ?? bodies(answer).join(" ");
  };
  assert.equal(await of(cy, `${ROOM}/Ben`), "b1 b2");
  assert.equal(await of(cy, `${ROOM}/Nobody`), "");
  assert.equal(await of(cy, ROOM), "a1 b1 b2 b3");
  assert.equal(await of(cy, "ben@example"), "auth/forbidden");
  assert.equal(await of(ada, "ben@example"), "b1 b2 b3", "under every nick");
  assert.equal(await of(ben, "ben@example"), "b1 b2 b3");
  assert.equal(await of(ada, "nobody@example"), "");
  await configure(ada, OPEN_JIDS);
  await say(ben, "b4");
  assert.equal(await of(cy, "ben@example"), "b1 b2 b3 b4");
  assert.equal(await of(cy, ben.jid), "b4", "sessions are known since then");
  const { results, complete, count } = await ask(cy, {
    fields: { with: "ben@example" },
    rsm: { max: "2", before: "" },
  });
  assert.deepEqual(
    [results.map(({ body }) => body), complete, count],
    [["b3", "b4"], false, undefined],
    "from the end",
  );
});
