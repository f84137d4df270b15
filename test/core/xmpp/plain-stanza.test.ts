import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { isElement, type Element } from "../../../core/xmpp/element.js";
import { parseStanza } from "../../../core/xmpp/parse.js";
import { PlainStanzaReader } from "../../../core/xmpp/plain-stanza.js";
import { serialise } from "../../../core/xmpp/template.js";
import { arbitraryElement } from "./arbitrary-element.js";

const OPTIONS = { contentNamespace: "jabber:client", maxDepth: 4, maxAttributes: 5 };

function read(text: string | Buffer, options = OPTIONS): Element | undefined {
  const reader = new PlainStanzaReader(options);
  const bytes = Buffer.from(text);
  reader.begin(bytes);
  const element = reader.read(0);
  if (element) assert.equal(reader.end, bytes.length);
  return element;
}

/** What the parser of all of XML makes of it: a declaration is nothing that is plain. */
function readAny(text: string): Element {
  return parseStanza(`<?xml version='1.0'?>${text}`);
}

/** Nobody can tell the two apart, not even by the order of attributes. */
function assertSame(actual: Element | undefined, expected: Element, message?: string): void {
  assert.deepEqual(actual, expected, message);
  assert.equal(actual && serialise(actual), serialise(expected), message);
}

/** Writes an element in one of the many ways that mean the same; `choose` picks the way, time and again. */
function writeSomehow(element: Element, choose: (ways: number) => number): string {
  const blanks = (least: string): string => [least, least, `${least} `, `${least}\n\t`][choose(4)] ?? "";
  const escape = (text: string, special: RegExp): string =>
    text.replace(special, (character) => {
      const code = character.codePointAt(0) ?? 0;
      const named = { "&": "&amp;", "<": "&lt;", ">": "&gt;", "'": "&apos;", '"': "&quot;" }[character];
      const ways = [`&#${code};`, `&#x${code.toString(16)};`, `&#x${code.toString(16).toUpperCase()};`, named];
      return ways[choose(4)] ?? `&#${code};`;
    });
  let tag = `<${element.name}`;
  for (const [name, value] of Object.entries(element.attrs as Record<string, string>)) {
    const quote = choose(2) === 0 ? "'" : '"';
    tag += `${blanks(" ")}${name}=${quote}${escape(value, choose(2) === 0 ? /[&<'"\t\n\r]/g : /[&<>'"\t\n\ra]/g)}${quote}`;
  }
  if (element.children.length === 0 && choose(2) === 0) return `${tag}${blanks("")}/>`;
  const content = element.children.map((child) =>
    isElement(child)
      ? writeSomehow(child, choose)
      : escape(String(child), choose(2) === 0 ? /[&<>\r]/g : /[&<>\ra'"]/g),
  );
  return `${tag}${blanks("")}>${content.join("")}</${element.name}${blanks("")}>`;
}

describe("PlainStanzaReader", () => {
  const PLAIN = [
    "<a/>",
    "<a></a>",
    "<a\t\n b='c'/>",
    "<a \n></a \t>",
    "<a b='' c=\"\" d='it\"s' e=\"it's\" f-1.x_='/>'/>",
    "<_ _='1' constructor='1' toString='2' hasOwnProperty='3'/>",
    "<a xml:lang='en' xml:base='x'/>",
    "<message xmlns='jabber:client' to='a@b/c'><body>hi</body></message>",
    "<message to='a@b/c' xmlns='urn:x' type='t'><body xmlns='urn:x'/><body xmlns='jabber:client'/></message>",
    "<a><b xmlns='urn:b' c='1'><d/></b><e/><b f='2' xmlns='urn:b'/></a>",
    "<a>one<b/>two<b> </b>\n\t</a>",
    "<a b='&lt;&gt;&amp;&apos;&quot;x&#9;&#10;&#13;'>&lt;&gt;&amp;&apos;&quot;x&#x1F3ad;&#233;&#xA;</a>",
    "<a>]] ]] >x></a>",
    "<a b=']]>&gt;'>é\u0085\u2028\ufeff\u007f世🎭\ufffd\ud800\udc00</a>",
    "<a b='é🎭'>é&amp;é</a>",
    `<a>${"x".repeat(70_000)}</a>`,
    `<${"n".repeat(40)} ${"m".repeat(40)}='1'/>`,
  ];
  for (const text of PLAIN) {
    it(`reads ${JSON.stringify(text.slice(0, 110))} as the parser of all of XML does`, () => {
      assertSame(read(text), readAny(text));
      assertSame(read(text), readAny(text), "again, as the names are known now");
    });
  }

  it("gives stanzas of a component's stream the same shape as a client's", () => {
    const component = { ...OPTIONS, contentNamespace: "jabber:component:accept" };
    const text = "<message><x xmlns='urn:x'><body xmlns='jabber:component:accept'/></x></message>";
    assert.deepEqual(read(text, component), readAny(text.replace("component:accept", "client")));
    assert.deepEqual(read("<iq xmlns='jabber:client'/>", component), readAny("<iq/>"));
  });

  it("knows any number of names, of any length, apart", () => {
    const lengths = Array.from(
      { length: 140 },
      (_, length) => `<m><${"n".repeat(length + 1)} ${"n".repeat(length + 1)}='1'/></m>`,
    );
    const many = Array.from({ length: 2000 }, (_, n) => `<m><n${n} n${n}='${n}' xmlns='n${n}'/></m>`);
    for (const text of [...lengths, ...many, ...lengths.reverse()]) assertSame(read(text), readAny(text), text);
  });

  it("says where a stanza ends, and reads from there", () => {
    const reader = new PlainStanzaReader(OPTIONS);
    reader.begin(Buffer.from("<a>é</a><b x='y'/> <c"));
    assert.equal(reader.read(0)?.name, "a");
    assert.equal(reader.end, 9);
    assert.equal(reader.read(9)?.attrs["x"], "y");
    assert.equal(reader.end, 19);
    assert.equal(reader.read(20), undefined);
  });

  it("takes as many elements in each other, and attributes, as the limits allow", () => {
    assert.ok(read("<a><a><a><a/></a></a></a>"));
    assert.equal(read("<a><a><a><a><a/></a></a></a></a>"), undefined);
    assert.ok(read("<a a='' b='' c='' d='' xmlns='jabber:client'/>"));
    assert.equal(read("<a a='' b='' c='' d='' e='' xmlns='jabber:client'/>"), undefined);
  });

  const NOT_PLAIN = [
    ...["", "<", "<a", "<a>", "<a b", "<a b='", "<a b='c'", "<a b='>", "<a>x", "<a><b/>", "<a></a", "<a>&lt", "<a>>"],
    ...[
      "<a></b>",
      "<a></ab>",
      "<ab></a>",
      "<a><b></a></b>",
      "</a>",
      "<a></a b>",
      "<a></ a>",
      "< a/>",
      "<>",
      "</>",
      "<a></>",
    ],
    ...[
      "<a/ >",
      "<a / >",
      "<a b/>",
      "<a b=c/>",
      "<a b='c'd='e'/>",
      "<a b='c'/d='e'>",
      "<a b='c\"/>",
      "<a =''/>",
      "<a ''/>",
    ],
    ...[
      "<a b ='c'/>",
      "<a b= 'c'/>",
      "<a\rb='c'/>",
      "<a></a\r>",
      "<a b='\t'/>",
      "<a b='\n'/>",
      "<a b='\r'/>",
      "<a>\r</a>",
    ],
    ...["<a b='<'/>", "<a b='1' b='1'/>", "<a xmlns='urn:x' xmlns='urn:x'/>", "<a xml:b='1' xml:b='1'/>"],
    ...[
      "<a>]]></a>",
      "<a>]]]></a>",
      "<a><b/>]]></a>",
      "<a>&amp;]]></a>",
      "<a>\0</a>",
      "<a>\u0001</a>",
      "<a b='\u0001'/>",
      "<a>\u001f</a>",
    ],
    ...[
      "<a>\ufffe</a>",
      "<a>\uffff</a>",
      "<a b='\uffff'/>",
      "<a>&</a>",
      "<a>&;</a>",
      "<a>& lt;</a>",
      "<a>&lol;</a>",
      "<a>&LT;</a>",
      "<a>&\0apos;</a>",
      "<a b='&\0\0lt;'/>",
    ],
    ...[
      "<a>&constructor;</a>",
      "<a b='&lol;'/>",
      "<a>&#0;</a>",
      "<a>&#1;</a>",
      "<a>&#xD800;</a>",
      "<a>&#xFFFE;</a>",
      "<a>&#x110000;</a>",
    ],
    ...[
      "<a>&#X41;</a>",
      "<a>&#;</a>",
      "<a>&#x;</a>",
      "<a>&#-1;</a>",
      "<a>&#x10FFFF0;</a>",
      "<a>&#0000000065;</a>",
      "<a b='&#65'/>;",
    ],
    ...["<a><!-- x --></a>", "<a><?x y?></a>", "<a><![CDATA[x]]></a>", "<!DOCTYPE a><a/>", "<?xml version='1.0'?><a/>"],
    ...[
      "<p:a xmlns:p='urn:p'/>",
      "<a xmlns:p='urn:p'/>",
      "<a p:b='c'/>",
      "<xml:a/>",
      "<xmlns:a/>",
      "<a xml:='1'/>",
      "<a xml:a:b='1'/>",
    ],
    ...[
      "<a :b='1'/>",
      "<:a/>",
      "<a:/>",
      "<a xml:2='1'/>",
      "<1/>",
      "<-a/>",
      "<a -b='1'/>",
      "<a 1='1'/>",
      "<é/>",
      "<a é='1'/>",
      "<a;/>",
    ],
    ...[
      "<a xmlns=''/>",
      "<a xmlns=' '/>",
      "<a xmlns=' urn:x'/>",
      "<a xmlns='urn:é'/>",
      "<a xmlns='urn:>'/>",
      "<a xmlns='urn:&amp;'/>",
      "<a xmlns='urn:x\"/>'",
      "<a xmlns='urn:x&#10;'/>",
      "<a xmlns='\ufeffurn:x'/>",
    ],
    ...[
      "<a xmlns='http://www.w3.org/XML/1998/namespace'/>",
      "<a xmlns='http://www.w3.org/2000/xmlns/'/>",
      "<a __proto__='1'/>",
    ],
  ];
  NOT_PLAIN.push(`<a>&#${"1".repeat(200_000)}</a>`, `<a b='&#${"1".repeat(200_000)}'/>`);
  for (const text of NOT_PLAIN) {
    it(`leaves ${JSON.stringify(text.slice(0, 110))} to the parser of all of XML`, () => {
      assert.equal(read(text), undefined);
    });
  }

  it("leaves what is not UTF-8 to the decoder", () => {
    for (const bytes of [[0x80], [0xbf], [0xc0, 0x80], [0xc1, 0xbf], [0xe0, 0x80, 0x80], [0xed, 0xa0, 0x80], [0xff]]) {
      assert.equal(read(Buffer.from([0x3c, 0x61, 0x3e, ...bytes, 0x3c, 0x2f, 0x61, 0x3e])), undefined, bytes.join());
    }
    for (const bytes of [
      [0xf0, 0x80, 0x80, 0x80],
      [0xf4, 0x90, 0x80, 0x80],
      [0xf5, 0x80, 0x80, 0x80],
      [0xc3],
      [0xe4, 0xb8],
    ]) {
      assert.equal(read(Buffer.from([0x3c, 0x61, 0x3e, ...bytes, 0x3c, 0x2f, 0x61, 0x3e])), undefined, bytes.join());
    }
  });

  it("reads stanzas the same in whatever way they are written, or leaves them", () => {
    let plain = 0;
    fc.assert(
      fc.property(arbitraryElement, fc.array(fc.nat(), { minLength: 1, maxLength: 50 }), (element, choices) => {
        let choice = 0;
        const text = writeSomehow(element, (ways) => (choices[choice++ % choices.length] ?? 0) % ways);
        const stanza = read(text, { ...OPTIONS, maxDepth: 128, maxAttributes: 128 });
        if (stanza === undefined) return;
        plain++;
        assertSame(stanza, readAny(text));
      }),
      { numRuns: 5000 },
    );
    assert.ok(plain > 500, `only ${plain} of 5000 were plain`);
  });
});
