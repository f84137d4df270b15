/** Erlang's terms, read and never evaluated; compared with what Erlang itself prints. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { describe, it } from "node:test";
import fc from "fast-check";
import {
  Atom,
  ImproperList,
  Opaque,
  TermMap,
  Tuple,
  type Term,
} from "../../../../modules/mod_migrate/ejabberd/term.js";
import { readTerm, readTermOfFile } from "../../../../modules/mod_migrate/ejabberd/term-reader.js";
import { TextError } from "../../../../modules/mod_migrate/ejabberd/text-error.js";
import { needs } from "../../../support/required.js";

const ERLANG = "/usr/bin/erl";
const missing = spawnSync(ERLANG, ["-version"]).error ? `${ERLANG} is not installed` : undefined;

const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "latin1"));
const codes = (text: string): number[] => [...text].map((char) => char.codePointAt(0) ?? 0);

/** The same for all binaries, whatever made them. */
function plain(term: Term): Term {
  if (term instanceof Uint8Array) return new Uint8Array(term);
  if (term instanceof Tuple) return new Tuple(term.items.map(plain));
  if (term instanceof ImproperList) return new ImproperList(term.items.map(plain), plain(term.tail));
  // Erlang prints the entries of a map in an order of its own.
  if (term instanceof TermMap) {
    const entries = term.entries.map(([key, value]) => [plain(key), plain(value)] as const);
    return new TermMap(entries.sort(([a], [b]) => (sourceOf(a) < sourceOf(b) ? -1 : 1)));
  }
  return Array.isArray(term) ? (term as Term[]).map(plain) : term;
}

/** Source of a term, written in another way than Erlang does: bytes as numbers, atoms and strings by code points. */
function sourceOf(term: Term): string {
  if (term instanceof Uint8Array) return `<<${[...term].join(",")}>>`;
  if (term instanceof Atom) return `'${codes(term.name).map((code) => `\\x{${code.toString(16)}}`).join("")}'`; // prettier-ignore
  if (term instanceof Tuple) return `{${term.items.map(sourceOf).join(",")}}`;
  if (term instanceof ImproperList) return `[${term.items.map(sourceOf).join(",")}|${sourceOf(term.tail)}]`;
  if (term instanceof TermMap) return `#{${term.entries.map((pair) => pair.map(sourceOf).join("=>")).join(",")}}`;
  if (term instanceof Opaque) return term.text;
  if (typeof term === "object") return `[${term.map(sourceOf).join(",")}]`;
  return typeof term === "number" && !Number.isInteger(term) ? term.toExponential().replace(/^(-?\d+)e/, "$1.0e") : String(term); // prettier-ignore
}

const text = fc.oneof(
  fc.string({ unit: "grapheme", maxLength: 9 }),
  fc.constantFrom('"', "'", "\\", "\n", "%", ".\n{", "\0", "\x7f", "\u00e9", "x".repeat(90)),
);
const binary = fc.oneof(
  fc.uint8Array({ maxLength: 9 }).map((array) => new Uint8Array(array)),
  text.map((content) => new Uint8Array(Buffer.from(content))),
  text.map(bytes),
);
const atom = fc.oneof(text, fc.constantFrom("true", "muc_room", "a@b", "Upper", "receive", "\u00e4", ""));
const integer = fc.bigInt().map((value) => {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
});
const float = fc.double({ noDefaultInfinity: true, noNaN: true }).filter((value) => !Number.isInteger(value));
const simple: fc.Arbitrary<Term> = fc.oneof(
  binary,
  atom.map((name) => new Atom(name)),
  text.map(codes),
  fc.integer(),
  integer,
  float,
);
const { term } = fc.letrec<{ term: Term }>((tie) => {
  const items = fc.array(tie("term"), { maxLength: 4 });
  return {
    term: fc.oneof(
      { depthSize: "small" },
      simple,
      items,
      items.map((list) => new Tuple(list)),
      fc
        .tuple(fc.array(tie("term"), { minLength: 1, maxLength: 3 }), fc.oneof(binary, fc.integer()))
        .map(([list, tail]) => new ImproperList(list, tail)),
      fc
        .uniqueArray(fc.tuple(simple, tie("term")), { maxLength: 3, selector: ([key]) => sourceOf(key) })
        .map((entries) => new TermMap(entries)),
    ),
  };
});

/** What Erlang prints of terms, in each of its ways. */
function printed(terms: readonly Term[], format: string, encoding: "latin1" | "utf8"): Buffer {
  const program = `
    ok = io:setopts(standard_io, [{encoding, ${encoding === "utf8" ? "unicode" : "latin1"}}]),
    [io:format("${format}.~n", [Term]) || Term <- [${terms.map(sourceOf).join(",\n")}]], halt().`;
  const { stdout, stderr, status } = spawnSync(ERLANG, ["-noshell", "-eval", program], { maxBuffer: 2 ** 28 });
  assert.equal(status, 0, stderr.toString() + stdout.toString().slice(0, 500));
  return stdout;
}

