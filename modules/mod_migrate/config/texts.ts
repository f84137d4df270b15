/** What is told of settings that Chorus has nothing for, in words that stand in more than one table. */

const BY_PROSODY = "with Chorus attached to Prosody, Prosody goes on doing it";

export const FEDERATION = `Chorus has no connections to other servers; ${BY_PROSODY}`;
export const HTTP = `Chorus serves no HTTP; ${BY_PROSODY}`;
export const ACCOUNT_FEATURE = `not among what Chorus does for accounts; ${BY_PROSODY}`;
export const PROCESS =
  "chorus stays in the foreground as the user who starts it: let systemd do that (docs/operating.md)";
export const STORAGE =
  'Chorus has "level", "internal", "sql" and "memory"; docs/migrating-from-prosody.md tells how data comes over';
