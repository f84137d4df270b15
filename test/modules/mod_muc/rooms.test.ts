/** Rooms come, go, are found and forgotten; what modules may do with them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join as joinPath } from "node:path";
import { openStorage } from "../../../core/storage/open.js";
import type { Storage } from "../../../core/storage/store.js";
import { FakeClock } from "../../../core/testing/fake-clock.js";
import { StanzaError } from "../../../core/xmpp/stanza-error.js";
import {
  briefly,
  configuring,
  create,
  hook,
  join,
  joining,
  liveRoomOf,
  mucOf,
  person,
  received,
  saying,
  SERVICE,
  settled,
  startRooms,
  TEST_MODULE,
} from "../../support/room-engine.js";

const PERSISTENT = { persistentroom: "1" };
const DESTROY = `<iq type="set" id="d" to="r@${SERVICE}"><query xmlns="http://jabber.org/protocol/muc#owner"><destroy jid="next@${SERVICE}"><reason>moved</reason></destroy></query></iq>`;

test("a room made by a module has the defaults of the service, no owner, and is there for everybody", async () => {
  await using service = await startRooms({ options: "muc_room_default_moderated = true" });
  const muc = mucOf(service);
  const created: string[] = [];
  hook(service, "muc-room-created", ({ room }) => {
    created.push(room.jid);
  });
  const [room] = await muc.createRoom(`made@${SERVICE}`);
  assert.equal(room?._data["moderated"], true);
  assert.deepEqual(room.eachAffiliation(), []);
  assert.deepEqual(created, [`made@${SERVICE}`]);
  assert.equal(await muc.getRoomFromJid(`made@${SERVICE}`), room);
  assert.deepEqual(await muc.createRoom(`made@${SERVICE}`), [undefined, "room-exists"]);
  for (const jid of ["made", `x@elsewhere.example`, SERVICE, `x@${SERVICE}/y`, `\u{1f600}@${SERVICE}`]) {
    assert.deepEqual(await muc.createRoom(jid), [undefined, "invalid-jid"], jid);
  }
  const ada = person(service, "ada");
  ada.send(joining("made", "Ada"));
  assert.deepEqual(briefly(ada), ["presence Ada 110", "message groupchat"]);
});

test("settings given to createRoom are stored as they are, unknown ones too", async () => {
  const storage = await openStorage({ driver: "memory" });
  await using service = await startRooms({ storage });
  const data = { persistent: true, name: "Made", of_the_future: { deep: [1] } };
  await mucOf(service).createRoom(`made@${SERVICE}`, data);
  assert.deepEqual(await storage.openStore(SERVICE, "config").get("made"), {
    _jid: `made@${SERVICE}`,
    _data: data,
    _affiliations: {},
    _affiliation_data: {},
  });
});

test("rooms without occupants are let go, those used last stay, and all come back", async () => {
  await using service = await startRooms({ options: "muc_room_cache_size = 2" });
  const muc = mucOf(service);
  const ada = person(service, "ada");
  create(ada, "seated", "Ada", PERSISTENT);
  await settled(service);
  for (const name of ["one", "two", "three"]) {
    const [room] = await muc.createRoom(`${name}@${SERVICE}`, { persistent: name !== "two" });
    room?.setAffiliation(true, "ben@users.example", "member");
    await settled(service);
  }
  const live = (): string[] => muc.liveRooms().map(({ jid }) => jid.split("@")[0] as string);
  assert.deepEqual(live(), ["seated", "two", "three"]);
  const one = await muc.getRoomFromJid(`one@${SERVICE}`);
  assert.equal(one?.getAffiliation("ben@users.example"), "member");
  assert.deepEqual(live(), ["seated", "three", "one"]);
  const all: string[] = [];
  for await (const room of muc.allRooms()) all.push(room.jid.split("@")[0] as string);
  assert.deepEqual(all.sort(), ["one", "seated", "three", "two"]);
});

test("a room that was let go while a module held it is still that room, and what it does is stored", async () => {
  const storage = await openStorage({ driver: "memory" });
  await using service = await startRooms({ storage, options: "muc_room_cache_size = 1" });
  const muc = mucOf(service);
  const [held] = await muc.createRoom(`held@${SERVICE}`, { persistent: true });
  assert.ok(held);
  await muc.createRoom(`other@${SERVICE}`, { persistent: true });
  await settled(service);
  assert.equal(muc.getLiveRoomFromJid(held.jid), undefined);
  await held.run(() => held.setAffiliation(true, "ben@users.example", "member"));
  assert.equal(muc.getLiveRoomFromJid(held.jid), held);
  const stored = await storage.openStore<{ readonly _affiliations: unknown }>(SERVICE, "config").get("held");
  assert.deepEqual(stored?._affiliations, { "ben@users.example": "member" });
  await muc.getRoomFromJid(`other@${SERVICE}`);
  await settled(service);
  assert.equal(await muc.getRoomFromJid(held.jid), held, "one object for as long as somebody has it");
});

test("muc_max_rooms: no more rooms than so many", async () => {
  await using service = await startRooms({ options: "muc_max_rooms = 1" });
  const ada = person(service, "ada");
  create(ada, "one", "Ada");
  ada.send(joining("two", "Ada"));
  assert.deepEqual(briefly(ada), ["presence resource-constraint Ada"]);
  assert.deepEqual(await mucOf(service).createRoom(`two@${SERVICE}`), [undefined, "resource-constraint"]);
});

test("restrict_room_creation keeps others from creating rooms, and not from entering", async () => {
  await using service = await startRooms({
    options: `restrict_room_creation = true; admins = { "ada@users.example" }`,
  });
  const ada = person(service, "ada");
  const ben = person(service, "ben");
  ben.send(joining("r", "Ben"));
  assert.match(received(ben)[0] ?? "", /not-allowed.*Room creation is restricted/);
  create(ada, "r", "Ada");
  ben.send(joining("r", "Ben"));
  assert.equal(briefly(ben)[1], "presence Ben 110");
});

test("a destroyed persistent room leaves a tombstone, until its time is over", async () => {
  const clock = new FakeClock();
  const storage = await openStorage({ driver: "memory" });
  const options = "muc_tombstone_expiry = 60";
  const first = await startRooms({ clock, storage, options });
  const ada = person(first, "ada");
  create(ada, "r", "Ada", { ...PERSISTENT, publicroom: "1" });
  await settled(first);
  ada.inbox.takeAll();
  ada.send(DESTROY);
  await settled(first);
  ada.inbox.takeAll();
  await first.stop();

  await using service = await startRooms({ clock, storage, options });
  const ben = person(service, "ben");
  ben.send(joining("r", "Ben"));
  assert.match(received(ben)[0] ?? "", /<gone [^>]*>xmpp:next@rooms\.users\.example\?join<\/gone><text [^>]*>moved</);
  ben.send(`<presence type="unavailable" to="r@${SERVICE}/Ben"/>`);
  assert.deepEqual(briefly(ben), [], "who leaves is not answered");
  assert.deepEqual(mucOf(service).liveRooms(), []);
  clock.advanceSeconds(61);
  ben.send(joining("r", "Ben"));
  assert.deepEqual(briefly(ben), ["presence Ben 201 110", "message groupchat"]);
});

test("a module makes a room in place of a tombstone when it says so, or when its time is over", async () => {
  const clock = new FakeClock();
  await using service = await startRooms({ clock, options: "muc_tombstone_expiry = 60" });
  const muc = mucOf(service);
  const jid = `r@${SERVICE}`;
  const destroy = async (): Promise<void> => {
    await (await muc.getRoomFromJid(jid))?.destroy();
    await settled(service);
  };
  await muc.createRoom(jid, { persistent: true });
  await destroy();
  assert.deepEqual(await muc.createRoom(jid), [undefined, "room-exists"]);
  const prepare = (): never => {
    throw new StanzaError({ type: "cancel", condition: "not-allowed" });
  };
  await assert.rejects(muc.createRoom(jid, undefined, { prepare, replacesTombstone: true }), /not-allowed/);
  assert.deepEqual(await muc.createRoom(jid), [undefined, "room-exists"], "the tombstone stands again");
  assert.ok((await muc.createRoom(jid, { persistent: true }, { replacesTombstone: true }))[0]);
  await destroy();
  clock.advanceSeconds(61);
  assert.ok((await muc.createRoom(jid))[0]);
});

test("a destroyed temporary room leaves nothing", async () => {
  await using service = await startRooms();
  const ada = person(service, "ada");
  create(ada, "r", "Ada");
  ada.send(DESTROY);
  ada.send(joining("r", "Ada"));
  assert.deepEqual(briefly(ada), [
    "presence unavailable Ada 110",
    "iq result",
    "presence Ada 201 110",
    "message groupchat",
  ]);
});

test("a room whose creator is refused is not made, persistent by default or not, at once or later", async () => {
  for (const isPersistent of [true, false]) {
    const storage = await openStorage({ driver: "memory" });
    const options = `muc_room_default_persistent = ${isPersistent}`;
    await using service = await startRooms({ storage, options });
    const refusal = new StanzaError({ type: "auth", condition: "policy-violation" });
    const ada = person(service, "ada");
    for (const verdict of [refusal, Promise.resolve(refusal)]) {
      const refuse = (): typeof verdict => verdict;
      hook(service, "muc-occupant-pre-join", refuse, 5);
      ada.send(joining("new", "Ada"));
      await settled(service);
      assert.deepEqual(briefly(ada), ["presence policy-violation Ada"]);
      assert.deepEqual(mucOf(service).liveRooms(), []);
      assert.equal(await storage.openStore(SERVICE, "config").get("new"), undefined);
      assert.equal(await mucOf(service).countPublicRooms(), 0);
      service.host(SERVICE).events.unhook("muc-occupant-pre-join", refuse as never, TEST_MODULE);
    }
  }
});

test("when the service stops everybody served here is told with 332, and persistent rooms are kept", async () => {
  const storage = await openStorage({ driver: "memory" });
  const service = await startRooms({ storage });
  const ada = person(service, "ada");
  const ben = person(service, "ben");
  create(ada, "r", "Ada", PERSISTENT);
  await settled(service);
  join(ben, "r", "Ben");
  ada.inbox.takeAll();
  await service.service.stop();
  assert.deepEqual(briefly(ada), ["presence unavailable Ada 332 110"]);
  assert.deepEqual(briefly(ben), ["presence unavailable Ben 332 110"]);
  assert.ok(await storage.openStore(SERVICE, "config").get("r"));
  assert.equal(await storage.openStore(SERVICE, "occupants").get("r"), undefined);
});

test("nobody enters the service itself", async () => {
  await using service = await startRooms();
  const ada = person(service, "ada");
  for (const to of [SERVICE, `${SERVICE}/Ada`]) {
    ada.send(`<presence to="${to}"><x xmlns="http://jabber.org/protocol/muc"/></presence>`);
    assert.equal(briefly(ada)[0]?.startsWith("presence service-unavailable"), true, to);
  }
  assert.deepEqual(mucOf(service).liveRooms(), []);
});

/** A storage that answers later, as one over a network does. */
function slow(storage: Storage): Storage {
  const openStore: Storage["openStore"] = (host, name, type) => {
    const store = storage.openStore(host, name, type);
    return new Proxy(store as object, {
      get(target, key) {
        if (key === "getSync") return undefined;
        const value: unknown = Reflect.get(target, key);
        return typeof value === "function" ? value.bind(target) : value;
      },
    }) as never;
  };
  return { driver: storage.driver, openStore, idle: () => storage.idle(), close: () => storage.close() };
}

