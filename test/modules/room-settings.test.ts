/** What the simple settings of a room have in common: a field, a feature, and refusals. Defaults: mod_muc/options.test.ts. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { childElements, xml } from "../../core/index.js";
import {
  administrate,
  codesOf,
  configurationForm,
  configure,
  createRoom,
  discover,
  enter,
  errorOf,
  errorText,
  startRooms,
} from "../support/rooms.js";

interface Setting {
  readonly field: string;
  /** What a new room has, in the owner's form. */
  readonly standard: string | undefined;
  readonly changed: string;
  /** Features before and after. */
  readonly features?: readonly [string, string];
  /** A field of disco's form and its values before and after. */
  readonly info?: readonly [name: string, before: string, after: string];
  readonly invalid?: string;
  readonly codes?: readonly string[];
}

const SETTINGS: readonly Setting[] = [
  {
    field: "muc#roomconfig_roomname",
    standard: undefined,
    changed: "The attic",
    info: ["muc#roomconfig_roomname", "", "The attic"],
  },
  {
    field: "muc#roomconfig_roomdesc",
    standard: "",
    changed: "Mostly boxes",
    info: ["muc#roominfo_description", "", "Mostly boxes"],
  },
  {
    field: "muc#roomconfig_lang",
    standard: "",
    changed: "eo",
    info: ["muc#roominfo_lang", "", "eo"],
  },
  {
    field: "muc#roomconfig_persistentroom",
    standard: undefined,
    changed: "1",
    features: ["muc_temporary", "muc_persistent"],
    invalid: "perhaps",
  },
  {
    field: "muc#roomconfig_publicroom",
    standard: "0",
    changed: "1",
    features: ["muc_hidden", "muc_public"],
    invalid: "2",
  },
  {
    field: "muc#roomconfig_membersonly",
    standard: undefined,
    changed: "1",
    features: ["muc_open", "muc_membersonly"],
    info: ["muc#roomconfig_allowinvites", "1", "0"],
    invalid: "yes",
  },
  {
    field: "{http://prosody.im/protocol/muc}roomconfig_allowmemberinvites",
    standard: undefined,
    changed: "1",
    info: ["{http://prosody.im/protocol/muc}roomconfig_allowmemberinvites", "0", "1"],
    invalid: "yes",
  },
  {
    field: "muc#roomconfig_changesubject",
    standard: undefined,
    changed: "1",
    info: ["muc#roomconfig_changesubject", "", "1"],
    invalid: "yes",
  },
  {
    field: "muc#roomconfig_moderatedroom",
    standard: undefined,
    changed: "1",
    features: ["muc_unmoderated", "muc_moderated"],
    invalid: "yes",
  },
  {
    field: "muc#roomconfig_whois",
    standard: "moderators",
    changed: "anyone",
    features: ["muc_semianonymous", "muc_nonanonymous"],
    invalid: "friends",
    codes: ["172"],
  },
  {
    field: "muc#roomconfig_presencebroadcast",
    standard: "visitor\nparticipant\nmoderator",
    changed: "moderator",
    invalid: "spectator",
  },
  {
    field: "muc#roomconfig_historylength",
    standard: "20",
    changed: "7",
    invalid: "many",
  },
  {
    field: "muc#roomconfig_allowpm",
    standard: "visitor",
    changed: "participant",
    invalid: "friends",
  },
  {
    field: "{xmpp:prosody.im}muc#allow_modpm",
    standard: "0",
    changed: "1",
    invalid: "yes",
  },
];

async function shown(client: Parameters<typeof configurationForm>[0], field: string): Promise<string | undefined> {
  const values = childElements((await configurationForm(client)).get(field) ?? xml("field"))
    .filter(({ name }) => name === "value")
    .map((value) => value.text());
  return values.length === 0 ? undefined : values.join("\n");
}

