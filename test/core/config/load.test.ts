import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import fc from "fast-check";
import type { ConfigValue } from "../../../core/config/config.js";
import { loadConfig, loadConfigText } from "../../../core/config/load.js";
import { luaLiteral } from "../../../core/config/lua-literal.js";
import { Options } from "../../../core/config/options.js";
import { formatProblem } from "../../../core/config/problem.js";

const root = await mkdtemp(join(tmpdir(), "chorus-config-"));
after(() => rm(root, { recursive: true }));

async function write(files: Record<string, string | Buffer>): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(root, name)), { recursive: true });
    await writeFile(join(root, name), content);
  }
}

interface Construct {
  readonly name: string;
  readonly text: string;
  /** Options by section. */
  readonly expect: Record<string, Record<string, ConfigValue>>;
  readonly env?: Record<string, string>;
  readonly warnings?: readonly string[];
}

const constructs: Construct[] = [
  {
    name: "strings, numbers, booleans and comments",
    text: `a = "x" -- comment\nb = 'y'; c = [[z\n"]] d = 0x10 e = 1.5 f = true g = not f --[==[ long\n]] ]==] h = -2^2`,
    expect: { "*": { a: "x", b: "y", c: 'z\n"', d: 16, e: 1.5, f: true, g: false, h: -4 } },
  },
  {
    name: "lists with semicolons, tables, and both in one",
    text: `a = { "x"; "y", "z"; } b = { k = 1; ["l m"] = { 2 } } c = { "x", k = "y" } d = {}`,
    expect: { "*": { a: ["x", "y", "z"], b: { k: 1, "l m": [2] }, c: { "1": "x", k: "y" }, d: [] } },
  },
  {
    name: "expressions, locals and functions of the library",
    text: `local n = 3\na = n * 2 .. "!"\nb = Lua.string.rep("ab", n)\nc = Lua.table.concat({ 1, 2 }, "-")\nd = Lua.math.floor(2.7)\ne = Lua.os.time() > 0\nf = Lua.type(Lua.os.date("%Y"))\nfor i = 1, 3 do g = i end`,
    expect: { "*": { a: "6!", b: "ababab", c: "1-2", d: 2, e: true, f: "string", g: 3 } },
    warnings: ["t.cfg.lua:8: g: set twice in this section, the value of line 8 is not used"],
  },
  {
    name: "sections: VirtualHost, Component, and their aliases",
    text: `a = 1\nVirtualHost "Example.COM"\na = 2\nHost "two.example"\na = 3\nComponent "rooms.example" "muc"\na = 4\ncomponent "other.example"\na = 5\nhost "Straße.example"\na = 6`,
    expect: {
      "*": { a: 1 },
      "example.com": { a: 2 },
      "two.example": { a: 3 },
      "rooms.example": { a: 4 },
      "other.example": { a: 5 },
      "strasse.example": { a: 6 },
    },
  },
  {
    name: "sections with a table return to the global section",
    text: `VirtualHost "v.example" { a = 1; b = 2 }\nx = 1\nComponent "c.example" "muc" { a = 3 }\ny = 2\nComponent "d.example" { a = 4 }\nz = 3`,
    expect: { "*": { x: 1, y: 2, z: 3 }, "v.example": { a: 1, b: 2 }, "c.example": { a: 3 }, "d.example": { a: 4 } },
  },
  {
    name: "a host that is opened again goes on",
    text: `VirtualHost "v.example"\na = 1\nVirtualHost "w.example"\nVirtualHost "v.example"\nb = 2`,
    expect: { "*": {}, "v.example": { a: 1, b: 2 }, "w.example": {} },
  },
  {
    name: "environment variables",
    text: `a = ENV_ONE\nb = ENV_NONE or "fallback"\nc = Lua.os.getenv("ONE")\nd = ENV_NONE`,
    env: { ONE: "1" },
    expect: { "*": { a: "1", b: "fallback", c: "1" } },
  },
  {
    name: "reading an option: in the same section, appending",
    text: `a = { "x" }\na:append { "y" }\na { "z" }\nb = a\nc = 1\nd = c + 1\nLua.table.insert(a, "w")\ne = #a\nf = a[1]\ng = { k = 1 }\ng:append { l = 2 }\ng.m = 3\nh = g:value().k\nlocal sum = 0\nfor v in g:values() do sum = sum + v end\ni = sum`,
    expect: {
      "*": {
        a: ["x", "y", "z", "w"],
        b: ["x", "y", "z", "w"],
        ...{ c: 1, d: 2, e: 4, f: "x", g: { k: 1, l: 2, m: 3 }, h: 1, i: 6 },
      },
    },
  },
  {
    name: "a name that is no option gets a warning and is nil",
    text: `a = yes\nVirtualHost "v.example"\nb = a`,
    expect: { "*": {}, "v.example": {} },
    warnings: [
      "t.cfg.lua:1: yes: expected a value, got an unknown name (you may be missing quotes around it)",
      "t.cfg.lua:3: a: expected a value, got an unknown name (you may be missing quotes around it)",
    ],
  },
  {
    name: "an option that is set twice gets a warning with both places, and the last wins",
    text: `list = {\n  "one";\n}\n\nlist = {\n  "two";\n}\nVirtualHost "v.example"\nlist = { "three" }`,
    expect: { "*": { list: ["two"] }, "v.example": { list: ["three"] } },
    warnings: ["t.cfg.lua:5: list: set twice in this section, the value of line 1 is not used"],
  },
  {
    name: "direct use of the library works, with a warning",
    text: `a = os.getenv("ONE")`,
    env: { ONE: "1" },
    expect: { "*": { a: "1" } },
    warnings: ["t.cfg.lua:1: os: direct use of the Lua library is deprecated, expected Lua.os"],
  },
  {
    name: "directives are no options",
    text: `Include = 1`,
    expect: { "*": {} },
    warnings: ["t.cfg.lua:1: Include: expected the name of an option, got that of a directive"],
  },
  {
    name: "the JSON codec",
    text: `local json = Lua.require "prosody.util.json"\na = json.decode('{"l":[1,2.5,true],"s":"\\\\u00e9\\\\u0000","n":null}')\nb = json.encode({ 1, "x" })\nc = Lua.select("#", json.decode("{"))\nd = Lua.require "util.json".decode("[[]]")`,
    expect: { "*": { a: { l: [1, 2.5, true], s: "é\0" }, b: '[1,"x"]', c: 2, d: [[]] } },
  },
  {
    name: "helper functions are no options",
    text: `function double(x) return x * 2 end\na = double(4)`,
    expect: { "*": { a: 8 } },
  },
  {
    name: "nil takes an option back",
    text: `a = 1\nVirtualHost "v.example"\na = 2\na = nil`,
    expect: { "*": { a: 1 }, "v.example": {} },
    warnings: ["t.cfg.lua:4: a: set twice in this section, the value of line 3 is not used"],
  },
  {
    name: "values that are no data are reported and left out",
    text: `a = { k = Lua.print }\nb = {}\nb.self = b:value()\nc = 0/0\nd = 1/0`,
    expect: { "*": { d: Infinity } },
    warnings: [
      "t.cfg.lua:1: a: expected a string, number, boolean or table, got a function",
      "t.cfg.lua:2: b: expected a string, number, boolean or table, got a table that contains itself",
      "t.cfg.lua:4: c: expected a string, number, boolean or table, got a number that is none (0/0)",
    ],
  },
  {
    name: "listeners in a host's section have no effect",
    text: `c2s_ports = { 5222 }\nVirtualHost "v.example"\nc2s_ports = { 5223 }`,
    expect: { "*": { c2s_ports: [5222] }, "v.example": { c2s_ports: [5223] } },
    warnings: [
      't.cfg.lua:3: c2s_ports: expected in the global section, got it in VirtualHost "v.example", where it has no effect',
    ],
  },
  {
    name: "a table of options without names",
    text: `Component "c.example" "muc" { "muc_mam"; a = 1 }`,
    expect: { "*": {}, "c.example": { a: 1 } },
    warnings: ['t.cfg.lua:1: Component "c.example": expected name = value, got a value without a name'],
  },
];

