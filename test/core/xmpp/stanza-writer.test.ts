/** Elements as text: what they say, escaped where XML wants it, however it is put together. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { escapeXML, escapeXMLText } from "@xmpp/xml";
import fc from "fast-check";
import { isElement, xml, type Element } from "../../../core/xmpp/element.js";
import { escapeAttribute, serialise, StanzaTemplate } from "../../../core/xmpp/template.js";

/** Text of all kinds: plain, with what is escaped, not ASCII, and long. */
const text = fc
  .tuple(
    fc.oneof(
      fc.stringMatching(/^[ -~]*$/),
      fc.string({ unit: fc.constantFrom("a", "<", ">", "&", '"', "'", "\t", "\n", "\r", "]]>") }),
      fc.string({ unit: "grapheme" }),
    ),
    fc.constantFrom(1, 1, 1, 60, 2000),
  )
  .map(([part, times]) => part.repeat(times));

const name = fc.constantFrom("body", "x", "html", "été");
const attrs = fc.dictionary(
  fc.constantFrom("from", "id", "type", "xmlns", "xml:lang", "ä"),
  fc.option(text, { nil: undefined }),
);

const { element } = fc.letrec<{ element: Element; node: Element | string }>((tie) => ({
  element: fc
    .tuple(name, attrs, fc.array(tie("node"), { maxLength: 4 }))
    .map(([of, its, children]) => Object.assign(xml(of, {}, ...children), { attrs: its })),
  node: fc.oneof(
    { depthIdentifier: "tree" },
    text.filter((one) => one !== ""),
    tie("element"),
  ),
}));

/** As one would write it down. */
function written({ name: of, attrs: its, children }: Element, without?: string): string {
  const attributes = Object.entries(its)
    .filter(([key, value]) => value !== undefined && key !== without)
    .map(([key, value]) => {
      const escaped = escapeXML(String(value)).replaceAll("\t", "&#9;").replaceAll("\n", "&#10;");
      return ` ${key}="${escaped.replaceAll("\r", "&#13;")}"`;
    })
    .join("");
  const content = children
    .map((child) => (isElement(child) ? written(child) : escapeXMLText(String(child)).replaceAll("\r", "&#13;")))
    .join("");
  return children.length === 0 ? `<${of}${attributes}/>` : `<${of}${attributes}>${content}</${of}>`;
}

test("an element is written with what is in it, escaped", () => {
  fc.assert(
    fc.property(element, (one) => {
      assert.equal(serialise(one), written(one));
    }),
  );
});

test("a stanza for many is written as it is, but for the address, whatever was written before", () => {
  fc.assert(
    fc.property(element, element, text, (one, before, to) => {
      serialise(before);
      one.attrs["to"] = "nobody";
      const template = new StanzaTemplate(one);
      const unaddressed = written(one, "to");
      assert.equal(template.unaddressed(), unaddressed);
      assert.equal(template.isAscii, /^[\x00-\x7f]*$/.test(unaddressed));
      delete one.attrs["to"];
      one.attrs["to"] = to; // as the last one
      assert.equal(template.spliced(escapeAttribute(to)), written(one));
    }),
  );
});

test("a large stanza leaves nothing behind in the next", () => {
  const large = xml("message", {}, xml("body", {}, "é".repeat(500_000)));
  assert.equal(serialise(large), `<message><body>${"é".repeat(500_000)}</body></message>`);
  assert.equal(new StanzaTemplate(xml("message", { from: "a@b" })).spliced("c@d"), `<message from="a@b" to="c@d"/>`);
});