for (const { field, standard, changed, features, info, invalid, codes = ["104"] } of SETTINGS) {
  test(`${field}: shown, changed once, told once, seen by others`, async () => {
    await using service = await startRooms();
    const [ada, ben] = [service.client("ada@example"), service.client("ben@example")];
    await createRoom(ada, "Ada");
    assert.equal(await shown(ada, field), standard);
    // Who is no part of a hidden room does not see all of it.
    await administrate(ada, { affiliation: "member", jid: "ben@example" });
    const before = await discover(ben);
    const [answer, notice] = await configure(ada, { [field]: changed });
    assert.equal(answer.attrs["type"], "result");
    assert.deepEqual(codesOf(notice), codes);
    assert.equal(await shown(ada, field), changed);
    const after = await discover(ben);
    if (features) {
      assert.deepEqual([before.features.has(features[0]), before.features.has(features[1])], [true, false]);
      assert.deepEqual([after.features.has(features[0]), after.features.has(features[1])], [false, true]);
    }
    if (info) assert.deepEqual([before.form.get(info[0]), after.form.get(info[0])], [info[1], info[2]]);
    const [, ...repeated] = await configure(ada, { [field]: changed });
    assert.deepEqual(repeated.map(String), [], "nothing changed");
  });

  if (invalid !== undefined) {
    test(`${field}: an invalid value refuses the whole form and names the field`, async () => {
      await using service = await startRooms();
      const ada = service.client("ada@example");
      await createRoom(ada, "Ada");
      const [answer, ...others] = await configure(ada, {
        "muc#roomconfig_roomdesc": "new",
        [field]: invalid,
        "muc#roomconfig_moderatedroom": field === "muc#roomconfig_moderatedroom" ? invalid : "1",
      });
      assert.equal(errorOf(answer), "modify/not-acceptable");
      assert.ok(errorText(answer)?.startsWith(`${field}: `), errorText(answer));
      assert.deepEqual(others, []);
      assert.equal(await shown(ada, "muc#roomconfig_roomdesc"), "");
      assert.equal(await shown(ada, "muc#roomconfig_moderatedroom"), undefined);
    });
  }
}

for (const field of ["muc#roomconfig_whois", "muc#roomconfig_presencebroadcast", "muc#roomconfig_allowpm"]) {
  test(`${field}: no value at all is invalid, too`, async () => {
    await using service = await startRooms();
    const ada = service.client("ada@example");
    await createRoom(ada, "Ada");
    const [answer] = await configure(ada, { [field]: [] });
    assert.equal(errorOf(answer), "modify/not-acceptable");
    assert.ok(errorText(answer)?.startsWith(`${field}: `));
  });
}

test("the creator's language is the room's, whatever the default", async () => {
  await using service = await startRooms('muc_room_default_language = "eo"');
  const ada = service.client("ada@example");
  await enter(ada, "Ada", { lang: "cy" });
  assert.equal((await discover(ada)).form.get("muc#roominfo_lang"), "cy");
});

test("persistence and the public list are for users of the server that the rooms belong to", async () => {
  await using service = await startRooms();
  const ada = service.client("ada@elsewhere.example");
  await createRoom(ada, "Ada");
  const form = await configurationForm(ada);
  assert.equal(form.has("muc#roomconfig_persistentroom") || form.has("muc#roomconfig_publicroom"), false);
  const [answer, ...others] = await configure(ada, {
    "muc#roomconfig_persistentroom": "1",
    "muc#roomconfig_publicroom": "1",
  });
  assert.equal(answer.attrs["type"], "result", "what one may not set is ignored");
  assert.deepEqual(others, []);
  assert.ok((await discover(ada)).features.has("muc_temporary"));
});

test("muc_room_allow_persistent and muc_room_allow_public = false: admins of the service only", async () => {
  await using service = await startRooms("muc_room_allow_persistent = false; muc_room_allow_public = false");
  const forms = new Map<string, Set<string>>();
  for (const name of ["ada", "admin"]) {
    const client = service.client(`${name}@example/again`);
    const room = `of-${name}@rooms.example`;
    await createRoom(client, "Owner", { "muc#roomconfig_persistentroom": "1" }, { room });
    forms.set(name, (await discover(client, room)).features);
  }
  assert.ok(forms.get("ada")?.has("muc_temporary"));
  assert.ok(forms.get("admin")?.has("muc_persistent"));
});
