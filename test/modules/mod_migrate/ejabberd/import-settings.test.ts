/** What becomes of the options of ejabberd's rooms. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { EjabberdFile, room, ROOMS } from "./ejabberd-data.js";

describe("chorusctl import ejabberd, of options of rooms", () => {
  const ofRoom = (option: string): string => room("well", option);
  const settings: readonly (readonly [option: string, expected: Readonly<Record<string, unknown>>])[] = [
    ["{moderated,true},{members_by_default,true}", { moderated: undefined }],
    ["{moderated,true},{members_by_default,false}", { moderated: true }],
    ['{moderated,true},{roles,[{{<<"a">>,<<"b">>,<<>>},visitor}]}', { kept_voices: [["a@b", "visitor"]] }],
    ["{allow_private_messages,false}", { allow_pm: "none" }],
    ["{allowpm,participants}", { allow_pm: "participant" }],
    ["{allowpm,none}", { allow_pm: "none" }],
    ["{allow_private_messages_from_visitors,nobody}", { allow_pm: "participant", allow_modpm: undefined }],
    ["{max_users,none}", { max_occupants: 0 }],
    ['{password,<<"p">>}', { password: undefined }],
    ["{allow_change_subj,false}", { changesubject: undefined }],
    ["{allow_user_invites,true},{members_only,true}", { allow_member_invites: true, members_only: true }],
    ["{mam,false}", { archiving: false }],
    ['{subject,<<"old">>}', { subject: "old", subject_from: undefined }],
    ['{subject,[{text,<<"de">>,<<"x">>}]},{subject_author,{<<"N">>,{jid,<<>>}}}', { subject: "x", subject_from: `well@${ROOMS}/N` }], // prettier-ignore
    ["{presence_broadcast,[]}", { presence_broadcast: {} }],
    ["{presence_broadcast,[visitor,participant,moderator]}", { presence_broadcast: undefined }],
    ['{pubsub,<<"xmpp:p">>}', { pubsub: "xmpp:p" }],
    ["{allow_query_users,false}", { ejabberd: { allow_query_users: false } }],
    ["{allow_query_users,true},{vcard_xupdate,undefined}", { ejabberd: undefined }],
  ];
  for (const [option, expected] of settings) {
    it(`has for ${option}: ${JSON.stringify(expected)}`, async () => {
      // What is written last of an option is what counts.
      await using file = await EjabberdFile.make(ofRoom(option));
      const { status, lines } = await file.import(["--dump", "file"]);
      assert.equal(status, 0, lines.join("\n"));
      const stored = (await file.storage.openStore(ROOMS, "config").get("well")) as { _data: Record<string, unknown> };
      for (const [key, value] of Object.entries(expected)) assert.deepEqual(stored._data[key], value);
    });
  }
});
