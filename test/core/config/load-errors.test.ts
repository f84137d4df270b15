import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { ConfigError } from "../../../core/config/config-error.js";
import { loadConfig, loadConfigText, type LoadOptions } from "../../../core/config/load.js";

const folder = await mkdtemp(join(tmpdir(), "chorus-config-"));
after(() => rm(folder, { recursive: true }));

const file = join(folder, "t.cfg.lua");
await writeFile(join(folder, "broken.lua"), "a = 1\nb = = 2\n");
await writeFile(join(folder, "raises.lua"), "\nLua.error('no such luck')\n");
await writeFile(join(folder, "itself.lua"), 'Include "itself.lua"\n');

interface Failure {
  readonly name: string;
  readonly text: string;
  readonly code: string;
  /** With `$` for the folder. */
  readonly lines: readonly string[];
  readonly options?: LoadOptions;
}

const failures: Failure[] = [
  {
    name: "a syntax error",
    text: "a = 1\nb = {\n  'x'\n",
    code: "CONFIG_SYNTAX",
    lines: ["$/t.cfg.lua:4: syntax error: '}' expected (to close '{' at line 2) near <eof>"],
  },
  {
    name: "a string without its end",
    text: 'a = 1\nb = "x\nc = 2',
    code: "CONFIG_SYNTAX",
    lines: [`$/t.cfg.lua:2: syntax error: unfinished string near '"x'`],
  },
  {
    name: "a runtime error",
    text: "local a = {}\nb = a.k.l",
    code: "CONFIG_RUNTIME",
    lines: ["$/t.cfg.lua:2: attempt to index a nil value (field 'k')"],
  },
  {
    name: "a missing =",
    text: '\nmodules_enabled { "x" }',
    code: "CONFIG_RUNTIME",
    lines: [
      "$/t.cfg.lua:2: modules_enabled: expected a value, got an unknown name (you may be missing quotes around it)",
      `$/t.cfg.lua:2: modules_enabled: missing "=" after the name? attempt to call a nil value (global 'modules_enabled')`,
    ],
  },
  {
    name: "a missing = after an option that is set",
    text: 'list = { "x" }\nlist "y"',
    code: "CONFIG_RUNTIME",
    lines: ['$/t.cfg.lua:2: missing "=" before the value?'],
  },
  {
    name: "an operation that options do not have",
    text: 'list = { "x" }\nlist:prepend { "y" }',
    code: "CONFIG_RUNTIME",
    lines: ["$/t.cfg.lua:2: prepend: an option has no such operation, expected append, value or values"],
  },
  {
    name: "an error that the configuration raises",
    text: "\nLua.error({})",
    code: "CONFIG_RUNTIME",
    lines: ["$/t.cfg.lua:2: error with a table as its value"],
  },
  {
    name: "an error in an included file, and the includer goes on",
    text: 'a = 1\nInclude "broken.lua"\nInclude "raises.lua"\nInclude "missing.lua"\nInclude "nowhere/*.lua"',
    code: "CONFIG_SYNTAX",
    lines: [
      "$/broken.lua:2: syntax error: unexpected symbol near '='",
      "$/raises.lua:2: no such luck",
      "$/t.cfg.lua:4: Include: cannot read $/missing.lua: no such file or directory",
      "$/t.cfg.lua:5: Include: cannot read $/nowhere/*.lua: no such file or directory",
    ],
  },
  {
    name: "files that include each other",
    text: 'Include "itself.lua"',
    code: "CONFIG_RUNTIME",
    lines: ["$/itself.lua:1: Include: files include each other more than 50 deep"],
  },
  {
    name: "files that cannot be read",
    text: 'a = FileContents "none"\nb = FileLine "none"\nc = FileLines "."\nd = FileContents "/dev/zero"',
    code: "CONFIG_INCLUDE",
    lines: [
      "$/t.cfg.lua:1: FileContents: cannot read $/none: no such file or directory",
      "$/t.cfg.lua:2: FileLine: cannot read $/none: no such file or directory",
      "$/t.cfg.lua:3: FileLines: cannot read $: it is a directory",
      "$/t.cfg.lua:4: FileContents: cannot read /dev/zero: it is a device",
    ],
  },
  {
    name: "a credential without a folder of credentials",
    text: 'a = 1\nb = Credential "db"',
    code: "CONFIG_CREDENTIAL",
    lines: [
      "$/t.cfg.lua:2: Credential: expected a folder of credentials in the environment variable CREDENTIALS_DIRECTORY, got none",
    ],
  },
  {
    name: "a credential that is missing",
    text: 'b = Credential "db"',
    code: "CONFIG_CREDENTIAL",
    lines: ["$/t.cfg.lua:1: Credential: cannot read $/db: no such file or directory"],
    options: { credentialsDirectory: folder },
  },
  {
    name: "a VirtualHost and a Component of one name, in either order",
    text: 'VirtualHost "a.example"\nComponent "A.example" "muc"\nComponent "b.example" "muc"\nVirtualHost "b.example"\n',
    code: "CONFIG_HOST",
    lines: [
      '$/t.cfg.lua:2: Component "a.example": the name is taken by the VirtualHost at $/t.cfg.lua:1; for a service use a name of its own, like conference.a.example',
      '$/t.cfg.lua:4: VirtualHost "b.example": the name is taken by the Component at $/t.cfg.lua:3; for a service use a name of its own, like conference.b.example',
    ],
  },
  {
    name: "a host without a name",
    text: "VirtualHost(nil)",
    code: "CONFIG_RUNTIME",
    lines: ["$/t.cfg.lua:1: VirtualHost: expected a name, got a nil"],
  },
  {
    name: "a name that no host has",
    text: 'Component "two words" "muc"',
    code: "CONFIG_RUNTIME",
    lines: ['$/t.cfg.lua:1: Component: expected the name of a host, got "two words"'],
  },
  {
    name: "a VirtualHost with a module",
    text: 'VirtualHost "a.example" "muc"',
    code: "CONFIG_RUNTIME",
    lines: [
      '$/t.cfg.lua:1: VirtualHost "a.example": expected options, got "muc"; only a Component takes the name of a module',
    ],
  },
  {
    name: "RunScript",
    text: 'a = 1\nRunScript "x.lua"',
    code: "CONFIG_RUNTIME",
    lines: ['$/t.cfg.lua:2: RunScript: running other programs is not available, got "x.lua"'],
  },
  ...["io", "package", "debug", "load", "dofile", "loadfile", "coroutine"].map((name) => ({
    name: `Lua.${name}`,
    text: `a = Lua.${name}`,
    code: "CONFIG_RUNTIME",
    lines: [`$/t.cfg.lua:1: ${name} is not available in a configuration file`],
  })),
  {
    name: "the operating system",
    text: '\nLua.os.execute("true")',
    code: "CONFIG_RUNTIME",
    lines: ["$/t.cfg.lua:2: os.execute is not available in a configuration file"],
  },
  {
    name: "other libraries",
    text: 'local lfs = Lua.require "lfs"',
    code: "CONFIG_RUNTIME",
    lines: ['$/t.cfg.lua:1: require: "lfs" is not available in a configuration file, only "prosody.util.json" is'],
  },
  {
    name: "a loop without end",
    text: "a = 1\nwhile true do\nend",
    code: "CONFIG_TIMEOUT",
    lines: ["$/t.cfg.lua:2: evaluating the configuration takes more than 300 ms"],
    options: { timeoutMs: 300 },
  },
  {
    name: "a loop without end in the library, after other problems",
    text: 'Include "missing.lua"\nlocal s = Lua.string.rep("a", 1000000)\nlocal m = Lua.string.find(s, ".-.-.-.-b")',
    code: "CONFIG_INCLUDE",
    lines: [
      "$/t.cfg.lua:1: Include: cannot read $/missing.lua: no such file or directory",
      "$/t.cfg.lua:3: evaluating the configuration takes more than 300 ms",
    ],
    options: { timeoutMs: 300 },
  },
  {
    name: "a loop that catches errors",
    text: "while true do Lua.pcall(function() while true do end end) end",
    code: "CONFIG_TIMEOUT",
    lines: ["$/t.cfg.lua:1: evaluating the configuration takes more than 300 ms"],
    options: { timeoutMs: 300 },
  },
  {
    name: "a string that grows",
    text: "local s = 'x'\nwhile true do s = s .. s end",
    code: "CONFIG_MEMORY",
    lines: ["$/t.cfg.lua:2: evaluating the configuration takes more than 64 MiB of memory"],
  },
  {
    name: "a table that grows",
    text: "local t = {}\nwhile true do t[#t + 1] = {} end",
    code: "CONFIG_MEMORY",
    lines: ["$/t.cfg.lua:2: evaluating the configuration takes more than 8 MiB of memory"],
    options: { memoryBytes: 8 * 1024 * 1024 },
  },
  {
    name: "a recursion without end",
    text: "local function f()\n  return 1 + f()\nend\nf()",
    code: "CONFIG_RUNTIME",
    lines: ["$/t.cfg.lua:2: stack overflow"],
  },
];

