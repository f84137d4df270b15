import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { dataSource, parseConfusables } from "../../../modules/mod_muc_confusable_nicks/generate-data.js";
import { CONFUSABLES, UNICODE_VERSION } from "../../../modules/mod_muc_confusable_nicks/data.js";
import { keysOf, skeleton, visible } from "../../../modules/mod_muc_confusable_nicks/skeleton.js";
import { readTable, writeTable } from "../../../modules/mod_muc_confusable_nicks/table.js";

const looksLike = (one: string, other: string): boolean => keysOf(one).some((key) => keysOf(other).includes(key));

/** UTS #39 §4 names the first two; the others are what people do in rooms. */
const ALIKE: readonly (readonly [string, string])[] = [
  ["paypal", "\u{1D4C5}\u{1D4B6}\u{1D4CE}\u{1D4C5}\u{1D4B6}\u{1D4C1}"], // mathematical letters
  ["scope", "\u0455\u0441\u043E\u0440\u0435"], // Cyrillic
  ["admin", "\u0430dmin"],
  ["admin", "ADMIN"],
  ["Admin", "AdmIn"],
  ["Admin", "AdmIn\u200B"],
  ["Adrnin", "Admin"],
  ["Al", "AI"],
  ["B0b", "Bob"],
  ["Ada", "Ada "],
  ["Ada", "A\u00ADda"], // soft hyphen
  ["Ada", "\u2066Ada\u2069"], // isolates of direction
  ["Ada", "Ada\u3164"], // Hangul filler
  ["Ada", "Ada\u2800"], // empty Braille pattern
  ["Ada Byron", "Ada\u00A0 Byron"],
  ["Zo\u00EB", "Zoe\u0308"],
  ["\uFF21\uFF44\uFF41", "Ada"], // full width
];
for (const [one, other] of ALIKE) {
  test(`${JSON.stringify(one)} looks like ${JSON.stringify(other)}`, () => {
    assert.ok(looksLike(one, other), `${keysOf(one).join()} and ${keysOf(other).join()}`);
  });
}

const DIFFERENT: readonly (readonly [string, string])[] = [
  ["Ada", "Ida"],
  ["Ada", "Ada2"],
  ["Ada Byron", "AdaByron"],
  ["Zoë", "Zoe"],
  ["Ада", "Ida"],
  ["小林", "林"],
];
for (const [one, other] of DIFFERENT) {
  test(`${one} does not look like ${other}`, () => {
    assert.equal(looksLike(one, other), false);
  });
}

test("what shows nothing shows nothing", () => {
  for (const nick of ["", " ", "\u3164", "\u2800", "\u200B\u2060", "\u{1D159}", "\u00AD \u180E"]) {
    assert.equal(visible(nick), "", JSON.stringify(nick));
  }
  assert.equal(visible(" a\u2003 \u200Bb "), "a b");
});

test("a skeleton is its own skeleton, and normalisation makes no difference", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), (text) => {
      assert.equal(skeleton(skeleton(text)), skeleton(text));
      assert.equal(skeleton(text.normalize("NFC")), skeleton(text.normalize("NFD")));
    }),
  );
});

test("the table is Unicode's of a version not older than the oldest Node's, and whole", () => {
  const table = readTable(CONFUSABLES);
  assert.ok(Number.parseFloat(UNICODE_VERSION) >= 15);
  assert.ok(table.size > 6000, String(table.size));
  assert.deepEqual([table.get("\u0430"), table.get("m"), table.get("I")], ["a", "rn", "l"]);
  assert.equal(writeTable(table), CONFUSABLES);
});

test("what is written of a table is read again", () => {
  const character = fc.string({ unit: "binary", minLength: 1, maxLength: 1 }).filter((one) => !/\p{Cs}/u.test(one));
  const text = fc.string({ unit: "binary", minLength: 1, maxLength: 4 }).filter((one) => !/\p{Cs}/u.test(one));
  fc.assert(
    fc.property(fc.array(fc.tuple(character, text), { minLength: 1, maxLength: 80 }), (entries) => {
      const table = new Map(entries);
      assert.deepEqual(readTable(writeTable(table)), table);
    }),
  );
});

test("data are made of confusables.txt as Unicode publishes it", () => {
  const text = [
    "\uFEFF# confusables.txt",
    "# Version: 99.1.0",
    "",
    "#\tEND OF HEADER",
    "05AD ;\t0596 ;\tMA\t# ( ֭ → ֖ ) HEBREW ACCENT DEHI → HEBREW ACCENT TIPEHA\t# ",
    "FDFA ;\t0635 0644 ;\tMA\t# two",
    "",
  ].join("\n");
  assert.deepEqual(
    parseConfusables(text),
    new Map([
      ["\u05AD", "\u0596"],
      ["\uFDFA", "\u0635\u0644"],
    ]),
  );
  assert.match(dataSource(text), /UNICODE LICENSE V3[^]*UNICODE_VERSION = "99\.1\.0"[^]*"13q:14d;185\.18k:1e62"/);
  assert.throws(() => dataSource("05AD ; 0596 ; MA"), /Version/);
});
