import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import {
  domainOf,
  hasDomain,
  nameprep,
  nodeprep,
  parseBareJid,
  parseFullJid,
  parseJid,
  parseStrictJid,
  resourceprep,
} from "../../../core/xmpp/jid.js";

describe("parseJid", () => {
  const TABLE: Readonly<Record<string, string | undefined>> = {
    "juliet@capulet.example/balcony": "juliet@capulet.example/balcony",
    "JULIET@Capulet.Example/Balcony": "juliet@capulet.example/Balcony",
    "capulet.example": "capulet.example",
    "capulet.example.": "capulet.example",
    "juliet@capulet.example./x": "juliet@capulet.example/x",
    "capulet.example/a@b/c": "capulet.example/a@b/c",
    "Σίσυφος@Ελλάδα.example": "σίσυφοσ@ελλάδα.example",
    "ﬀ@example": "ff@example",
    "ＡＢＣ@example": "abc@example",
    "straße@example": "strasse@example",
    "so\u00adft@example": "soft@example",
    "room@muc.example/🤖️": "room@muc.example/🤖",
    "room@muc.example/Ⅳ": "room@muc.example/IV",
    "room@muc.example/ two words ": "room@muc.example/ two words ",
    "muc。example": "muc。example",
    "": undefined,
    "@example": undefined,
    "juliet@": undefined,
    "juliet@/x": undefined,
    "/x": undefined,
    "juliet@example/": undefined,
    "juliet@capulet@example": undefined,
    ".": undefined,
    "example..": undefined,
    "example．": undefined,
    "א.": "א",
    "a b@example": undefined,
    'a"b@example': undefined,
    "a&b@example": undefined,
    "a'b@example": undefined,
    "a:b@example": undefined,
    "a<b@example": undefined,
    "a＠b@example": undefined,
    "exam ple": undefined,
    "example\n": undefined,
    "example／x": undefined,
    "juliet@example/\u0000": undefined,
    "juliet@example/\u2028": undefined,
    "juliet@example/\ud800": undefined,
    "juliet\u00a0@example": undefined,
    // RFC 3454 §6: right-to-left text that ends otherwise, and with left-to-right text in it.
    "אב1@example": undefined,
    "אaב@example": undefined,
    "אב@example": "אב@example",
  };
  for (const [text, expected] of Object.entries(TABLE)) {
    it(`${expected === undefined ? "refuses" : "prepares"} ${JSON.stringify(text)}`, () => {
      assert.equal(parseJid(text), expected);
      assert.equal(parseJid(text), expected, "from the cache");
    });
  }

  it("takes parts of 1023 bytes and no more", () => {
    const part = (bytes: number): string => "a".repeat(bytes);
    assert.equal(parseJid(`${part(1023)}@${part(1023)}/${part(1023)}`)?.length, 3 * 1023 + 2);
    for (const long of [`${part(1024)}@b/c`, `a@${part(1024)}/c`, `a@b/${part(1024)}`])
      assert.equal(parseJid(long), undefined);
    assert.equal(parseJid(`a@b/${"é".repeat(511)}`)?.length, 4 + 511);
    assert.equal(parseJid(`a@b/${"é".repeat(512)}`), undefined);
    assert.equal(parseJid(`a@b/${"\ufdfa".repeat(340)}`), undefined, "too long once prepared");
  });

  it("is strict when asked: code points of later Unicode are refused, the prepared form stays", () => {
    assert.equal(parseStrictJid("room@muc.example/🤖"), undefined);
    assert.equal(parseStrictJid("room@muc.example/Ann"), "room@muc.example/Ann");
    assert.equal(parseJid("ROOM@muc.example/é", { strict: true }), "room@muc.example/é");
    assert.equal(parseJid("room@muc.example/🤖"), "room@muc.example/🤖");
    assert.equal(resourceprep("🤖️"), "🤖");
    assert.equal(resourceprep("🤖", { strict: true }), undefined);
    assert.equal(nodeprep("Ⴀ"), "Ⴀ", "Unicode 3.2 has no lower case of it");
  });

  it("tells bare from full", () => {
    assert.equal(parseBareJid("A@b"), "a@b");
    assert.equal(parseBareJid("B"), "b");
    assert.equal(parseBareJid("a@b/c"), undefined);
    assert.equal(parseFullJid("A@b/C"), "a@b/C");
    assert.equal(parseFullJid("a@b"), undefined);
  });

  const profiles = { nodeprep, nameprep, resourceprep };
  for (const [name, prep] of Object.entries(profiles)) {
    it(`${name} changes nothing that it has prepared`, () => {
      for (let codePoint = 0; codePoint <= 0x2ffff; codePoint++) {
        const once = prep(String.fromCodePoint(codePoint));
        if (once !== undefined) assert.equal(prep(once), once, `U+${codePoint.toString(16)}`);
      }
      fc.assert(
        fc.property(fc.string({ unit: "grapheme", maxLength: 40 }), fc.boolean(), (text, strict) => {
          const once = prep(text, { strict });
          return once === undefined || prep(once, { strict }) === once;
        }),
        { numRuns: 2000 },
      );
    });
  }

  it("changes nothing that it has prepared, and joins what it took apart", () => {
    const part = fc.string({
      unit: fc.oneof(
        fc.constantFrom("a", "B", "ß", ".", "@", "/", " ", "é", "ﬁ", "🎭", "。", "Å"),
        fc.string({ unit: "binary", minLength: 1, maxLength: 1 }),
      ),
      maxLength: 12,
    });
    fc.assert(
      fc.property(part, part, part, (node, domain, resource) => {
        const once = parseJid(`${node}@${domain}/${resource}`);
        return once === undefined || parseJid(once) === once;
      }),
      { numRuns: 5000 },
    );
  });
});

describe("hasDomain", () => {
  it("tells what domainOf does", () => {
    const name = fc.constantFrom("a", "example", "b.example", "ample");
    const jid = fc
      .tuple(fc.option(name), name, fc.option(fc.constantFrom("r", "a@b/c", "x@example", "example")))
      .map(([node, domain, resource]) => `${node ? `${node}@` : ""}${domain}${resource ? `/${resource}` : ""}`);
    fc.assert(
      fc.property(jid, name, (text, domain) => {
        assert.equal(hasDomain(text, domain), domainOf(text) === domain);
      }),
    );
  });
});