async function failureOf(loading: Promise<unknown>): Promise<ConfigError> {
  const error: unknown = await loading.then(
    () => assert.fail("expected the configuration to be refused"),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof ConfigError, String(error));
  return error;
}

for (const { name, text, code, lines, options } of failures) {
  test(`refused: ${name}`, async () => {
    const error = await failureOf(loadConfigText(text, { file, env: {}, ...options }));
    assert.deepEqual(error.message.replaceAll(folder, "$").split("\n"), lines);
    assert.equal(error.code, code);
    assert.equal(error.problems.length, lines.length);
  });
}

test("problems that a loop finds are told once, and not without end", async () => {
  const config = await loadConfigText("for i = 1, 1000 do x = nothing end\nfor i = 1, 1000 do x = _ENV['n' .. i] end", {
    file,
  });
  assert.ok(config.problems.length > 3 && config.problems.length <= 200, String(config.problems.length));
});

test("refused: a file that does not exist", async () => {
  const error = await failureOf(loadConfig(join(folder, "none.cfg.lua")));
  assert.equal(error.code, "CONFIG_FILE");
  assert.equal(
    error.message.replaceAll(folder, "$"),
    "cannot read the configuration file $/none.cfg.lua: no such file or directory",
  );
});

test("a memory bomb takes little more than its limit", async () => {
  const before = process.resourceUsage().maxRSS; // kilobytes
  await failureOf(loadConfigText("local s = 'x'\nwhile true do s = s .. s end", { file }));
  await failureOf(loadConfigText("local s = Lua.string.rep('x', 2^30)", { file }));
  assert.ok(process.resourceUsage().maxRSS - before < 400 * 1024, "the process grew by 400 MiB");
});
