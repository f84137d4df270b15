import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { Element } from "../../../core/xmpp/element.js";
import { parseStanza } from "../../../core/xmpp/parse.js";
import { serialise } from "../../../core/xmpp/template.js";
import { arbitraryElement, plain } from "./arbitrary-element.js";

describe("parseStanza", () => {
  it("gives back what was serialised", () => {
    fc.assert(
      fc.property(arbitraryElement, (element) => {
        assert.deepEqual(plain(parseStanza(serialise(element))), plain(element));
      }),
      { numRuns: 1000 },
    );
  });

  const SHAPES: Readonly<Record<string, string>> = {
    "<message xmlns='jabber:client'><body/></message>": "<message><body/></message>",
    "<message xmlns:x='urn:x'><x:y><x:z/></x:y></message>": '<message><y xmlns="urn:x"><z/></y></message>',
    "<message><x xmlns='urn:x'><message xmlns='jabber:client'><body/></message></x></message>":
      '<message><x xmlns="urn:x"><message xmlns="jabber:client"><body/></message></x></message>',
    "<message><x xmlns='urn:x'><y xmlns='urn:x'/></x></message>": '<message><x xmlns="urn:x"><y/></x></message>',
    "<message><x xmlns=''/></message>": '<message><x xmlns=""/></message>',
    "<message xmlns:p='urn:p' p:a='1'><b p:a='2'/></message>":
      '<message xmlns:p="urn:p" p:a="1"><b xmlns:p="urn:p" p:a="2"/></message>',
    "<message xml:lang='en'/>": '<message xml:lang="en"/>',
    "<a><xml:m b='1' xmlns='urn:x'><c/><xml:d/></xml:m><e/></a>":
      '<a><xml:m b="1"><c xmlns="urn:x"/><xml:d/></xml:m><e/></a>',
    "<b>one<![CDATA[<two>]]>&amp;&#x1f3ad;</b>": "<b>one&lt;two&gt;&amp;🎭</b>",
    "<?xml version='1.0'?>\n<a>\n</a>\n": "<a>\n</a>",
  };
  for (const [text, expected] of Object.entries(SHAPES)) {
    it(`gives ${JSON.stringify(text)} the shape of a received stanza`, () => {
      const element = parseStanza(text);
      assert.equal(serialise(element), expected);
      assert.ok(element instanceof Element);
    });
  }

  for (const text of [
    "",
    "x",
    "<a>",
    "<a/><b/>",
    "<a></b>",
    "<a/>x",
    "<a>\ud800</a>",
    "<a>é\udc00</a>",
    "<x:a/>",
    "<a b='1' b='2'/>",
    "<a>&x;</a>",
    "<!DOCTYPE a><a/>",
    "<?x y?><a/>",
  ]) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      assert.throws(() => parseStanza(text), SyntaxError);
    });
  }
});