test("while a room is read from a store that takes its time, its stanzas wait in order", async () => {
  const storage = await openStorage({ driver: "memory" });
  const config = storage.openStore(SERVICE, "config");
  await config.set("r", { _jid: `r@${SERVICE}`, _data: { persistent: true }, "ada@users.example": "owner" });
  await using service = await startRooms({ storage: slow(storage) });
  const ada = person(service, "ada");
  ada.send(joining("r", "Ada"));
  for (const body of ["1", "2"]) ada.send(saying("r", body));
  ada.send(`<iq type="get" id="p" to="r@${SERVICE}/Ada"><ping xmlns="urn:xmpp:ping"/></iq>`);
  await settled(service);
  const said = ["1", "2"].map((body) => `message groupchat Ada ${body}`);
  assert.deepEqual(briefly(ada), ["presence Ada 110", "message groupchat", ...said, "iq result Ada"]);
  assert.equal(liveRoomOf(service, "r").getRole(`r@${SERVICE}/Ada`), "moderator", "Prosody's own format is read");
});

test("muc-room-pre-restore may refuse a room", async () => {
  const storage = await openStorage({ driver: "memory" });
  await storage.openStore(SERVICE, "config").set("r", { _jid: `r@${SERVICE}`, _data: { persistent: true } });
  await using service = await startRooms({ storage });
  let answer: StanzaError | false = false;
  hook(service, "muc-room-pre-restore", () => answer);
  const ada = person(service, "ada");
  ada.send(joining("r", "Ada"));
  answer = new StanzaError({ type: "auth", condition: "policy-violation" });
  ada.send(joining("r", "Ada"));
  assert.deepEqual(briefly(ada), ["presence resource-constraint Ada", "presence policy-violation Ada"]);
});

