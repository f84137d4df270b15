/**
 * What the reference, Prosody, gets wrong, and the script that shows it: it passes on Chorus, and how it ends on Debian's
 * Prosody 0.12 is said here. docs/security.md tells it in words.
 */
export interface ReferenceRow {
  /** Its name in docs/security.md. */
  readonly row: string;
  /** Below `test/scenarios`. The step after the comment `# Reference: …` is where the reference goes wrong. */
  readonly script: string;
  /** `fails`: 0.12 has the hole; `not applicable`: it lacks the feature, or the hole came later. */
  readonly on012: "fails" | "not applicable";
  /** What the runner says of 0.12, beside the step. */
  readonly failure: RegExp;
}

export const REFERENCE_ROWS: readonly ReferenceRow[] = [
  {
    row: "S1",
    script: "security-s1-kick-by-reserving.scs",
    on012: "fails",
    failure: /Ben receives nothing: but there came[^]*<status code="307"\/>[^]*This nickname is reserved/,
  },
  {
    row: "S2",
    script: "security-s2-reservation-overwritten.scs",
    on012: "not applicable",
    failure: /expected child <reason>A friend<\/reason>, got no more children/,
  },
  {
    row: "S3",
    script: "archive-password.scs",
    on012: "fails",
    failure: /Ben receives: [^]*came instead:[^]*<body>secret<\/body>/,
  },
  {
    row: "S4",
    script: "password-outsider.scs",
    on012: "fails",
    failure: /Cleo receives nothing: but there came[^]*<invite from="ben@localhost\/phone">[^]*<password>tumbler/,
  },
  {
    row: "S5",
    script: "security-s5-details-withheld.scs",
    on012: "fails",
    failure: /Eve receives: [^]*came instead:[^]*<value>Our plans<\/value>[^]*difference/,
  },
  {
    row: "S6",
    script: "groupchat-forged.scs",
    on012: "fails",
    failure: /Ada receives: [^]*came instead:[^]*<item affiliation="owner" role="moderator"\/>[^]*difference/,
  },
  {
    row: "Trap 1",
    script: "change-nick-alone.scs",
    on012: "fails",
    failure: /Ada receives: [^]*came instead:[^]*<item-not-found /,
  },
  {
    row: "Trap 2",
    script: "trap-02-presence-to-the-service.scs",
    on012: "fails",
    failure: /Ada receives: [^]*nothing came/,
  },
  {
    row: "Trap 3",
    script: "trap-03-invalid-whois.scs",
    on012: "fails",
    failure: /Ada receives: [^]*nothing came/,
  },
  {
    row: "Trap 4",
    script: "trap-04-invalid-allowpm.scs",
    on012: "not applicable",
    failure: /expected type="error", got type="result"/,
  },
  {
    row: "Trap 5",
    script: "trap-05-enforced-nick-second-session.scs",
    on012: "fails",
    failure: /expected jid="ada@localhost\/study", got jid="ada@localhost\/phone"/,
  },
  {
    row: "Trap 7",
    script: "trap-07-avatar-changed-twice.scs",
    on012: "not applicable",
    failure: /came instead:[^]*<service-unavailable /,
  },
  {
    row: "Trap 8",
    script: "trap-08-avatar-gone-with-room.scs",
    on012: "not applicable",
    failure: /came instead:[^]*<service-unavailable /,
  },
  {
    row: "Trap 10",
    script: "trap-10-absent-outcasts.scs",
    on012: "fails",
    failure: /Ben receives: [^]*came instead:[^]*type="unavailable"[^]*<item affiliation="outcast" /,
  },
  {
    row: "Trap 11",
    script: "trap-11-domain-ban-spares-members.scs",
    on012: "fails",
    failure: /Ben receives nothing: but there came[^]*<status code="301"\/>/,
  },
  {
    row: "Trap 12",
    script: "trap-12-lock-expires.scs",
    on012: "fails",
    failure: /Ada receives: [^]*nothing came/,
  },
];
