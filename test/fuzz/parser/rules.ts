import { Utf8Decoder } from "../../../core/xmpp/utf8-decoder.js";
import type { ExpatReading } from "./expat.js";
import { conditionOf, isSame, isToldAlike, readWithChorus, type Arrival, type Reading } from "./reading.js";

/** Two readings of the same stream. */
export interface Difference {
  readonly arrival: Arrival;
  readonly chorus: Reading;
  readonly expat: ExpatReading;
  /** What expat makes of another stream. */
  readonly read: (arrival: Arrival) => Promise<ExpatReading>;
}

/** What may differ between Chorus and expat, and why; everything else is a finding. */
interface Rule {
  readonly name: string;
  explains(difference: Difference): boolean | Promise<boolean>;
}

/** What may be written in two ways: with the stream written in the other one, nothing may differ any more. */
interface Spelling {
  readonly name: string;
  respelt(text: string): string;
}

/** Ends for a token that is not whole: of tags, values, references, comments, instructions, CDATA, document types. */
const ENDINGS = [
  ...[">", "/>", "'>", '">', "a>", "a/>", "a=''>", "=''>", "''>", "'/>", '"/>', "=''/>", ";", "x;", ";'>", ';">'],
  ...["x;'/>", 'x;"/>', "]]>", "]>", "[]]>", "[x]]>", "-->", "->", "?>", " ?>", " a?>"],
];

