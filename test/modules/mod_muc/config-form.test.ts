/** The forms that rooms serve, field by field, and what comes of each value that is submitted. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { getChild, xml, type Element, type Json } from "../../../core/index.js";
import type { FakeClient } from "../../../core/testing/fake-client.js";
import type { TestService } from "../../../core/testing/service.js";
import {
  codesOf,
  configurationForm,
  configure,
  createRoom,
  discover,
  enter,
  errorOf,
  errorText,
  NS_MUC,
  received,
  request,
  ROOM,
  startRooms,
  submission,
} from "../../support/rooms.js";
import { FORM, type Field, type Values } from "./config-form-fields.js";

const FIELDS = FORM.filter((field) => typeof field !== "string");
const MODULES = 'modules_enabled = { "muc_max_occupants", "muc_mam" }';
const PERSISTENT = "muc#roomconfig_persistentroom";

function valuesOf(field: Element | undefined): string[] {
  return (field?.getChildren("value") ?? []).map((value) => value.text());
}

/** The form as it is served. */
async function served(client: FakeClient, xmlns = `${NS_MUC}#owner`): Promise<Element> {
  const [answer] = await request(client, "get", xml("query", { xmlns }));
  const query = getChild(answer, "query", xmlns);
  const x = query && getChild(query, "x", "jabber:x:data");
  assert.ok(x, answer.toString());
  return x;
}

/** A field as a line of the tables. */
function described(field: Element): unknown {
  if (field.attrs["type"] === "fixed") return field.getChildText("value");
  const options = field.getChildren("option").map((option) => [option.getChildText("value"), option.attrs["label"]]);
  const validate = getChild(field, "validate", "http://jabber.org/protocol/xdata-validate");
  return {
    name: field.attrs["var"],
    type: field.attrs["type"],
    label: field.attrs["label"],
    value: valuesOf(field),
    datatype: validate?.attrs["datatype"],
    options: options.length === 0 ? undefined : options,
  };
}

function expected(field: Field | string): unknown {
  if (typeof field === "string") return field;
  const { name, type, label, value, datatype, options } = field;
  return { name, type, label, value: [...value], datatype, options: options?.map((option) => [...option]) };
}

/** What is stored of the room. */
async function storedData(service: TestService): Promise<Record<string, Json> | undefined> {
  const frozen = await service.storage.openStore("rooms.example", "config", "keyval").get("attic");
  return (frozen as { _data: Record<string, Json> } | undefined)?._data;
}

test("the form: title, instructions, sections, fields, labels, types, values and options, in order", async () => {
  await using service = await startRooms(MODULES);
  const ada = service.client("ada@example");
  await createRoom(ada, "Ada");
  const x = await served(ada);
  assert.equal(x.attrs["type"], "form");
  assert.equal(x.getChildText("title"), `Configuration for ${ROOM}`);
  assert.equal(x.getChildText("instructions"), "Complete and submit this form to configure the room.");
  const [formType, ...fields] = x.getChildren("field");
  assert.deepEqual(
    [formType?.attrs["var"], formType?.attrs["type"], formType?.getChildText("value")],
    ["FORM_TYPE", "hidden", `${NS_MUC}#roomconfig`],
  );
  assert.deepEqual(fields.map(described), FORM.map(expected));
});

for (const field of FIELDS) {
  const isPersistence = field.name === PERSISTENT;

  test(`${field.name}: each value is shown, stored, told of and seen by others`, async () => {
    await using service = await startRooms(MODULES);
    const ada = service.client("ada@example");
    await createRoom(ada, "Ada", isPersistence ? {} : { [PERSISTENT]: "1" });
    for (const { submit, shown = submit, stored, features = [], info = {}, codes = ["104"] } of field.valid) {
      const what = `${field.name} = ${JSON.stringify(submit)}`;
      const [answer, ...notices] = await configure(ada, { [field.name]: submit });
      assert.equal(answer.attrs["type"], "result", what);
      assert.deepEqual(notices.map(codesOf), codes.length > 0 ? [codes] : [], what);
      const form = await configurationForm(ada);
      assert.deepEqual(valuesOf(form.get(field.name)), shown, what);
      for (const other of FIELDS) {
        if (other === field || other.name === PERSISTENT) continue;
        // No more messages are sent unasked than there are.
        if (field.key === "history_length" && other.key === "default_history_messages") continue;
        assert.deepEqual(valuesOf(form.get(other.name)), other.value, `${what} leaves ${other.name} alone`);
      }
      const data = await storedData(service);
      if (isPersistence && stored === undefined) assert.equal(data, undefined, `${what}: nothing is stored`);
      else assert.deepEqual(data?.[field.key], stored, what);
      const seen = await discover(ada);
      for (const feature of features) assert.ok(seen.features.has(feature), `${what}: ${feature}`);
      for (const [name, value] of Object.entries(info)) assert.equal(seen.form.get(name), value, `${what}: ${name}`);
    }
  });

  if (field.invalid.length > 0) {
    test(`${field.name}: a wrong value refuses the form by the field's name, and nothing is applied or stored`, async () => {
      await using service = await startRooms(MODULES);
      const ada = service.client("ada@example");
      await createRoom(ada, "Ada", { [PERSISTENT]: "1" });
      const before = [(await served(ada)).toString(), JSON.stringify(await storedData(service))];
      for (const submit of field.invalid) {
        const what = `${field.name} = ${JSON.stringify(submit)}`;
        // A value that is fine on either side of it.
        const others = { "muc#roomconfig_roomname": "Other", "{urn:chorus-muc}roomconfig_archive_days": "2" };
        const [answer, ...notices] = await configure(ada, { ...others, [field.name]: submit });
        assert.equal(errorOf(answer), "modify/not-acceptable", what);
        assert.ok(errorText(answer)?.startsWith(`${field.name}: `), `${what}: ${String(errorText(answer))}`);
        assert.deepEqual(notices, [], what);
        const after = [(await served(ada)).toString(), JSON.stringify(await storedData(service))];
        assert.deepEqual(after, before, what);
      }
    });
  }
}