test("a room that cannot be read is refused, and answers when the store does again", async () => {
  const storage = await openStorage({ driver: "memory" });
  await storage.openStore(SERVICE, "config").set("r", { _jid: `r@${SERVICE}`, _data: { persistent: true } });
  let isBroken = true;
  const openStore: Storage["openStore"] = (host, name, type) => {
    const store = storage.openStore(host, name, type);
    if (name !== "config") return store as never;
    return new Proxy(store as object, {
      get(target, key) {
        const value: unknown = Reflect.get(target, key);
        if (isBroken && key === "getSync") return undefined;
        if (isBroken && key === "get") return () => Promise.reject(new Error("no answer"));
        return typeof value === "function" ? value.bind(target) : value;
      },
    }) as never;
  };
  const broken = { driver: "x", openStore, idle: () => storage.idle(), close: () => storage.close() };
  await using service = await startRooms({ storage: broken });
  const ada = person(service, "ada");
  ada.send(joining("r", "Ada"));
  await settled(service);
  assert.deepEqual(briefly(ada), ["presence internal-server-error Ada"]);
  isBroken = false;
  ada.send(joining("r", "Ada"));
  await settled(service);
  assert.deepEqual(briefly(ada), ["presence Ada 110", "message groupchat"]);
});

test("who is asked something and leaves does not leave the asker waiting", async () => {
  await using service = await startRooms();
  const ada = person(service, "ada");
  const ben = person(service, "ben");
  create(ada, "r", "Ada");
  join(ben, "r", "Ben");
  ada.inbox.takeAll();
  ada.send(`<iq type="get" id="v" to="r@${SERVICE}/Ben"><query xmlns="jabber:iq:version"/></iq>`);
  assert.match(received(ben)[0] ?? "", new RegExp(`^<iq [^>]*from="r@${SERVICE}/Ada"`));
  ben.send(`<presence type="unavailable" to="r@${SERVICE}/Ben"/>`);
  assert.deepEqual(briefly(ada), ["presence unavailable Ben", "iq recipient-unavailable Ben"]);
});