const NAMESPACE = /(xmlns(?::[^\s=]*)?\s*=\s*)(["'])((?:(?!\2)[^<])*)\2/g;
const BLANKS_AROUND = /^(?:\s|&#(?:9|10|13|32);)+|(?:\s|&#(?:9|10|13|32);)+$/g;

const SPELLINGS: readonly Spelling[] = [
  {
    // White space keeps connections alive, also while a stream is started anew: it may come before the declaration.
    name: "white space before the header does not count",
    respelt: (text) => text.replace(/^[ \t\r\n]+/, ""),
  },
  {
    // XML 1.0 §2.8 has only "1." with a number for a version; expat takes anything, and reads 1.0.
    name: "a version of XML that there is not",
    respelt: (text) => text.replace(/(<\?xml\s+version\s*=\s*)(["'])[\w.:-]*\2/, "$1$21.0$2"),
  },
  {
    // Names of namespaces are URIs, in which there are no blanks; the library that Chorus uses strips them.
    name: "blanks around the name of a namespace do not count",
    respelt: (text) =>
      text.replace(NAMESPACE, (_, start: string, quote: string, name: string) => {
        return start + quote + name.replace(BLANKS_AROUND, "") + quote;
      }),
  },
  {
    // An object of JavaScript cannot have it as it has others, so it is dropped; no protocol has such an attribute.
    name: "an attribute called __proto__ does not count",
    respelt: (text) => text.replace(/\s__proto__\s*=\s*(?:'[^'<]*'|"[^"<]*")/g, " "),
  },
];

const RULES: readonly Rule[] = [
  {
    // Expat looks at a tag, a reference or the like when it is whole, Chorus as it comes: what nothing can mend any more
    // is refused at once.
    name: "Chorus finds a fault before the token is whole",
    explains: async ({ arrival, chorus, expat, read }) => {
      if (chorus.outcome.kind !== "refused" || expat.outcome.kind !== "open") return false;
      const endings = await Promise.all(ENDINGS.map((ending) => read(withEnding(arrival, ending))));
      return endings.every((after) => after.outcome.kind === "refused" || after.tokens === expat.tokens);
    },
  },
  {
    // A tag may break several rules. Expat reads it as a whole before it looks at its parts.
    name: "of several faults in one tag each finds another first",
    explains: ({ arrival, chorus, expat }) => {
      if (chorus.outcome.kind !== "refused" || expat.fault === undefined) return false;
      const [first, last] = [expat.fault.at, refusedFrom(arrival, conditionOf(chorus)) - 1].sort((a, b) => a - b) as [
        number,
        number,
      ];
      // Between the two no other tag begins; the one that is at fault may begin where expat found it so.
      return !arrival.bytes.subarray(first + 1, last).includes("<");
    },
  },
  {
    // Chorus looks at text when markup follows, and at references, instructions and document types when they end, which
    // may be in the middle of a value, comment or instruction; the limit of size bounds how long that may take.
    name: "Chorus finds a fault when the text, the reference, the instruction or the document type has come to its end",
    explains: ({ arrival, chorus, expat }) => {
      if (chorus.outcome.kind !== "open" || expat.fault === undefined) return false;
      return [";<a>", "]]><a>", "?>", "']>", '"]>', "-->]>", "?>]>"].some((ending) => {
        const reading = readWithChorus(withEnding(arrival, ending));
        return reading.outcome.kind === "refused" && isToldAlike(reading, expat);
      });
    },
  },
  {
    // Both are refused whatever they say. Expat refuses a document type where it begins, and the library that Chorus uses
    // reads both to their end, over most of what is wrong in them.
    name: "an instruction or a document type is refused, be it as one or as not well-formed",
    explains: ({ arrival, chorus, expat }) => {
      const condition = conditionOf(chorus);
      if (expat.fault?.kind === "doctype") return condition === "not-well-formed";
      if (expat.fault?.kind !== "xml" || condition !== "restricted-xml") return false;
      const { at } = expat.fault;
      const start = Math.max(...["<?", "<!DOCTYPE"].map((opening) => arrival.bytes.lastIndexOf(opening, at)));
      return start !== -1 && at < refusedFrom(arrival, condition);
    },
  },
  {
    // Between stanzas Chorus looks at text when it ends, and at what follows it first.
    name: "Chorus finds another fault in or behind text between stanzas",
    explains: ({ chorus, expat }) => expat.fault?.kind === "text" && chorus.outcome.kind === "refused",
  },
  {
    // The size of what is no stanza yet is looked at when a chunk was read, so a fault in that chunk may come first, or
    // one that comes later never.
    name: "a stanza that is too large is refused before it is whole",
    explains: ({ arrival, chorus, expat }) => {
      const { bytes, limits } = arrival;
      const headerEnd = chorus.told.length === 0 ? 0 : bytes.indexOf(">", bytes.indexOf("stream:stream")) + 1;
      const start = expat.ends[chorus.told.length - 2] ?? headerEnd;
      const isTooLarge = bytes.length - start > limits.maxStanzaBytes;
      return isTooLarge && (conditionOf(chorus) === "policy-violation" || expat.fault?.kind === "size");
    },
  },
];

/** The name of the rule that explains a difference, or `undefined`. */
export async function explain(difference: Difference): Promise<string | undefined> {
  const { arrival, read } = difference;
  if (isToldAlike(difference.chorus, difference.expat)) {
    for (const rule of RULES) if (await rule.explains(difference)) return rule.name;
  }
  for (const spelling of SPELLINGS) {
    const bytes = respelt(arrival.bytes, spelling);
    if (bytes.equals(arrival.bytes)) continue;
    const other = { ...arrival, bytes, cuts: [bytes.length] };
    const chorus = readWithChorus(other);
    const expat = await read(other);
    if (isSame(chorus, expat)) return spelling.name;
    const further = await explain({ arrival: other, chorus, expat, read });
    if (further !== undefined) return further;
  }
  return undefined;
}

/** From the first byte on that is not UTF-8, all stays as it is. */
function respelt(bytes: Buffer, spelling: Spelling): Buffer {
  const text = new Utf8Decoder().decode(bytes);
  return Buffer.concat([Buffer.from(spelling.respelt(text)), bytes.subarray(Buffer.byteLength(text))]);
}

/** How many bytes it takes until Chorus refuses a stream for that. */
function refusedFrom(arrival: Arrival, condition: string | undefined): number {
  let low = 0;
  let high = arrival.bytes.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const bytes = arrival.bytes.subarray(0, middle);
    if (conditionOf(readWithChorus({ ...arrival, bytes, cuts: [middle] })) !== condition) low = middle + 1;
    else high = middle;
  }
  return low;
}

function withEnding(arrival: Arrival, ending: string): Arrival {
  const bytes = Buffer.concat([arrival.bytes, Buffer.from(ending)]);
  return { ...arrival, bytes, cuts: [bytes.length] };
}