test("a text field without a value is as empty as one with an empty value; other fields without one are refused or off", async () => {
  await using service = await startRooms(MODULES);
  const ada = service.client("ada@example");
  await createRoom(ada, "Ada", { "muc#roomconfig_roomdesc": "Boxes", "muc#roomconfig_moderatedroom": "1" });
  await configure(ada, { "muc#roomconfig_roomdesc": [], "muc#roomconfig_moderatedroom": [] });
  const form = await configurationForm(ada);
  assert.deepEqual(valuesOf(form.get("muc#roomconfig_roomdesc")), [""]);
  assert.deepEqual(valuesOf(form.get("muc#roomconfig_moderatedroom")), []);
});

test("fields that are left out stay as they are, unknown ones are ignored, and headings are no fields", async () => {
  await using service = await startRooms(MODULES);
  const ada = service.client("ada@example");
  await createRoom(ada, "Ada", { "muc#roomconfig_roomdesc": "Boxes" });
  const before = (await served(ada)).toString();
  const [answer, ...notices] = await configure(ada, { "muc#roomconfig_pubsub": "1", "Room information": "x", "": "y" });
  assert.equal(answer.attrs["type"], "result");
  assert.deepEqual(notices, []);
  assert.equal((await served(ada)).toString(), before);
});

/** Fields that not every owner has. */
const RESTRICTED = [PERSISTENT, "muc#roomconfig_publicroom"];

for (const [who, jid, component, lacking] of [
  ["a local owner", "ada@example", "", []],
  ["an owner of another server", "ada@elsewhere.example", "", RESTRICTED],
  [
    "a local owner, where admins only make rooms persistent or public",
    "ada@example",
    "muc_room_allow_persistent = false; muc_room_allow_public = false",
    RESTRICTED,
  ],
  [
    "an admin of the service there",
    "admin@example",
    "muc_room_allow_persistent = false; muc_room_allow_public = false",
    [],
  ],
  [
    "an owner whom permissions are given to",
    "ada@elsewhere.example",
    'add_permissions = { ["prosody:guest"] = { "muc:create-persistent-room" } }',
    ["muc#roomconfig_publicroom"],
  ],
  [
    "an owner where all rooms are archived",
    "ada@example",
    "muc_log_all_rooms = true",
    ["muc#roomconfig_enablearchiving"],
  ],
] as const) {
  test(`fields of ${who}: ${lacking.length === 0 ? "all" : `not ${lacking.join(", ")}`}; others are ignored`, async () => {
    await using service = await startRooms(`${MODULES}; ${component}`);
    const owner = service.client(`${jid}/desk`);
    await createRoom(owner, "Owner");
    const names = FIELDS.map(({ name }) => name).filter((name) => !(lacking as Values).includes(name));
    assert.deepEqual(
      [...(await configurationForm(owner)).keys()].filter((name) => name !== "FORM_TYPE" && name !== "undefined"),
      names,
    );
    for (const name of lacking) {
      const before = await discover(owner);
      const [answer, ...notices] = await configure(owner, { [name]: name.endsWith("archiving") ? "0" : "1" });
      assert.equal(answer.attrs["type"], "result", name);
      assert.deepEqual(notices, [], name);
      assert.deepEqual(await discover(owner), before, name);
    }
  });
}