for (const { name, text, expect, env = {}, warnings = [] } of constructs) {
  test(`configuration: ${name}`, async () => {
    const config = await loadConfigText(text, { file: "t.cfg.lua", env });
    const sections = ["*", ...config.hosts.map((host) => host.name)];
    const got = sections.map((section) => {
      return [section, Object.fromEntries(config.keys(section).map((key) => [key, config.getOwn(section, key)]))];
    });
    assert.deepEqual(Object.fromEntries(got), expect);
    assert.deepEqual(config.problems.map(formatProblem), warnings);
  });
}

test("sections are kept in order, with type, module and place", async () => {
  const config = await loadConfigText(
    `Component "b.example" "muc"\nenabled = false\n\nVirtualHost "a.example"\nComponent "c.example" { x = 1 }`,
    { file: "t.cfg.lua" },
  );
  assert.deepEqual(config.hosts, [
    { name: "b.example", type: "Component", componentModule: "muc", position: { file: "t.cfg.lua", line: 1 } },
    { name: "a.example", type: "VirtualHost", componentModule: undefined, position: { file: "t.cfg.lua", line: 4 } },
    { name: "c.example", type: "Component", componentModule: "component", position: { file: "t.cfg.lua", line: 5 } },
  ]);
});

test("an option is found in the host's section, else in the global one, with the place of its name", async () => {
  const config = await loadConfigText(
    `first = {\n  "a";\n  second = 1;\n}\nsecond = 1\nVirtualHost "v.example"\nsecond =\n  2\nComponent "c.example" "muc" {\n  first = 1;\n  second = {\n  };\n}`,
    { file: "t.cfg.lua" },
  );
  const line = (host: string, key: string): number | undefined => config.positionOf(host, key)?.line;
  assert.equal(config.get("v.example", "second"), 2);
  assert.deepEqual(config.get("v.example", "first"), { "1": "a", second: 1 });
  assert.deepEqual(config.get("unknown.example", "second"), 1);
  assert.equal(config.getOwn("v.example", "first"), undefined);
  assert.deepEqual(
    [line("*", "first"), line("*", "second"), line("v.example", "first"), line("v.example", "second")],
    [1, 5, 1, 7],
  );
  assert.deepEqual([line("c.example", "first"), line("c.example", "second"), line("*", "third")], [10, 11, undefined]);
});

