/** What admins of the service do with rooms by ad-hoc commands (XEP-0050). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { childElements, getChild, xml, type Element } from "../../../core/index.js";
import type { FakeClient } from "../../../core/testing/fake-client.js";
import type { Muc } from "../../../modules/mod_muc/index.js";
import {
  codesOf,
  createRoom,
  errorOf,
  received,
  request,
  ROOM,
  startRooms,
  submission,
  type Fields,
} from "../../support/rooms.js";

const NS_COMMANDS = "http://jabber.org/protocol/commands";
const NS_DATA = "jabber:x:data";
const ACTIONS = [
  "affiliations",
  "config",
  "create",
  "destroy",
  "info",
  "kick",
  "list",
  "occupants",
  "set-affiliation",
  "set-role",
].map((name) => `chorus:muc#${name}`);

interface Step {
  readonly session?: string;
  readonly action?: string;
  readonly fields?: Fields;
  readonly formType?: string;
}

/** One request to a command. @returns the `<command/>` of the answer, or the whole answer when it is an error */
async function command(client: FakeClient, name: string, step: Step = {}): Promise<Element> {
  const node = `chorus:muc#${name}`;
  const payload = xml("command", { xmlns: NS_COMMANDS, node, sessionid: step.session, action: step.action });
  if (step.fields) payload.append(submission(step.formType ?? node, step.fields));
  const [answer] = await request(client, "set", payload, "rooms.example");
  return getChild(answer, "command", NS_COMMANDS) ?? answer;
}

function note(answer: Element): string | undefined {
  const element = getChild(answer, "note", NS_COMMANDS);
  return element && `${String(element.attrs["type"])}: ${element.text()}`;
}

function formOf(answer: Element): Element {
  const x = getChild(answer, "x", NS_DATA);
  assert.ok(x, String(answer));
  return x;
}

/** Values of a form by field name. */
function valuesOf(form: Element): Map<string, string> {
  return new Map(
    childElements(form)
      .filter(({ name }) => name === "field")
      .map((field) => [
        String(field.attrs["var"]),
        childElements(field)
          .filter(({ name }) => name === "value")
          .map((value) => value.text())
          .join("|"),
      ]),
  );
}

function itemsOf(form: Element): Map<string, string>[] {
  return childElements(form)
    .filter(({ name }) => name === "item")
    .map(valuesOf);
}

async function listed(client: FakeClient): Promise<string[]> {
  const query = xml("query", { xmlns: "http://jabber.org/protocol/disco#items", node: NS_COMMANDS });
  const [answer] = await request(client, "get", query, "rooms.example");
  return childElements(childElements(answer)[0] ?? query)
    .map(({ attrs }) => String(attrs["node"]))
    .filter((node) => node.startsWith("chorus:"));
}

test("admins of the service find the commands; others neither see nor get to use them", async () => {
  await using service = await startRooms();
  const [admin, ada] = [service.client("admin@example"), service.client("ada@example")];
  await createRoom(ada, "Ada");
  assert.deepEqual(await listed(admin), ACTIONS);
  assert.deepEqual(await listed(ada), []);
  for (const node of ACTIONS) {
    const name = node.replace("chorus:muc#", "");
    const fields = { room: ROOM, jid: "ben@example", affiliation: "owner", nick: "Ada", role: "visitor" };
    assert.equal(errorOf(await command(ada, name)), "auth/forbidden", name);
    assert.equal(errorOf(await command(ada, name, { fields })), "auth/forbidden", name);
  }
  assert.deepEqual(await received(ada), []);
});

test("each command shows a form, and can be cancelled", async () => {
  await using service = await startRooms();
  const admin = service.client("admin@example");
  for (const node of ACTIONS) {
    const name = node.replace("chorus:muc#", "");
    const asked = await command(admin, name);
    assert.equal(asked.attrs["status"], "executing", name);
    const fields = valuesOf(formOf(asked));
    assert.equal(fields.get("FORM_TYPE"), node);
    assert.equal(fields.has("room"), name !== "list", name);
    const session = String(asked.attrs["sessionid"]);
    assert.equal((await command(admin, name, { session, action: "cancel" })).attrs["status"], "canceled", name);
    assert.equal(errorOf(await command(admin, name, { session, action: "execute" })), "modify/bad-request", name);
  }
});

test("a room is created, looked at, and destroyed", async () => {
  await using service = await startRooms();
  const [admin, ada] = [service.client("admin@example"), service.client("ada@example")];
  const fields = {
    room: "Attic@rooms.example",
    owner: "ada@example",
    persistent: "1",
    fields: ["roomname=Loft", "whois=anyone"],
  };
  assert.equal(note(await command(admin, "create", { fields })), `info: ${ROOM} is created`);
  await createRoom(ada, "Ada");
  const info = valuesOf(formOf(await command(admin, "info", { fields: { room: ROOM } })));
  assert.deepEqual(
    ["jid", "name", "persistent", "public", "whois", "occupants", "owners"].map((name) => info.get(name)),
    [ROOM, "Loft", "1", "0", "anyone", "1", "1"],
  );
  const occupants = itemsOf(formOf(await command(admin, "occupants", { fields: { room: ROOM } })));
  assert.deepEqual(
    occupants.map((row) => [row.get("nick"), row.get("jid"), row.get("affiliation")]),
    [["Ada", "ada@example", "owner"]],
  );
  const destroyed = await command(admin, "destroy", { fields: { room: ROOM, reason: "Winter" } });
  assert.equal(note(destroyed), `info: ${ROOM} is destroyed`);
  assert.match(String((await received(ada, "rooms.example"))[0]), /<destroy><reason>Winter<\/reason><\/destroy>/);
});

