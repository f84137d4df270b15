import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { Element } from "../../../core/xmpp/element.js";
import { DEFAULT_STREAM_LIMITS, StreamParser, type StreamLimits } from "../../../core/xmpp/stream-parser.js";
import { serialise } from "../../../core/xmpp/template.js";
import { arbitraryElement, plain } from "./arbitrary-element.js";

const HEADER =
  "<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' to='a.example' version='1.0' xml:lang='en'>";
const LIMITS: StreamLimits = { maxStanzaBytes: 1000, maxDepth: 4, maxAttributes: 5 };

interface Reading {
  readonly parser: StreamParser;
  /** `start`, `<stanza…>`, `end`, `error <condition>`, `thrown <message>`. */
  readonly told: string[];
  readonly stanzas: Element[];
}

function open(
  limits: Partial<StreamLimits> = {},
  contentNamespace?: string,
  onStanza?: (reading: Reading, stanza: Element) => void,
): Reading {
  const told: string[] = [];
  const stanzas: Element[] = [];
  const parser = new StreamParser(
    { ...DEFAULT_STREAM_LIMITS, ...limits },
    {
      onStreamStart: (attrs, { content }) => told.push(`start ${content} ${JSON.stringify(attrs)}`),
      onStanza: (stanza) => {
        told.push(serialise(stanza));
        stanzas.push(stanza);
        onStanza?.(reading, stanza);
      },
      onStreamEnd: () => told.push("end"),
      onError: ({ condition }) => told.push(`error ${condition}`),
      onHandlerError: (error) => told.push(`thrown ${(error as Error).message}`),
    },
    contentNamespace,
  );
  const reading = { parser, told, stanzas };
  return reading;
}

/** What is told after the header. */
function read(text: string | Buffer, limits?: Partial<StreamLimits>): string[] {
  const { parser, told } = open(limits);
  parser.write(HEADER);
  parser.write(text);
  return told.slice(1);
}

function chunksOf(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const chunks: Buffer[] = [];
  for (let at = 0, n = 0; at < bytes.length; n++) {
    const size = sizes[n % sizes.length] ?? 1;
    chunks.push(bytes.subarray(at, at + size));
    at += size;
  }
  return chunks;
}

