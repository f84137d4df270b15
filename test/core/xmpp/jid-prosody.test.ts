/** The preparation of names, compared with Debian's Prosody, whose data is in that form. */
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { describe, it } from "node:test";
import fc from "fast-check";
import { nameprep, nodeprep, parseJid, resourceprep, type PreparationOptions } from "../../../core/xmpp/jid.js";
import { needs } from "../../support/required.js";

const LIBRARY = "/usr/lib/prosody";
const LUA = "lua5.4";

function missing(): string | undefined {
  if (!existsSync(`${LIBRARY}/util/encodings.so`)) return `${LIBRARY}/util/encodings.so is not installed`;
  return spawnSync(LUA, ["-v"]).error ? `${LUA} is not installed` : undefined;
}

/** Input and output are hexadecimal lines; `-` is a refusal. */
const PROGRAM = `
package.cpath = "${LIBRARY}/?.so;" .. package.cpath
package.path = "${LIBRARY}/?.lua;" .. package.path
local prep = require "util.encodings".stringprep
local jid = require "util.jid"
local out = {}
for line in io.lines() do
  local what, strict, hex = line:match("^(%w+) (%w+) (%x*)$")
  local text = hex:gsub("%x%x", function(byte) return string.char(tonumber(byte, 16)) end)
  local result
  if what == "jid" then result = jid.prep(text, strict == "true") else result = prep[what](text, strict == "true") end
  out[#out + 1] = result and result:gsub(".", function(char) return ("%02x"):format(char:byte()) end) or "-"
end
io.write(table.concat(out, "\\n"), "\\n")
`;

type Profile = "nodeprep" | "nameprep" | "resourceprep" | "jid";
const OURS: Readonly<Record<Profile, (text: string, options: PreparationOptions) => string | undefined>> = {
  nodeprep,
  nameprep,
  resourceprep,
  jid: parseJid,
};

interface Question {
  readonly profile: Profile;
  readonly strict: boolean;
  readonly text: string;
}

function ofProsody(questions: readonly Question[]): (string | undefined)[] {
  const input = questions
    .map(({ profile, strict, text }) => `${profile} ${strict} ${Buffer.from(text).toString("hex")}\n`)
    .join("");
  const output = execFileSync(LUA, ["-e", PROGRAM], { input, maxBuffer: 1 << 28, encoding: "utf8" });
  return output
    .trimEnd()
    .split("\n")
    .map((hex) => (hex === "-" ? undefined : Buffer.from(hex, "hex").toString()));
}

// Corrigendum 4 of Unicode corrected how these decompose; ICU keeps to the uncorrected Unicode 3.2.
const CORRECTED = /[\u{2f868}\u{2f874}\u{2f91f}\u{2f95f}\u{2f9bf}]/u;
const UNASSIGNED = (char: string): boolean => resourceprep(`a${char}b`, { strict: true }) === undefined;

/** Where we differ on purpose, and why. */
function differsOnPurpose({ profile, strict, text }: Question, theirs: string | undefined): boolean {
  if (CORRECTED.test(text)) return true;
  // They judge the direction of code points without one in Unicode 3.2 by the Unicode of their ICU.
  if (!strict && [...text].some(UNASSIGNED)) return true;
  if (profile === "nameprep") return theirs === "" || /[\0- \x7f]/.test(theirs ?? ""); // no host has such a name
  if (profile !== "jid" || theirs === undefined) return profile !== "jid" && theirs === "";
  // What is no prepared JID itself: an empty or blank domain, another dot at its end, separators out of compatibility characters.
  const domainOf = (jid: string): string => /^(?:[^@/]+@)?([^/]*)/.exec(jid)?.[1] ?? "";
  const domain = domainOf(theirs);
  return domain === "" || /[\0- \x7f@]|\.$/.test(domain) || /[@/]/.test(domainOf(text).normalize("NFKC"));
}

describe("names prepared as Prosody does", needs(missing()), () => {
  const compare = (questions: readonly Question[]): void => {
    const theirs = ofProsody(questions);
    const different = questions.flatMap((question, index) => {
      const { profile, strict, text } = question;
      const ours = OURS[profile](text, { strict });
      return ours === theirs[index] || differsOnPurpose(question, theirs[index])
        ? []
        : [
            `${profile} ${strict ? "strict" : "lenient"} ${JSON.stringify(text)}: ${JSON.stringify(ours)}, theirs ${JSON.stringify(theirs[index])}`,
          ];
    });
    assert.deepEqual(different, []);
  };

  for (const profile of ["nodeprep", "nameprep", "resourceprep"] as const) {
    it(`${profile}: every code point, alone and between letters`, () => {
      const questions: Question[] = [];
      for (let codePoint = 1; codePoint <= 0x2ffff; codePoint++) {
        if (codePoint >= 0xd800 && codePoint <= 0xdfff) continue;
        const char = String.fromCodePoint(codePoint);
        for (const text of [char, `a${char}b`])
          questions.push({ profile, strict: true, text }, { profile, strict: false, text });
      }
      compare(questions);
    });
  }

  it("whole JIDs of any characters", () => {
    const character = fc.oneof(
      { weight: 4, arbitrary: fc.constantFrom(..."aB@/. ßéÉÅﬀ①。／＠א1") },
      { weight: 1, arbitrary: fc.string({ unit: "grapheme", minLength: 1, maxLength: 1 }) },
    );
    const text = fc.string({ unit: character, minLength: 1, maxLength: 16 });
    const question = fc.record({
      profile: fc.constantFrom<Profile>("jid", "nodeprep", "resourceprep"),
      strict: fc.boolean(),
      text,
    });
    // A fixed seed: what differs on purpose is described, not proven.
    const questions = fc.sample(question, { numRuns: 20_000, seed: 3454 });
    compare(questions.filter((question) => !question.text.includes("\0")));
  });
});
