import type { Random } from "../../support/random.js";

/** What is dangerous somewhere in Lua, or in the environment of Prosody's configurations. */
const SCRAPS: readonly string[] = [
  ..."{}()[]=,;.:#\"'-\\~<>%^&|/*\n\r\t\0\x7f",
  ...[
    "--",
    "--[[",
    "]]",
    "[[",
    "[==[",
    "]==]",
    "...",
    "..",
    "==",
    "~=",
    "//",
    "::",
    "::x::",
    "goto x",
    "0x",
    "1e",
    "0/0",
    "1e999",
  ],
  ...[
    "nil",
    "true",
    "false",
    "and",
    "or",
    "not",
    "function()",
    "end",
    "if",
    "then",
    "else",
    "for i=1,3 do",
    "repeat",
    "until true",
  ],
  ...[
    "local x <const> = 1",
    "local x <close> = {}",
    "return",
    "return {}",
    "break",
    "do",
    "while false do end",
    "error()",
    "error({})",
  ],
  ...[
    "error('x', 0)",
    "error(nil)",
    "error(setmetatable({}, { __tostring = function() error('y') end }))",
    "assert(false)",
  ],
  ...[
    "VirtualHost 'a.example'",
    "VirtualHost ''",
    "VirtualHost {}",
    "VirtualHost 'a b'",
    "Component 'x.example'",
    "Component 'x.example' 'muc'",
  ],
  ...[
    "Component 'x.example' {}",
    "Component(nil)",
    "Host 'a'",
    "Include 'nowhere'",
    "Include '*'",
    "Include '/dev/null'",
    "Include {}",
  ],
  ...[
    "FileContents '/nowhere'",
    "FileLine ''",
    "FileLines '/dev/null'",
    "Credential 'x'",
    "ENV_HOME",
    "ENV_X = 1",
    "Lua.string.rep('x', 3)",
  ],
  ...[
    "_G",
    "_G.x = 1",
    "_G = nil",
    "_ENV",
    "_ENV = nil",
    "setmetatable(_G, nil)",
    "setmetatable(_G, {})",
    "rawset(_G, 'a', 1)",
    "getmetatable('')",
  ],
  ...[
    "os.getenv('HOME')",
    "os.exit()",
    "io.open('/etc/passwd')",
    "require 'x'",
    "dofile 'x'",
    "load('x')()",
    "debug.getinfo(1)",
    "coroutine.wrap(error)()",
  ],
  ...[
    "string.rep('x', 1e9)",
    "('x'):rep(1e5)",
    "string.format('%s', {})",
    "string.dump(print)",
    "('x'):find(('a?'):rep(30)..('a'):rep(30))",
  ],
  ...[
    "local function f() return f() + 1 end f()",
    "local t = {} t.t = t x = t",
    "x = function() end",
    "x = { [1]=1, a=2, [{}]=3 }",
    "x = { 1, nil, 3 }",
  ],
  ...[
    "x = -9007199254740993",
    "x = 9223372036854775807",
    "x = 'a' .. 1",
    "x = #x",
    "x.y.z = 1",
    "x['__proto__'] = 1",
    "__proto__ = { a = 1 }",
  ],
  ...[
    "constructor = 1",
    "toString = 'x'",
    "hasOwnProperty = {}",
    "pcall(error)",
    "pcall(string.rep)",
    "for i=1,1e9 do end",
    "while true do end",
    "x = x or {}",
  ],
  ...[
    "option 'x' 'y'",
    "é = 1",
    "x = 'é'",
    "x = '\\xff\\xfe'",
    "x = '\\u{110000}'",
    "x = '\\0'",
    "modules_enabled = 'x'",
    "modules_enabled = { {} }",
  ],
];

/** Changes lines, and pieces of them. @param other a line of some configuration */
export function mutateLua(text: string, random: Random, other: () => string): string {
  let lines = text.split("\n");
  for (let times = random.pick([1, 1, 1, 2, 3, 8]); times > 0; times--) {
    const at = random.below(lines.length);
    const line = lines[at] ?? "";
    const column = random.below(line.length + 1);
    const change = random.below(9);
    // An option that is commented out is one.
    if (change === 0)
      lines = lines.map((each) => (random.below(3) === 0 ? each.replace(/^(\s*)--(?=\w+ =)/, "$1") : each));
    else if (change === 1) lines.splice(at, 1);
    else if (change === 2) lines.splice(at, 0, other());
    else if (change === 3) lines.splice(at, 0, random.pick(SCRAPS));
    else if (change === 4) lines[at] = line.slice(0, column) + line.slice(column + 1 + random.below(8));
    else if (change === 5) lines[at] = line.slice(0, column) + other();
    else lines[at] = `${line.slice(0, column)} ${random.pick(SCRAPS)} ${line.slice(column)}`;
    if (lines.length === 0) return "";
  }
  return lines.join("\n");
}
