import { archived, HOST, room, ROOMS } from "./prosody-data.js";

function stamped(id: string, body: string, when: number, stamp: string): string {
  return archived(id, body, when).replace("2026-11-20T00:00:00Z", stamp);
}

/** Files of a Prosody's data, by name: every shape that there is, as Prosody writes it. */
export const EVERY_SHAPE: Readonly<Record<string, string>> = {
  [`${HOST}/persistent.dat`]: `return { ["garden@${ROOMS}"] = true; ["tomb@${ROOMS}"] = true; ["t\\195\\164st.x_1@${ROOMS}"] = true; };`,
  [`${HOST}/config/garden.dat`]: room(
    "garden",
    `["name"] = "Caf\\195\\169 \\"q\\"\\n"; ["occupant_id_salt"] = "salty"; ["history_length"] = 30; ["big"] = 9007199254740993; ["presence_broadcast"] = { ["visitor"] = true; }; ["of_another_module"] = { 1; 2; ["x"] = 1.5; [false] = "no"; }; ["empty"] = {}; ["endless"] = (1/0);`,
    `["romeo@localhost"] = "member"; ["evil.example"] = "outcast"; ["whatever"] = 7; ["what@ever"] = { "unknown" };`,
  ).replace(
    `["_affiliation_data"] = {}`,
    `["_affiliation_data"] = { ["romeo@localhost"] = { ["reserved_nickname"] = "Romeo"; ["reason"] = "why"; ["hats"] = { ["urn:x"] = { ["active"] = true; ["title"] = "X"; }; }; }; }`,
  ),
  [`${HOST}/config/tomb.dat`]: `return { ["_jid"] = "tomb@${ROOMS}"; ["_affiliation_data"] = {}; ["_data"] = { ["destroyed"] = true; ["persistent"] = true; ["hidden"] = true; ["locked"] = 99999999999; ["newjid"] = "garden@${ROOMS}"; }; };`,
  [`${HOST}/config/t%c3%a4st%2ex%5f1.dat`]: room("t\\195\\164st.x_1"),
  [`${HOST}/state/garden.dat`]: `return {
    ["romeo@elsewhere.example/phone"] = { ["name"] = "presence"; ["attr"] = { ["from"] = "garden@${ROOMS}/Romeo"; ["to"] = "romeo@elsewhere.example/phone"; }; { ["name"] = "show"; ["attr"] = {}; "away"; }; };
    ["garden@${ROOMS}/Romeo"] = { ["bare_jid"] = "romeo@elsewhere.example"; ["role"] = "participant"; ["jid"] = "romeo@elsewhere.example/phone"; };
    ["_last_message_at"] = 1795216631;
    ["_last_message"] = { { "last words"; ["name"] = "body"; ["attr"] = {}; }; { ["name"] = "delay"; ["attr"] = { ["xmlns"] = "urn:xmpp:delay"; ["from"] = "garden@${ROOMS}"; ["stamp"] = "2026-11-20T23:17:11Z"; }; }; ["name"] = "message"; ["attr"] = { ["type"] = "groupchat"; ["from"] = "garden@${ROOMS}/Juliet"; ["to"] = ""; }; };
  };`,
  [`${HOST}/muc_log/garden.list`]:
    stamped("id-1", "one", 1795216000, "2026-11-20T23:06:40Z") +
    stamped("id-2", "two \\240\\159\\140\\185 & <three>", 1795216000, "2026-11-20T23:06:40Z") +
    stamped("id-3", "three", 1795216001, "2026-11-20T23:06:41Z"),
  [`${HOST}/muc_log/gone.list`]: stamped("id-9", "of no room", 1795216000, "2026-11-20T23:06:40Z"),
  [`${HOST}/vcard_muc/garden.dat`]: `return { ["name"] = "vCard"; ["attr"] = { ["xmlns"] = "vcard-temp"; }; { "Garden"; ["name"] = "FN"; ["attr"] = { ["xmlns"] = "vcard-temp"; }; }; };`,
  [`${HOST}/cron.dat`]: `return { ["muc_mam/remove_expired_messages"] = 1795216000; };`,
  [`${HOST}/muc_log_cleanup/2026%2d11%2d20.dat`]: 'return { ["garden"] = true; };',
  "localhost/accounts/juliet.dat": `return { ["salt"] = "16ffdeed"; ["iteration_count"] = 10000; ["stored_key"] = "93"; ["server_key"] = "1e"; ["created"] = 1795216984; ["disabled_meta"] = { ["by"] = "me"; }; };`,
  "localhost/roster/juliet.dat": `return { [false] = { ["version"] = 3; ["pending"] = { ["tybalt@localhost"] = true; }; }; ["romeo@localhost"] = { ["subscription"] = "both"; ["groups"] = { ["Friends"] = true; }; ["name"] = "R"; }; };`,
  "localhost/private/juliet.dat": `return { ["storage:storage:bookmarks"] = { ["name"] = "storage"; ["attr"] = { ["xmlns"] = "storage:bookmarks"; }; { ["name"] = "conference"; ["attr"] = { ["xmlns"] = "storage:bookmarks"; ["jid"] = "garden@${ROOMS}"; ["urn:x\\001a"] = "b"; }; }; }; };`,
  "localhost/vcard/juliet.dat": `return { ["name"] = "vCard"; ["attr"] = { ["xmlns"] = "vcard-temp"; }; };`,
  "localhost/offline/juliet.list": stamped("off", "hello", 1795216000, "2026-11-20T23:06:40Z"),
  "localhost/pep_urn%3ax/juliet.list": stamped("current", "item", 1795216000, "2026-11-20T23:06:40Z"),
  "localhost/account_details/juliet.dat": 'return { ["email"] = "juliet@example"; [3] = "c"; [1] = "a"; };',
  "localhost/invite_token/AbC.dat": 'return { ["type"] = "register"; ["uses"] = (1/0); };',
  "localhost/lastlog/juliet.dat": 'return { ["timestamp"] = 1795216000.25; };',
};