test("component_admins_as_room_owners: an admin of the service configures a room of somebody else", async () => {
  for (const isOwner of [false, true]) {
    await using service = await startRooms(`component_admins_as_room_owners = ${String(isOwner)}`);
    const [ada, admin] = [service.client("ada@example"), service.client("admin@example")];
    await createRoom(ada, "Ada");
    const [answer] = await configure(admin, { "muc#roomconfig_roomname": "Checked" });
    assert.equal(errorOf(answer), isOwner ? undefined : "auth/forbidden");
  }
});

test("a section whose fields nobody offers has no heading", async () => {
  const modules = ["subject", "moderated", "whois"].map((name) => `"muc_${name}"`).join(", ");
  await using service = await startRooms(`modules_disabled = { ${modules} }`);
  const ada = service.client("ada@example");
  await createRoom(ada, "Ada");
  const headings = (await served(ada)).getChildren("field").filter(({ attrs }) => attrs["type"] === "fixed");
  assert.deepEqual(
    headings.map((heading) => heading.getChildText("value")),
    ["Room information", "Access to the room", "Other options"],
  );
});

test("the registration form: the nick, then what modules add", async () => {
  await using service = await startRooms();
  const ada = service.client("ada@example");
  await createRoom(ada, "Ada");
  service
    .host("rooms.example")
    .published.add(
      "muc-registration-field",
      { name: "muc#register_email", type: "text-single", label: "E-mail" },
      "test",
    );
  const x = await served(ada, "jabber:iq:register");
  assert.deepEqual([x.getChildText("title"), x.getChildText("instructions")], [null, null]);
  const none = { datatype: undefined, options: undefined };
  assert.deepEqual(x.getChildren("field").map(described), [
    { name: "FORM_TYPE", type: "hidden", label: undefined, value: [`${NS_MUC}#register`], ...none },
    { name: "muc#register_roomnick", type: "text-single", label: "Nickname", value: [], ...none },
    { name: "muc#register_email", type: "text-single", label: "E-mail", value: [], ...none },
  ]);
  assert.deepEqual(
    x.getChildren("field").map((field) => getChild(field, "required") !== undefined),
    [false, true, false],
  );
});

test("the voice request form, as moderators get it, and answers to it that make no sense", async () => {
  await using service = await startRooms();
  const [ada, ben] = [service.client("ada@example"), service.client("ben@example")];
  await createRoom(ada, "Ada", { "muc#roomconfig_moderatedroom": "1" });
  await enter(ben, "Ben");
  await received(ada);
  const send = async (client: FakeClient, fields: Record<string, Values>): Promise<Element[]> => {
    client.send(xml("message", { to: ROOM }, submission(`${NS_MUC}#request`, fields)));
    return received(client);
  };
  assert.deepEqual(await send(ben, { "muc#role": ["participant"] }), []);
  const [message] = await received(ada);
  const x = message && getChild(message, "x", "jabber:x:data");
  assert.ok(x);
  assert.equal(x.getChildText("title"), "Voice Request");
  const none = { datatype: undefined, options: undefined };
  const roles = ["none", "visitor", "participant", "moderator"];
  assert.deepEqual(x.getChildren("field").map(described), [
    { name: "FORM_TYPE", type: "hidden", label: undefined, value: [`${NS_MUC}#request`], ...none },
    { name: "muc#jid", type: "jid-single", label: "User ID", value: [ben.jid], ...none },
    { name: "muc#roomnick", type: "text-single", label: "Room nickname", value: ["Ben"], ...none },
    {
      name: "muc#role",
      type: "list-single",
      label: "Requested role",
      value: ["participant"],
      datatype: undefined,
      options: roles.map((role) => [role, undefined]),
    },
    { name: "muc#request_allow", type: "boolean", label: "Grant voice to this person?", value: ["0"], ...none },
  ]);

  for (const [fields, error] of [
    [{ "muc#roomnick": ["Ben"], "muc#request_allow": ["maybe"] }, "muc#request_allow: Invalid boolean representation"],
    [{ "muc#roomnick": ["Ben"], "muc#jid": ["@"], "muc#request_allow": ["1"] }, "muc#jid: Invalid JID: @"],
  ] as const) {
    const [answer] = await send(ada, fields);
    assert.equal(errorOf(answer), "modify/bad-request");
    assert.equal(errorText(answer), error);
  }
  const ineffective: readonly Record<string, Values>[] = [
    { "muc#roomnick": ["Ben"], "muc#request_allow": ["0"] },
    { "muc#roomnick": ["Ben"] },
    { "muc#roomnick": ["Nobody"], "muc#request_allow": ["1"] },
    { "muc#request_allow": ["1"] },
  ];
  for (const fields of ineffective) assert.deepEqual(await send(ada, fields), [], JSON.stringify(fields));
  // A grant means participant, whatever else the form says.
  const granted = { "muc#roomnick": ["Ben"], "muc#role": ["moderator"], "muc#request_allow": ["true"] };
  const [presence] = await send(ada, granted);
  assert.match(String(presence), /role="participant"/);
});