function* termsOf(file: string): Generator<Term> {
  for (let next = readTermOfFile(file); next; next = readTermOfFile(file, next.end)) yield next.term;
}

describe("an Erlang term", () => {
  for (const [format, encoding] of [
    ["~p", "latin1"],
    ["~w", "latin1"],
    ["~tp", "utf8"],
    ["~tw", "utf8"],
  ] as const) {
    // prettier-ignore
    it(`reads back as Erlang prints it by ${format} in ${encoding}`, needs(missing), () => {
      fc.assert(
        fc.property(fc.array(term, { minLength: 60, maxLength: 120 }), (terms) => {
          const file = printed(terms, format, encoding).toString(encoding);
          assert.deepEqual([...termsOf(file)].map(plain), terms.map(plain), file);
        }),
        { numRuns: 4 },
      );
    });
  }

  it("reads back as a source that names every byte and code point", () => {
    fc.assert(
      fc.property(term, (value) => {
        assert.deepEqual(plain(readTerm(sourceOf(value))), plain(value));
      }),
      { numRuns: 300 },
    );
  });

  const cases: readonly (readonly [source: string, expected: Term])[] = [
    ['<<"abc" "def">>', bytes("abcdef")],
    ['<<"caf\u00e9"/utf8>>', bytes("caf\xc3\xa9")],
    ['<<"caf\u00e9">>', bytes("caf\xe9")],
    ['<<16#41, $b, "c\\x{64}", 256>>', bytes("Abcd\0")],
    ["<<1:4, 2:4, 3>>", bytes("\x12\x03")],
    ["<<1:3>>", new Opaque("<<1:3>>")],
    ["<<>>", bytes("")],
    ["<< 1 ,\n 2 >>", bytes("\x01\x02")],
    ['"a\\tb\\101\\x41\\x{1F339}\\^A"', codes("a\tbAA\u{1F339}\x01")],
    ["[$a, $\\n, $\\$, $ , 2#101, -16#ff, 1_000, +3]", [97, 10, 36, 32, 5, -255, 1000, 3]],
    ["[1.5, -2.5e-3]", [1.5, -0.0025]],
    ["[1 | [2, 3]]", [1, 2, 3]],
    ["{a, 'B c', 'it\\'s'} ", new Tuple([new Atom("a"), new Atom("B c"), new Atom("it's")])],
    ["% a list\n[ % empty\n]", []],
    ["#{a => 1, b := [x]}", new TermMap([[new Atom("a"), 1], [new Atom("b"), [new Atom("x")]]])], // prettier-ignore
    ["{<0.9.0>, #Ref<0.1.2.3>}", new Tuple([new Opaque("<0.9.0>"), new Opaque("#Ref<0.1.2.3>")])],
    ["18446744073709551616", 18446744073709551616n],
  ];
  for (const [source, expected] of cases) {
    it(`is read: ${JSON.stringify(source)}`, () => {
      assert.deepEqual(plain(readTerm(source)), plain(expected));
    });
  }

  const wrong: readonly (readonly [source: string, code: string])[] = [
    ["", "EJABBERD_TRUNCATED"],
    ["{a, [1, ", "EJABBERD_TRUNCATED"],
    ['<<"abc', "EJABBERD_TRUNCATED"],
    ["'abc\\", "EJABBERD_TRUNCATED"],
    ["halt()", "EJABBERD_SYNTAX"],
    ["{a b}", "EJABBERD_SYNTAX"],
    ["[1,]", "EJABBERD_SYNTAX"],
    ["Variable", "EJABBERD_SYNTAX"],
    ["<<1.5/float>>", "EJABBERD_SYNTAX"],
    ["<<1.5>>", "EJABBERD_SYNTAX"],
    ["<<1114112/utf8>>", "EJABBERD_SYNTAX"],
    ["<<-1/utf8>>", "EJABBERD_SYNTAX"],
    ['<<"\u0104">>', "EJABBERD_SYNTAX"],
    ["<<1 2>>", "EJABBERD_SYNTAX"],
    ["2#12", "EJABBERD_SYNTAX"],
    ["{a}. {b}.", "EJABBERD_SYNTAX"],
    ["[".repeat(100_000), "EJABBERD_SYNTAX"],
  ];
  for (const [source, code] of wrong) {
    it(`is refused with ${code}: ${JSON.stringify(source.slice(0, 30))}`, () => {
      assert.throws(
        () => readTerm(source),
        (error: unknown) => error instanceof TextError && (assert.equal(error.code, code), true),
      );
    });
  }
});