test("whoever is asked something and says nothing is answered for once", async () => {
  const clock = new FakeClock();
  await using service = await startRooms({ clock });
  const ada = person(service, "ada");
  const ben = person(service, "ben");
  create(ada, "r", "Ada");
  join(ben, "r", "Ben");
  ada.inbox.takeAll();
  ada.send(`<iq type="get" id="v" to="r@${SERVICE}/Ben"><query xmlns="jabber:iq:version"/></iq>`);
  clock.advanceSeconds(300);
  await settled(service);
  assert.deepEqual(briefly(ada), ["iq recipient-unavailable Ben"]);
  assert.deepEqual(
    service.logLines.filter(({ level }) => level === "warn" || level === "error"),
    [],
    "and nobody has to look at it",
  );
});

test("only whom it was passed to can answer an iq", async () => {
  await using service = await startRooms();
  const ada = person(service, "ada");
  const ben = person(service, "ben");
  const eve = person(service, "eve");
  create(ada, "r", "Ada");
  join(ben, "r", "Ben");
  join(eve, "r", "Eve");
  ada.inbox.takeAll();
  ben.inbox.takeAll();
  ada.send(`<iq type="get" id="v" to="r@${SERVICE}/Ben"><query xmlns="jabber:iq:version"/></iq>`);
  const id = /id="([^"]+)"/.exec(received(ben)[0] ?? "")?.[1] ?? "";
  assert.notEqual(id, "v");
  eve.send(`<iq type="result" id="${id}" to="r@${SERVICE}/Ada"/>`);
  assert.deepEqual(briefly(ada), []);
  ben.send(`<iq type="result" id="${id}" to="r@${SERVICE}/Ada"><query xmlns="jabber:iq:version"/></iq>`);
  const answer = received(ada);
  assert.equal(answer.length, 1);
  assert.match(answer[0] ?? "", new RegExp(`id="v".*from="r@${SERVICE}/Ben"|from="r@${SERVICE}/Ben".*id="v"`));
  ben.send(`<iq type="result" id="${id}" to="r@${SERVICE}/Ada"/>`);
  assert.deepEqual(briefly(ada), []);
});

