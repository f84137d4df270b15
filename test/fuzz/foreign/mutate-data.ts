import type { Random } from "../../support/random.js";

/** What is dangerous somewhere in data that is written as text: of Lua, of Erlang, of SQL. */
const SCRAPS: readonly string[] = [
  ..."{}[]()=,;.:#\"'`-\\~<>%^&|/*+@?!$ \n\r\t\0\x7f\x80\xc3\xff",
  ...[
    "return",
    "return {};",
    "item({});",
    "item(",
    "item({",
    "});\n",
    "\nitem({",
    "nil",
    "true",
    "false",
    "math.huge",
    "math.pi",
    "(0/0)",
  ],
  ...[
    "(1/0)",
    "(-1/0)",
    "-",
    "--",
    "--[[",
    "]]",
    "[[",
    "[=[",
    "]=]",
    "0x",
    "0xFFFFFFFFFFFFFFFF",
    "1e999",
    "-1e999",
    "9".repeat(40),
  ],
  ...[
    "9223372036854775808",
    "0.0000001",
    ".",
    "1.",
    ".5",
    "1e",
    "\\0",
    "\\255",
    "\\256",
    "\\999",
    "\\x",
    "\\xff",
    "\\u{",
    "\\u{d800}",
  ],
  ...[
    "\\u{110000}",
    "\\z",
    "\\\n",
    '["__proto__"]',
    '["constructor"]',
    "__proto__ = {}",
    '["__proto__"] = { ["polluted"] = true };',
  ],
  ...[
    '["prototype"] = 1;',
    '["toString"] = 1;',
    '["hasOwnProperty"] = {};',
    '["_jid"] = "";',
    '["_jid"] = "@";',
    '["_data"] = 1;',
  ],
  ...[
    '["_affiliations"] = 1;',
    '["_affiliation_data"] = { ["__proto__"] = { ["x"] = 1 } };',
    "[false] = {};",
    "[1] = {};",
    "[-1] = 1;",
    "[1.5] = 1;",
  ],
  ...[
    "[{}] = 1;",
    "[(0/0)] = 1;",
    '["name"] = "\0";',
    '["name"] = "a b";',
    '["name"] = "body";',
    '["attr"] = 1;',
    '["attr"] = { ["xmlns"] = 1; };',
  ],
  ...[
    '["attr"] = { ["__proto__"] = "x"; };',
    '["attr"] = { ["a\\1b"] = "c"; };',
    '["when"] = (0/0);',
    '["when"] = -1;',
    '["when"] = "x";',
  ],
  ...[
    '["when"] = 1e300;',
    '["key"] = {};',
    '["key"] = "";',
    '["with"] = 7;',
    '["stamp"] = "9999-99-99";',
    '["locked"] = "x";',
  ],
  ...[
    "{".repeat(300),
    "[".repeat(300),
    "(".repeat(300),
    "-".repeat(300),
    "{{".repeat(120) + "}}".repeat(120),
    "x".repeat(3000),
  ],
  ...[
    "#{",
    "=>",
    "<<",
    ">>",
    "<<1:2>>",
    '<<"x"/utf8>>',
    "|",
    "$",
    "$\\",
    "16#",
    "36#zz",
    "2#3",
    "''",
    "'\\x{",
    "#Ref<0.1>",
    "<<1114112/utf8>>",
    "/utf8",
    "-1",
    "fun()",
    ".\n",
    "%",
  ],
  ...[
    "INSERT INTO muc_room VALUES ",
    "(",
    "),(",
    ");",
    "''''",
    "\\'",
    "x'00'",
    "E'\\\\x'",
    "NULL",
    "/*",
    "*/",
    "-- ",
    "COPY muc_room FROM stdin;",
    "\\.",
  ],
];

/** Changes bytes of it; one character is one byte. @param other gives other data to take pieces from */
export function mutateData(text: string, random: Random, other: () => string): string {
  let mutated = text;
  for (let times = random.pick([1, 1, 1, 2, 3, 6]); times > 0; times--) {
    const at = random.below(mutated.length + 1);
    const [before, behind] = [mutated.slice(0, at), mutated.slice(at)];
    const change = random.below(8);
    if (change === 0) mutated = before + behind.slice(1 + random.below(random.pick([1, 8, 60])));
    else if (change === 1) mutated = before + behind.slice(0, 1 + random.below(40)) + behind;
    else if (change === 2) mutated = before + String.fromCharCode(random.below(256)) + behind.slice(1);
    else if (change === 3) mutated = before;
    else if (change === 4) {
      const from = other();
      const start = random.below(from.length + 1);
      mutated = before + from.slice(start, start + 1 + random.below(80)) + behind;
    } else mutated = before + random.pick(SCRAPS) + behind;
  }
  return mutated;
}
