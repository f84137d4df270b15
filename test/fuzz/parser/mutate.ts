import type { Random } from "../../support/random.js";

/** Bytes as text: one character each, so that a mutation may cut characters of UTF-8 in two. */
export type Bytes = string;

/** The bytes of a text. */
export function bytesOf(text: string): Bytes {
  return Buffer.from(text).toString("latin1");
}

/** What is dangerous somewhere in XML. */
const SCRAPS: readonly Bytes[] = [
  ..."<>/'\"&;=:![]-? \t\r\n\0\x0b\x1f\x7f",
  ...["</", "/>", "<a>", "</a>", "<a/>", "<x:a>", "<:a/>", "<a:/>", "<a:b:c/>", "<1/>", "<-a/>", "<a.b-c_1/>"],
  ...["&lt;", "&amp;", "&apos;", "&quot;", "&gt", "&lol;", "&constructor;", "&__proto__;", "&;", "& "],
  ...["&#0;", "&#1;", "&#9;", "&#10;", "&#13;", "&#x41;", "&#X41;", "&#xD800;", "&#xFFFE;", "&#x10FFFF;"],
  ...["&#x110000;", "&#99999999999999999999;", "&#;", "&#x;", "&#-1;", "&#x0000000000041;", "&#38;", "&#60;"],
  ...["<![CDATA[", "]]>", "]]", "<![CDATA[]]>", "<![CDATA[]]]]>", "<![cdata[x]]>", "<![CDATA["],
  ...["<!--", "-->", "<!-- x -->", "<?x y?>", "<?xml version='1.0'?>", "<?xml version='1.1'?>", "?>"],
  ...["<!DOCTYPE a>", "<!DOCTYPE a [<!ENTITY b 'c'>]>", "<!ENTITY b 'c'>", "<!"],
  ...["<stream:x/>", "</stream:stream>", "<stream:stream>", "</message>", "</iq>", "</body>"],
  ...["\u00e9", "\u4e16", "\ud83c\udfad", "\ufeff", "\ufffe", "\uffff", "\u0085", "\u2028", "\u00d7", "\u0132"].map(
    bytesOf,
  ),
  // Not UTF-8: a stray continuation, too long a form, a surrogate, beyond Unicode, cut short.
  ...["\x80", "\xc0\x80", "\xed\xa0\x80", "\xed\xa0\xbc\xed\xbe\xad", "\xf4\x90\x80\x80", "\xf0\x9f", "\xff"],
];

const ATTRIBUTES: readonly Bytes[] = [
  ...[
    "a='1'",
    'a="1"',
    "b='&lt;'",
    "b='<'",
    "c=''",
    "c='>'",
    "c='/>'",
    "d='\t\n\r'",
    "d='&#9;&#10;'",
    "e",
    "e=",
    "e=1",
  ],
  ...["to='x'", "from='y'", "type='error'", "id='1'", "__proto__='1'", "constructor='1'", "toString='1'", "_='1'"],
  ...["xmlns='urn:x'", "xmlns=''", "xmlns='jabber:client'", "xmlns='jabber:component:accept'", "xmlns=' '"],
  ...["xmlns:p='urn:p'", "xmlns:p=''", "p:a='1'", "xmlns:q='urn:p' q:a='1' p:a='2'", "xmlns:__proto__='urn:p'"],
  ...["__proto__:a='1'", "xmlns:constructor='urn:c' constructor:a='1'", "xmlns:stream='urn:s'", "stream:a='1'"],
  ...["xml:lang='de'", "xml:space='x'", "xml:a='1'", "xmlns:xml='http://www.w3.org/XML/1998/namespace'"],
  ...["xmlns:xml='urn:x'", "xmlns:xmlns='urn:x'", "xmlns='http://www.w3.org/2000/xmlns/'", "xmlns:P='urn:p'"],
  ...["xmlns='http://www.w3.org/XML/1998/namespace'", "xmlns:y='http://www.w3.org/XML/1998/namespace' y:lang='e'"],
  ...["p :a='1'", "a ='1'", "a= '1'", ":a='1'", "a:='1'", "a:b:c='1'", "1='1'", "-a='1'", "a.b='1'", "A='1'"],
  ...["\u00e9='1'", "a='\u00e9\ud83c\udfad'", "\u0132='1'", "\u00d7='1'", "a\u00b7='1'"].map(bytesOf),
];