test("an item of a list has a place of its own", async () => {
  const config = await loadConfigText(
    `modules_enabled = {\n  "disco"; -- "x"\n  'ping';\n  { "deeper" };\n}\nmodules_enabled:append { "later" }\nComponent "c.example" "muc" {\n  modules_enabled = {\n    "mam" } }`,
    { file: "t.cfg.lua" },
  );
  const line = (host: string, item: string): number | undefined =>
    config.positionOf(host, "modules_enabled", item)?.line;
  assert.deepEqual([line("*", "disco"), line("*", "ping"), line("c.example", "mam")], [2, 3, 9]);
  assert.equal(line("c.example", "disco"), 2, "it comes from the global list");
  assert.deepEqual([line("*", "deeper"), line("*", "later"), line("c.example", "x")], [1, 1, 8], "else the option's");
});

test("a configuration that is read again takes the place of the old one", async () => {
  const config = await loadConfigText("a = 1\nb = 1");
  const options = new Options(config, "v.example");
  config.adopt(await loadConfigText('a = 2\nVirtualHost "v.example"\nc = x'));
  assert.deepEqual([options.getOptionInteger("a"), options.getOptionInteger("b")], [2, undefined]);
  assert.deepEqual([config.hosts.length, config.problems.length], [1, 1]);
});

test("Include: a file of its own, from the global section, and the includer goes on where it was", async () => {
  await write({
    "inc/main.cfg.lua": `VirtualHost "v.example"\nInclude "sub/one.cfg.lua"\nafter = 1\ninclude "conf.d/*.cfg.lua"\nInclude "conf.d/none-*.lua"`,
    "inc/sub/one.cfg.lua": `globally = 1\nInclude "two.cfg.lua"\nVirtualHost "w.example"\nx = 1`,
    "inc/sub/two.cfg.lua": `deeper = {\n}\nlines = FileLines "lines.txt"`,
    "inc/sub/lines.txt": `a\nb`,
    "inc/conf.d/b.cfg.lua": `order = "b"\n`,
    "inc/conf.d/a.cfg.lua": `order = "a"\n`,
    "inc/conf.d/.hidden.cfg.lua": `order = "hidden"\n`,
    "inc/conf.d/a.cfg.lua.bak": `order = "backup"\n`,
  });
  const file = join(root, "inc/main.cfg.lua");
  const config = await loadConfig(file);
  assert.equal(config.file, file);
  assert.deepEqual(
    config.hosts.map((host) => host.name),
    ["v.example", "w.example"],
  );
  assert.deepEqual(config.keys("v.example"), ["after"]);
  assert.deepEqual(config.keys("w.example"), ["x"]);
  assert.deepEqual([...config.keys("*")].sort(), ["deeper", "globally", "lines", "order"]);
  assert.equal(config.get("*", "order"), "b", "files are read in the order of their names");
  assert.deepEqual(config.get("*", "lines"), ["a", "b"], "relative to the file that names it");
  assert.deepEqual(config.positionOf("*", "deeper"), { file: join(root, "inc/sub/two.cfg.lua"), line: 1 });
  assert.deepEqual(config.problems, []);
});