test("what is refused, or cannot be understood, is a note of type error, and nothing happens", async () => {
  await using service = await startRooms();
  const [admin, ada] = [service.client("admin@example"), service.client("ada@example")];
  await createRoom(ada, "Ada");
  for (const [name, fields, said] of [
    ["info", {}, "room: Required value missing"],
    ["info", { room: "nix@rooms.example" }, "there is no room nix@rooms.example"],
    ["info", { room: "nix@elsewhere.example" }, "room: there is no nix@elsewhere.example"],
    ["info", { room: "rooms.example" }, "room: not the address of a room: rooms.example"],
    ["set-affiliation", { room: ROOM, jid: "b@c/d", affiliation: "member" }, 'jid: "b@c/d" is not a bare JID'],
    ["set-affiliation", { room: ROOM, jid: "b@c", affiliation: "king" }, "affiliation: Not one of the options: king"],
    ["set-role", { room: ROOM, nick: "Nix", role: "visitor" }, `nobody in ${ROOM} is called Nix`],
    ["create", { room: ROOM }, `${ROOM} exists already`],
    ["create", { room: "new@rooms.example", fields: "=x" }, 'fields: expected FIELD=VALUE, got "=x"'],
    ["create", { room: "new@rooms.example", fields: "whois=x" }, "muc#roomconfig_whois: Not one of the options: x"],
    ["config", { room: "nix@rooms.example" }, "room: there is no nix@rooms.example"],
  ] as const) {
    const answer = await command(admin, name, { fields: fields as Fields });
    assert.deepEqual([answer.attrs["status"], note(answer)], ["completed", `error: ${said}`]);
  }
  assert.deepEqual(await received(ada), []);
});

test("a room is configured in two stages, by its own form", async () => {
  await using service = await startRooms();
  const [admin, ada] = [service.client("admin@example"), service.client("ada@example")];
  await createRoom(ada, "Ada", { "muc#roomconfig_roomname": "Attic" });
  const first = await command(admin, "config");
  const session = String(first.attrs["sessionid"]);
  const second = await command(admin, "config", { session, action: "next", fields: { room: ROOM } });
  assert.equal(second.attrs["status"], "executing");
  assert.equal(valuesOf(formOf(second)).get("muc#roomconfig_roomname"), "Attic");
  const formType = "http://jabber.org/protocol/muc#roomconfig";
  const done = await command(admin, "config", {
    session,
    action: "complete",
    formType,
    fields: { "muc#roomconfig_roomname": "Loft", "muc#roomconfig_membersonly": "1", unknown: "x" },
  });
  assert.equal(note(done), `info: ${ROOM} is configured`);
  assert.deepEqual((await received(ada)).map(codesOf), [["104"]]);
  const again = await command(admin, "config", { fields: { room: ROOM } });
  const refused = await command(admin, "config", {
    session: String(again.attrs["sessionid"]),
    formType,
    fields: { "muc#roomconfig_roomname": "Barn", "muc#roomconfig_whois": "nobody" },
  });
  assert.equal(note(refused), "error: muc#roomconfig_whois: Not one of the options: nobody");
  assert.deepEqual(await received(ada), []);
  const info = valuesOf(formOf(await command(admin, "info", { fields: { room: ROOM } })));
  assert.deepEqual([info.get("name"), info.get("members_only")], ["Loft", "1"]);
});

test("long lists come page by page", async () => {
  await using service = await startRooms();
  const admin = service.client("admin@example");
  const muc = service.service.modules.exportsOf("rooms.example", "muc") as Muc;
  for (let at = 0; at < 250; at++) await muc.createRoom(`r${String(at).padStart(3, "0")}@rooms.example`);
  let page = await command(admin, "list", { fields: {} });
  const session = String(page.attrs["sessionid"]);
  const seen: string[] = [];
  const sizes: number[] = [];
  for (;;) {
    const items = itemsOf(formOf(page));
    sizes.push(items.length);
    seen.push(...items.map((item) => String(item.get("jid"))));
    if (page.attrs["status"] === "completed") break;
    page = await command(admin, "list", { session, action: "next" });
  }
  assert.deepEqual(sizes, [100, 100, 50]);
  assert.deepEqual(
    seen,
    Array.from({ length: 250 }, (_, at) => `r${String(at).padStart(3, "0")}@rooms.example`),
  );
  const room = await muc.getRoomFromJid("r000@rooms.example");
  await room?.run(() => {
    for (let at = 0; at < 120; at++) room.setAffiliation(true, `u${at}@example`, "member");
  });
  const first = await command(admin, "affiliations", { fields: { room: "r000@rooms.example" } });
  assert.equal(itemsOf(formOf(first)).length, 100);
  const rest = await command(admin, "affiliations", { session: String(first.attrs["sessionid"]), action: "next" });
  assert.deepEqual([rest.attrs["status"], itemsOf(formOf(rest)).length], ["completed", 20]);
});
