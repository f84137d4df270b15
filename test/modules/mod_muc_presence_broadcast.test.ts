import assert from "node:assert/strict";
import { test } from "node:test";
import { xml } from "../../core/index.js";
import { administrate, configure, createRoom, enter, received, ROOM, startRooms, summary } from "../support/rooms.js";

const FIELD = "muc#roomconfig_presencebroadcast";

test("only the roles that are to be shown are; who becomes visible is announced, who does not stay so withdrawn", async () => {
  await using service = await startRooms();
  const [ada, ben, cleo] = [
    service.client("ada@example"),
    service.client("ben@example"),
    service.client("cleo@example"),
  ];
  await createRoom(ada, "Ada", { [FIELD]: ["moderator"] });
  await enter(ben, "Ben");
  assert.deepEqual(await received(ada), []);
  const [first, ...others] = summary(await enter(cleo, "Cleo"));
  assert.equal(first, "presence Ada");
  assert.equal(others.includes("presence Ben"), false);
  assert.ok(others.includes("presence Cleo 110"), "one is always shown to oneself");
  ben.send(xml("message", { to: ROOM, type: "groupchat" }, xml("body", {}, "unseen but heard")));
  await received(ben);
  assert.deepEqual(summary(await received(ada)), ["message Ben groupchat unseen but heard"]);
  await received(cleo);
  await configure(ada, { [FIELD]: ["moderator", "participant"] });
  assert.deepEqual(summary(await received(cleo)), ["presence Ben", "presence Cleo 110", "message room groupchat 104"]);
  await configure(ada, { [FIELD]: ["moderator"] });
  assert.ok(summary(await received(cleo)).includes("presence Ben unavailable"));
});

test("with none among them, members who are absent are shown as unavailable; outcasts and domains are not", async () => {
  await using service = await startRooms();
  const [ada, ben] = [service.client("ada@example"), service.client("ben@example")];
  await createRoom(ada, "Ada", { [FIELD]: ["none", "moderator", "participant"] });
  await administrate(ada, { affiliation: "member", jid: "cleo@example", nick: "Cleo" });
  await administrate(ada, { affiliation: "member", jid: "dora@example" });
  await administrate(ada, { affiliation: "outcast", jid: "mallory@example" });
  await administrate(ada, { affiliation: "outcast", jid: "evil.example" });
  const entered = await enter(ben, "Ben");
  assert.deepEqual(
    summary(entered).filter((line) => line.includes("unavailable")),
    ["presence Cleo unavailable"],
  );
  assert.doesNotMatch(entered.join(""), /mallory|evil|cleo@example|dora/);
  const moderator = service.client("ada@example/second");
  const seen = await enter(moderator, "Ada");
  assert.match(seen.join(""), /cleo@example/);
  assert.match(seen.join(""), /dora@example/);
  assert.doesNotMatch(seen.join(""), /mallory|evil/);
});