const MOTTO = `
import { inject, injectable, ModuleApiToken } from "chorus-muc";
@injectable()
export default class Motto {
  static readonly requires = ["muc"];
  constructor(@inject(ModuleApiToken) private readonly module: any) {}
  load(): void {
    const motto = this.module.roomState("motto", { persist: true });
    this.module.roomMethods({
      getMotto() { return motto.get(this); },
      setMotto(text: string) { return motto.set(this, text); },
      getName() { return "of the motto"; },
    });
  }
}
`;

test("a module outside gives rooms methods and state, and takes the methods with it when it goes", async () => {
  const folder = await mkdtemp(joinPath(tmpdir(), "chorus-motto-"));
  await writeFile(joinPath(folder, "mod_motto.ts"), MOTTO);
  const storage = await openStorage({ driver: "memory" });
  await using service = await startRooms({
    storage,
    pluginPaths: [folder],
    options: 'modules_enabled = { "motto" }',
  });
  const [room] = await mucOf(service).createRoom(`r@${SERVICE}`, { persistent: true, name: "Plain" });
  assert.ok(room);
  const methods = room as unknown as { getMotto(): string | undefined; setMotto(text: string): boolean };
  assert.equal(room.getName(), "of the motto");
  assert.equal(methods.setMotto("onward"), true);
  assert.equal(methods.setMotto("onward"), false);
  await settled(service);
  const stored = (await storage.openStore(SERVICE, "config").get("r")) as { _data: Record<string, unknown> };
  assert.equal(stored._data["motto"], "onward", "a bare setter is a step by itself");
  await service.service.modules.unload(SERVICE, "motto");
  assert.equal("getMotto" in room, false);
  assert.equal(room.getName(), "Plain", "what it covered is there again");
});

test("room.run makes one step of several calls", async () => {
  await using service = await startRooms();
  const ada = person(service, "ada");
  const ben = person(service, "ben");
  create(ada, "r", "Ada", PERSISTENT);
  await settled(service);
  join(ben, "r", "Ben");
  ada.inbox.takeAll();
  const room = liveRoomOf(service, "r");
  await assert.rejects(async () => {
    await room.run(() => {
      room.setAffiliation(true, "ben@users.example", "outcast");
      throw new StanzaError({ type: "cancel", condition: "not-allowed" });
    });
  }, StanzaError);
  assert.equal(room.getAffiliation("ben@users.example"), "none");
  assert.deepEqual([briefly(ada), briefly(ben)], [[], []]);
  const value = await room.run(() => {
    room.setAffiliation(true, "ben@users.example", "member");
    room.setRole(true, `r@${SERVICE}/Ben`, "visitor");
    return "both";
  });
  assert.equal(value, "both");
  assert.deepEqual(briefly(ben), ["presence Ben 110", "presence Ben 110"]);
});

test("a form with one invalid value changes nothing at all", async () => {
  await using service = await startRooms();
  const ada = person(service, "ada");
  create(ada, "r", "Ada");
  const before = JSON.stringify(liveRoomOf(service, "r").freeze());
  ada.send(configuring("r", { roomname: "New", membersonly: "perhaps" }));
  assert.match(received(ada)[0] ?? "", /type="error".*membersonly/);
  hook(service, "muc-config-submitted/muc#roomconfig_whois", () => {
    return new StanzaError({ type: "modify", condition: "not-acceptable", text: "no" });
  });
  ada.send(configuring("r", { roomname: "New", moderatedroom: "1", whois: "anyone" }));
  assert.deepEqual(briefly(ada), ["iq not-acceptable"]);
  assert.equal(JSON.stringify(liveRoomOf(service, "r").freeze()), before);
});