test("FileContents, FileLine, FileLines and Credential", async () => {
  await write({
    "files/lines.txt": 'one "quoted" \\1\r\ntwo é\n\nfour\n',
    "files/secret": "s3cret\0\n",
    "files/empty": "",
    "files/long.txt": "x".repeat(300_000),
  });
  const text = `a = FileContents "lines.txt"\nb = FileLine "lines.txt"\nc = FileLines "lines.txt"\nd = Credential "secret"\ne = FileLines "./empty"\nf = FileContents "empty"\ng = #FileContents "long.txt"\nh = FileContents(${JSON.stringify(join(root, "files/secret"))})`;
  const config = await loadConfigText(text, {
    file: join(root, "files/t.cfg.lua"),
    env: { CREDENTIALS_DIRECTORY: join(root, "files") },
  });
  assert.deepEqual(Object.fromEntries(config.keys("*").map((key) => [key, config.get("*", key)])), {
    a: 'one "quoted" \\1\r\ntwo é\n\nfour\n',
    b: 'one "quoted" \\1\r',
    c: ['one "quoted" \\1\r', "two é", "", "four"],
    d: "s3cret\0\n",
    e: [],
    f: "",
    g: 300_000,
    h: "s3cret\0\n",
  });
});

test("a byte order mark and Windows line ends are read over", async () => {
  const config = await loadConfigText('\uFEFFa = 1\r\n\r\nb = {\r\n  "x";\r\n}\r\n');
  assert.deepEqual([config.get("*", "a"), config.get("*", "b")], [1, ["x"]]);
  assert.deepEqual(config.positionOf("*", "b"), { file: "prosody.cfg.lua", line: 3 });
});

test("a listener hears problems once, as they are reported", async () => {
  const config = await loadConfigText("");
  const heard: string[] = [];
  const stop = config.onProblem((problem) => heard.push(problem.message));
  const problem = { severity: "error", position: undefined, message: "x: expected a y" } as const;
  config.report(problem);
  config.report({ ...problem });
  stop();
  config.report({ ...problem, message: "z" });
  assert.deepEqual(heard, ["x: expected a y"]);
  assert.equal(config.problems.length, 2);
});

// An empty table of Lua is an empty list here; keys that read 1..n are a list, too.
const key = fc.string({ unit: "binary", maxLength: 8 }).filter((text) => !/^[1-9]\d*$/.test(text));
const text = fc.string({ unit: "binary", maxLength: 20 });
const number = fc.double({ noNaN: true });
const { value } = fc.letrec<{ value: ConfigValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    fc.oneof(text, number, fc.integer(), fc.boolean()),
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(key, tie("value"), { minKeys: 1, maxKeys: 4, noNullPrototype: true }),
  ),
}));

test("any value written as Lua reads back equal", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(value, { minLength: 10, maxLength: 40 }), async (values) => {
      const config = await loadConfigText(values.map((item, i) => `v${i} = ${luaLiteral(item)}`).join("\n"));
      assert.deepEqual(
        values.map((_, i) => config.get("*", `v${i}`)),
        values.map((item) => normal(item)),
      );
      assert.deepEqual(
        values.map((_, i) => config.positionOf("*", `v${i}`)?.line),
        values.map((_, i) => i + 1),
      );
    }),
    { numRuns: 6 },
  );
});

/** Lua knows one zero among integers; lone surrogates are no text in UTF-8. */
function normal(item: ConfigValue): ConfigValue {
  if (typeof item === "string") return Buffer.from(item).toString();
  if (Array.isArray(item)) return item.map(normal);
  if (typeof item !== "object") return item;
  return Object.fromEntries(Object.entries(item).map(([name, inner]) => [Buffer.from(name).toString(), normal(inner)]));
}