/** Ends of tokens, where faults are more telling than elsewhere. */
const EDGES = /[<>'"=/:& ]/g;

type Mutation = (text: Bytes, random: Random, other: () => Bytes) => Bytes;

const MUTATIONS: readonly Mutation[] = [
  // An attribute more, in some tag.
  (text, random) => {
    const names = [...text.matchAll(/<[^\s/<>!?]+/g)];
    if (names.length === 0) return text;
    const { index, 0: name } = random.pick(names);
    return insert(text, index + name.length, ` ${random.pick(ATTRIBUTES)}`);
  },
  (text, random) => insert(text, place(text, random), random.pick(SCRAPS)),
  (text, random) => insert(text, place(text, random), random.pick(SCRAPS)),
  // Something less.
  (text, random) => {
    const at = place(text, random);
    return text.slice(0, at) + text.slice(at + 1 + random.below(random.pick([1, 4, 16])));
  },
  // Something twice, or many times.
  (text, random) => {
    const at = place(text, random);
    const piece = text.slice(at, at + 1 + random.below(24));
    return insert(text, at, piece.repeat(random.below(12) === 0 ? 40 : 1));
  },
  // Another byte.
  (text, random) => {
    const at = random.below(text.length);
    return text.slice(0, at) + String.fromCharCode(random.below(256)) + text.slice(at + 1);
  },
  // A piece of something else, in place of as much.
  (text, random, other) => {
    const from = other();
    const start = place(from, random);
    const piece = from.slice(start, start + 1 + random.below(60));
    const at = place(text, random);
    return text.slice(0, at) + piece + text.slice(at + random.below(piece.length + 1));
  },
  // Markup that is moved, is gone, or is there twice.
  (text, random) => {
    const parts = text.split(/(?=<)|(?<=>)/);
    const [part = ""] = parts.splice(random.below(parts.length), random.below(2));
    parts.splice(random.below(parts.length + 1), 0, part);
    return parts.join("");
  },
  // A tag with the other kind of ending.
  (text, random) => {
    const tags = [...text.matchAll(/\/?>/g)];
    if (tags.length === 0) return text;
    const { index, 0: end } = random.pick(tags);
    return text.slice(0, index) + (end === ">" ? "/>" : ">") + text.slice(index + end.length);
  },
  // Other quotes.
  (text, random) => {
    const [from, to] = random.pick([
      ["'", '"'],
      ['"', "'"],
    ] as const);
    return random.below(2) === 0 ? text.replaceAll(from, to) : text.replace(from, to);
  },
];

/**
 * Breaks a stream, or bends it so that it is another one.
 * @param other gives another stream to take pieces from
 */
export function mutate(text: Bytes, random: Random, other: () => Bytes): Bytes {
  let mutated = text;
  // Most streams are broken once: the first fault ends the stream, and further ones are not looked at.
  for (let times = random.pick([0, 1, 1, 1, 1, 2, 2, 3, 5]); times > 0; times--) {
    if (mutated !== "") mutated = random.pick(MUTATIONS)(mutated, random, other);
  }
  return mutated;
}

function insert(text: Bytes, at: number, piece: Bytes): Bytes {
  return text.slice(0, at) + piece + text.slice(at);
}

/** A place in the text; every second one is at the edge of a token. */
function place(text: Bytes, random: Random): number {
  const anywhere = random.below(text.length + 1);
  if (random.below(2) === 0) return anywhere;
  EDGES.lastIndex = anywhere;
  const edge = EDGES.exec(text)?.index;
  return edge === undefined ? anywhere : edge + random.below(2);
}
