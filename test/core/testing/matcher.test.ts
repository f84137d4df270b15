import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Element, childElements, cloneElement } from "../../../core/xmpp/element.js";
import { parseStanza } from "../../../core/xmpp/parse.js";
import { matches, mismatch, strictElements } from "../../../core/testing/matcher.js";
import { parseScript } from "../../../core/testing/scansion.js";

/** An expected stanza as a script's author writes it. */
function expected(xml: string): Element {
  const script = parseScript(`[Client] A\n\tjid: a@localhost\n-----\nA receives:\n\t${xml}`);
  const step = script.steps[0];
  assert.ok(step?.kind === "receives");
  return step.stanza;
}

const X = "xmlns='urn:example:x'";

const cases: readonly [name: string, expected: string, received: string, matches: boolean][] = [
  ["the same", "<presence/>", "<presence/>", true],
  ["another name", "<presence/>", "<message/>", false],
  ["another namespace", `<x ${X}/>`, "<x xmlns='urn:example:y'/>", false],
  ["what else a stanza has", "<presence/>", `<presence from='a@b/c' id='1'><x ${X}/>text</presence>`, true],
  ["an expected attribute", "<presence id='1'/>", "<presence id='1' to='a'/>", true],
  ["another value", "<presence id='1'/>", "<presence id='2'/>", false],
  ["a missing attribute", "<presence id='1'/>", "<presence/>", false],
  ["any value", "<presence id='{scansion:any}'/>", "<presence id='7'/>", true],
  ["any value needs one", "<presence id='{scansion:any}'/>", "<presence/>", false],
  ["children in another order", "<iq><body/><subject/></iq>", "<iq><subject/><body/></iq>", true],
  ["two equal children need two", "<iq><body/><body/></iq>", "<iq><body/></iq>", false],
  ["two equal children have two", "<iq><body/><body/></iq>", "<iq><body/><body/><body/></iq>", true],
  // The first expected child fits both received ones; it has to leave the only one that fits the second.
  ["a child that fits two", "<iq><body/><body id='1'/></iq>", "<iq><body id='1'/><body/></iq>", true],
  ["expected text", "<message><body>hi</body></message>", "<message><body>hi</body></message>", true],
  ["other text", "<message><body>hi</body></message>", "<message><body>ho</body></message>", false],
  ["blank expected text", "<message><body> </body></message>", "<message><body>ho</body></message>", true],
  ["any text", "<message><body>{scansion:any}</body></message>", "<message><body>ho</body></message>", true],
  ["any text needs some", "<message><body>{scansion:any}</body></message>", "<message><body/></message>", false],
  ["strict: the same", `<iq><x ${X} a='1'><y/><z/></x></iq>`, `<iq><x ${X} a='1'><y/><z/></x></iq>`, true],
  ["strict: white space between", `<iq><x ${X}> <y/> </x></iq>`, `<iq><x ${X}><y/></x></iq>`, true],
  ["strict: another order", `<iq><x ${X}><y/><z/></x></iq>`, `<iq><x ${X}><z/><y/></x></iq>`, false],
  ["strict: one more attribute", `<iq><x ${X}/></iq>`, `<iq><x ${X} a='1'/></iq>`, false],
  ["strict: one more child", `<iq><x ${X}/></iq>`, `<iq><x ${X}><y/></x></iq>`, false],
  ["strict: text", `<iq><x ${X}/></iq>`, `<iq><x ${X}>text</x></iq>`, false],
  ["strict: the namespace said twice", `<iq><x ${X}><y ${X}/></x></iq>`, `<iq><x ${X}><y/></x></iq>`, true],
  ["strict below strict", `<iq><x ${X}><y/></x></iq>`, `<iq><x ${X}><y a='1'/></x></iq>`, false],
  [
    "the stream's namespace below a strict element",
    `<iq><x ${X}><body xmlns='jabber:client'/></x></iq>`,
    `<iq><x ${X}><body xmlns='jabber:client' a='1'/></x></iq>`,
    false,
  ],
  [
    "not strict",
    `<iq><x ${X} scansion:strict='false'><y/></x></iq>`,
    `<iq><x ${X} b='1'><z/><y a='1'/></x></iq>`,
    true,
  ],
  ["strict by attribute", "<presence scansion:strict='true'/>", "<presence id='1'/>", false],
  [
    "strict again below not strict",
    `<iq><x ${X} scansion:strict='false'><y scansion:strict='true'/></x></iq>`,
    `<iq><x ${X} b='1'><y a='1'/></x></iq>`,
    false,
  ],
];

for (const [name, wanted, received, outcome] of cases) {
  test(`matching: ${name}: ${outcome ? "matches" : "does not match"}`, () => {
    assert.equal(matches(expected(wanted), parseStanza(received)), outcome);
  });
}

test("matching: the difference is told with its place", () => {
  const difference = mismatch(
    expected(`<presence><x ${X}><item role='none'/></x></presence>`),
    parseStanza(`<presence><x ${X}><item role='visitor'/></x></presence>`),
  );
  assert.deepEqual(difference, { path: "presence > x > item", reason: 'expected role="none", got role="visitor"' });
});

const treesOf = (depth: number): fc.Arbitrary<Element> =>
  fc
    .record({
      name: fc.constantFrom("a", "b", "presence"),
      attrs: fc.dictionary(fc.constantFrom("id", "type"), fc.constantFrom("1", "2"), { maxKeys: 2 }),
      strict: fc.constantFrom(undefined, undefined, "true", "false"),
      text: fc.constantFrom("", "", "text"),
      children: depth === 0 ? fc.constant([]) : fc.array(treesOf(depth - 1), { maxLength: 3 }),
    })
    .map(({ name, attrs, strict, text, children }) => {
      const element = new Element(name, { ...attrs });
      if (strict !== undefined) element.attrs["scansion-strict"] = strict;
      if (text !== "") element.append(text);
      for (const child of children) element.append(cloneElement(child));
      return element;
    });
const trees = treesOf(3);

function elementsOf(tree: Element): Element[] {
  return [tree, ...childElements(tree).flatMap(elementsOf)];
}

test("matching: every stanza is what it is expected to be", () => {
  fc.assert(fc.property(trees, (tree) => matches(tree, cloneElement(tree))));
});

test("matching: more is received without harm, except in what is strict", () => {
  fc.assert(
    fc.property(trees, fc.nat(), (tree, pick) => {
      const received = cloneElement(tree);
      const elements = elementsOf(tree);
      const at = pick % elements.length;
      elementsOf(received)[at]?.append(new Element("more"));
      const strict = strictElements(tree);
      const path: Element[] = [];
      for (let element: Element | null = elements[at] ?? null; element; element = element.parent) path.push(element);
      if (!path.some((element) => strict.has(element))) return matches(tree, received);
      // Below an element that is not strict, a twin of the changed one may do instead.
      return !path.every((element) => strict.has(element)) || !matches(tree, received);
    }),
    { numRuns: 1000 },
  );
});

test("matching: more may not be expected than there is", () => {
  fc.assert(
    fc.property(trees, fc.nat(), (tree, pick) => {
      const wanted = cloneElement(tree);
      const elements = elementsOf(wanted);
      elements[pick % elements.length]?.append(new Element("more"));
      return !matches(wanted, tree);
    }),
  );
});