describe("StreamParser", () => {
  it("tells of the header, the stanzas and the end", () => {
    const { parser, told } = open();
    parser.write(`${HEADER}<presence/>  <stream:features/><message><body>hi</body></message></stream:stream><late/>`);
    assert.deepEqual(told, [
      'start jabber:client {"to":"a.example","version":"1.0","xml:lang":"en"}',
      "<presence/>",
      '<features xmlns="http://etherx.jabber.org/streams"/>',
      "<message><body>hi</body></message>",
      "end",
    ]);
  });

  it("gives stanzas of a component's stream the same shape as a client's", () => {
    const { parser, told } = open({}, "jabber:component:accept");
    parser.write(
      HEADER.replace("jabber:client", "jabber:component:accept") +
        "<message><x xmlns='urn:x'><body xmlns='jabber:component:accept'/></x></message><iq xmlns='jabber:client'/>",
    );
    assert.deepEqual(told.slice(1), ['<message><x xmlns="urn:x"><body xmlns="jabber:client"/></x></message>', "<iq/>"]);
  });

  it("reads the same whatever the chunks", () => {
    fc.assert(
      fc.property(
        fc.array(arbitraryElement, { maxLength: 4 }),
        fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }),
        (elements, sizes) => {
          const { parser, stanzas, told } = open();
          const bytes = Buffer.from(`${HEADER}${elements.map(serialise).join(" \r\n")}</stream:stream>`);
          for (const chunk of chunksOf(bytes, sizes)) parser.write(chunk);
          assert.deepEqual(stanzas.map(plain), elements.map(plain));
          assert.equal(told.at(-1), "end");
        },
      ),
      { numRuns: 500 },
    );
  });

  it("reads the same wherever the input is cut in two, whatever is plain in it", () => {
    const stanzas = [
      "<message to='a@b' id=\"1\"><body>1 &lt; 2 &#x1F3AD; \u00e9\ud83c\udfad</body></message>",
      "<message><![CDATA[</message>]]></message>\n\r ",
      "<x:a xmlns:x='urn:x' x:b='>'/><iq type='get' xml:lang='de'><query xmlns='urn:q'/></iq> ",
      "<message><message xmlns='urn:m'>\r\n</message></message><presence/>",
    ];
    const bytes = Buffer.from(`${HEADER} ${stanzas.join("")}</stream:stream>`);
    const whole = open(LIMITS);
    whole.parser.write(bytes);
    assert.equal(whole.told.length, 8);
    for (let at = 1; at < bytes.length; at++) {
      const { parser, told } = open(LIMITS);
      parser.write(bytes.subarray(0, at));
      parser.write(bytes.subarray(at));
      assert.deepEqual(told, whole.told, bytes.toString("latin1", 0, at));
      assert.equal(parser.stanzasRead, whole.parser.stanzasRead);
    }
  });

  it("knows whether it is within a stanza, and how many were whole", () => {
    const { parser } = open();
    const after = (text: string): unknown => {
      parser.write(text);
      return [parser.isWithinStanza, parser.stanzasRead];
    };
    assert.deepEqual(after(HEADER), [false, 1]);
    assert.deepEqual(after("<a/><b>&amp;</b> \n"), [false, 3]);
    assert.deepEqual(after("<a/><b"), [true, 4]);
    assert.deepEqual(after("/>"), [false, 5]);
    assert.deepEqual(after("<a><![CDATA[x]]></a><b/>"), [false, 7]);
    assert.deepEqual(after("x"), [true, 7]);
  });

  it("never throws, and tells of one error at most, whatever comes", () => {
    const scrap = fc.constantFrom(
      "<",
      ">",
      "/",
      "a",
      "<a",
      "<a>",
      "</a>",
      "'",
      "=",
      "&",
      ";",
      "&lt;",
      "<!",
      "<![CDATA[",
      "]]>",
      "<?xml",
      "?>",
      "xmlns='",
      ":",
      " ",
      "é",
      "\0",
      "<stream:x/>",
      "</stream:stream>",
      HEADER,
    );
    fc.assert(
      fc.property(
        fc.array(fc.oneof(scrap, fc.string()), { maxLength: 30 }),
        fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1 }),
        (scraps, sizes) => {
          const text = Buffer.from(HEADER + scraps.join(""));
          const inChunks = open(LIMITS);
          for (const chunk of chunksOf(text, sizes)) inChunks.parser.write(chunk);
          assert.ok(inChunks.told.filter((what) => what.startsWith("error")).length <= 1);
          assert.ok(!inChunks.told.slice(0, -1).some((what) => what.startsWith("error") || what === "end"));
          const whole = open(LIMITS);
          whole.parser.write(text);
          assert.deepEqual(
            inChunks.told.filter((what) => what.startsWith("<")),
            whole.told.filter((what) => what.startsWith("<")),
          );
        },
      ),
      { numRuns: 3000 },
    );
  });

  const ERRORS: Readonly<Record<string, string>> = {
    "<a><!-- x --></a>": "restricted-xml",
    "<a><?x y?></a>": "restricted-xml",
    "<?xml version='1.0'?><a/>": "not-well-formed",
    "<!DOCTYPE a><a/>": "restricted-xml",
    "<a>&lol;</a>": "restricted-xml",
    "<a>&constructor;</a>": "restricted-xml",
    "<a b='&lol;'/>": "restricted-xml",
    "<a>&#1;</a>": "not-well-formed",
    "<a>&#xD800;</a>": "not-well-formed",
    "<a>\u0001</a>": "not-well-formed",
    "<a>\uffff</a>": "not-well-formed",
    "<a>]]></a>": "not-well-formed",
    "<a b='1' b='2'/>": "not-well-formed",
    "<a xmlns:p='urn:p' xmlns:q='urn:p' p:b='1' q:b='2'/>": "not-well-formed",
    "<p:a/>": "not-well-formed",
    "<a p:b='1'/>": "not-well-formed",
    "<a xmlns:p=''/>": "not-well-formed",
    "<a xml:2='1'/>": "not-well-formed",
    "<p:2 xmlns:p='urn:p'/>": "not-well-formed",
    "<a xmlns:2='urn:p'/>": "not-well-formed",
    "<a p:-='1' xmlns:p='urn:p'/>": "not-well-formed",
    "<a \u0132='1'/>": "not-well-formed",
    "<\ud83c\udfad/>": "not-well-formed",
    "<a b/>": "not-well-formed",
    "<a b=c/>": "not-well-formed",
    "<a b='<'/>": "not-well-formed",
    "<a></b>": "not-well-formed",
    "<a><b></a>": "not-well-formed",
    "<a><b/></stream:stream>": "not-well-formed",
    "</stream>": "not-well-formed",
    text: "",
    "text<a/>": "bad-format",
  };
  for (const [text, condition] of Object.entries(ERRORS)) {
    it(`answers ${JSON.stringify(text)} with ${condition || "nothing yet"}, and hands over nothing of it`, () => {
      assert.deepEqual(read(text), condition === "" ? [] : [`error ${condition}`]);
    });
  }

  it("takes no bytes that are not UTF-8, at once or over the end of a chunk", () => {
    for (const bytes of [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf5, 0x80, 0x80, 0x80]]) {
      assert.deepEqual(read(Buffer.from([0x3c, 0x61, 0x3e, ...bytes])), ["error not-well-formed"], bytes.join());
    }
    const whole = [...Buffer.from("<a>é</a><b>")];
    assert.deepEqual(read(Buffer.from([...whole, 0xff])), ["<a>é</a>", "error not-well-formed"], "what was whole");
    const { parser, told } = open();
    parser.write(`${HEADER}<a>`);
    parser.write(Buffer.from([0xf0, 0x9f]));
    parser.write(Buffer.from("</a>"));
    assert.equal(told.at(-1), "error not-well-formed");
    const between = open();
    between.parser.write(HEADER);
    between.parser.write(Buffer.concat([Buffer.from("<a/>"), Buffer.of(0xc3)]));
    between.parser.write(Buffer.concat([Buffer.of(0xa9), Buffer.from("<b/>")]));
    assert.deepEqual(between.told.slice(1), ["<a/>", "error bad-format"]);
  });

  const HEADERS: Readonly<Record<string, string>> = {
    "<html xmlns='http://www.w3.org/1999/xhtml'>": "invalid-namespace",
    "<stream:stream xmlns='jabber:client' xmlns:stream='urn:x'>": "invalid-namespace",
    "<stream:stream xmlns='jabber:server' xmlns:stream='http://etherx.jabber.org/streams'>": "invalid-namespace",
    "<stream:stream xmlns:stream='http://etherx.jabber.org/streams'>": "invalid-namespace",
    "<stream:stream>": "not-well-formed",
    "HTTP/1.1 400 Bad Request": "not-well-formed",
    "<?xml version='1.0' encoding='iso-8859-1'?>": "unsupported-encoding",
    "<!DOCTYPE x [<!ENTITY y 'z'>]>": "restricted-xml",
    "<?x y?>": "restricted-xml",
  };
  for (const [text, condition] of Object.entries(HEADERS)) {
    it(`answers the header ${JSON.stringify(text)} with ${condition}`, () => {
      const { parser, told } = open();
      parser.write(text);
      parser.write(HEADER);
      assert.deepEqual(told, [`error ${condition}`]);
    });
  }

  it("bounds a stanza by its bytes, to the byte, in one chunk or in many", () => {
    const stanza = (bytes: number, char = "x"): string =>
      `<a>${char.repeat((bytes - 7) / Buffer.byteLength(char))}</a>`;
    for (const char of ["x", "é"]) {
      const good = stanza(char === "é" ? 999 : 1000, char);
      const bad = stanza(1001, char);
      assert.equal(read(`<b/> ${good}\n${good}${good}`, LIMITS).length, 4, char);
      assert.deepEqual(read(`<b/> ${good} ${bad}`, LIMITS).slice(2), ["error policy-violation"], char);
      const { parser, told } = open(LIMITS);
      parser.write(HEADER);
      for (const byte of Buffer.from(`${good} ${bad}`)) parser.write(Buffer.of(byte));
      assert.deepEqual(told.slice(2), ["error policy-violation"], char);
    }
  });

  it("bounds what never becomes a stanza: a name, an attribute, text, a header without end", () => {
    for (const start of ["<", "<a b='", "<a>", "<a><![CDATA[", "x"]) {
      assert.deepEqual(read(start + "y".repeat(2000), LIMITS), ["error policy-violation"], start);
    }
    const { parser, told } = open(LIMITS);
    parser.write(`<stream:stream a='${"y".repeat(2000)}`);
    assert.deepEqual(told, ["error policy-violation"]);
  });

  it("bounds depth and attributes", () => {
    assert.deepEqual(read("<a><a><a><a/></a></a></a>", LIMITS), ["<a><a><a><a/></a></a></a>"]);
    assert.deepEqual(read("<a><a><a><a><a/></a></a></a></a>", LIMITS), ["error policy-violation"]);
    assert.deepEqual(read("<a a='' b='' c='' d='' e=''/>", LIMITS), ['<a a="" b="" c="" d="" e=""/>']);
    assert.deepEqual(read("<b/><a a='' b='' c='' d='' e='' f=''/>", LIMITS), ["<b/>", "error policy-violation"]);
  });

  it("keeps nothing of the white space between stanzas", () => {
    const { parser, told } = open(LIMITS);
    parser.write(HEADER);
    for (let n = 0; n < 10_000; n++) parser.write(" \n");
    parser.write("<a/>");
    for (let n = 0; n < 10_000; n++) parser.write(" ");
    parser.write(`${" ".repeat(200_000)}<b>${" ".repeat(900)}</b>`);
    assert.deepEqual(told.slice(1), ["<a/>", `<b>${" ".repeat(900)}</b>`]);
  });

  it("reads a stanza of a megabyte in linear time, if the limits let it", () => {
    const body = "x".repeat(4_000_000);
    assert.deepEqual(read(Buffer.from(`<a>${body}</a>`), { maxStanzaBytes: 5_000_000 }), [`<a>${body}</a>`]);
  });

  it("reads what was read into a buffer, and nothing that is left there of what came before", () => {
    fc.assert(
      fc.property(
        fc.array(arbitraryElement, { minLength: 1, maxLength: 4 }),
        fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1 }),
        (elements, sizes) => {
          // One that is plain, one that is not, and text that goes on as what is left may seem to.
          const text = `${elements.map(serialise).join("")}<a/><p:a xmlns:p='urn:p'/><a>&gt;</a>`;
          const whole = read(text);
          const { parser, told } = open();
          parser.write(HEADER);
          const buffer = Buffer.alloc(500, "<b/></a></p:a>");
          for (const chunk of chunksOf(Buffer.from(text), sizes)) parser.write(buffer, chunk.copy(buffer));
          assert.deepEqual(told.slice(1), whole);
        },
      ),
    );
  });

  it("goes on when a handler throws", () => {
    const { parser, told } = open({}, undefined, () => {
      throw new Error("boom");
    });
    parser.write(`${HEADER}<a/><b/>`);
    assert.deepEqual(told.slice(1), ["<a/>", "thrown boom", "<b/>", "thrown boom"]);
  });

  it("starts over after a reset, and drops what was sent before it in clear", () => {
    const { parser, told } = open({}, undefined, ({ parser: self }, stanza) => {
      if (stanza.name === "starttls") self.reset();
    });
    parser.write(`${HEADER}<starttls/><message>injected</message>`);
    parser.write(` ${HEADER}<presence/>`);
    assert.deepEqual(told, [told[0], "<starttls/>", told[0], "<presence/>"]);
  });

  it("reads no more of what has come once a handler has stopped it", () => {
    const { parser, told } = open({}, undefined, ({ parser: self }) => {
      self.stop();
    });
    parser.write(`${HEADER}<a/><b/>`);
    parser.write("<c/>");
    assert.deepEqual(told.slice(1), ["<a/>"]);
  });

  it("starts over after an error, too, and reads no more once stopped", () => {
    const { parser, told } = open();
    parser.write("nonsense");
    parser.write(HEADER);
    parser.reset();
    parser.write(`${HEADER}<a/>`);
    parser.stop();
    parser.write("<b/>");
    assert.deepEqual(told.slice(2), ["<a/>"]);
  });
});
