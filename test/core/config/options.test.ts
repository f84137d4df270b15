import assert from "node:assert/strict";
import { test } from "node:test";
import type { ConfigValue } from "../../../core/config/config.js";
import { LoadedConfig } from "../../../core/config/loaded-config.js";
import { Options, dataPath } from "../../../core/config/options.js";
import { formatProblem } from "../../../core/config/problem.js";

const HOST = "rooms.example";

/** Global options at line 1, those of the host at line 2. */
function configOf(own: Record<string, ConfigValue>, everywhere: Record<string, ConfigValue> = {}): LoadedConfig {
  const file = "/etc/x/t.cfg.lua";
  const section = (name: string, line: number, values: Record<string, ConfigValue>) =>
    Object.entries(values).map(([key, value]) => ({
      section: name,
      key,
      value,
      position: { file: "t", line },
      items: new Map<string, number>(),
    }));
  return new LoadedConfig(file, [], [...section("*", 1, everywhere), ...section(HOST, 2, own)]);
}

interface Row {
  readonly value: ConfigValue | undefined;
  readonly read: (options: Options) => unknown;
  readonly expect: unknown;
  readonly problems?: readonly string[];
}

const string = (o: Options): unknown => o.getOptionString("x", "fallback");
const number = (o: Options): unknown => o.getOptionNumber("x", 7, 0, 10);
const integer = (o: Options): unknown => o.getOptionInteger("x", 7, 0, 10);
const boolean = (o: Options): unknown => o.getOptionBoolean("x", true);
const period = (o: Options): unknown => o.getOptionPeriod("x", "1 day", 10, "2 weeks");
const choice = (o: Options): unknown => o.getOptionEnum<string | boolean>("x", false, true, "local");
const array = (o: Options): unknown => o.getOptionArray("x", [1]);
const set = (o: Options): unknown => [...o.getOptionSet("x", ["a"])];

const rows: Row[] = [
  { value: undefined, read: string, expect: "fallback" },
  { value: "a", read: string, expect: "a" },
  { value: 5, read: string, expect: "5" },
  { value: true, read: string, expect: "true" },
  { value: ["a"], read: string, expect: "a" },
  { value: [], read: string, expect: "fallback" },
  { value: ["a", "b"], read: string, expect: "a", problems: ["expected a string, got a list of 2; its first is used"] },
  { value: { k: 1 }, read: string, expect: "fallback", problems: ["expected a string, got a table"] },

  { value: undefined, read: number, expect: 7 },
  { value: 2.5, read: number, expect: 2.5 },
  { value: " 0x0A ", read: number, expect: 10 },
  { value: "1e1", read: number, expect: 10 },
  { value: "", read: number, expect: 7, problems: ['expected a number, got ""'] },
  { value: true, read: number, expect: 7, problems: ["expected a number, got true"] },
  { value: -1, read: number, expect: 0, problems: ["expected at least 0, got -1; 0 is used"] },
  { value: 11, read: number, expect: 10, problems: ["expected at most 10, got 11; 10 is used"] },

  { value: 3, read: integer, expect: 3 },
  { value: "3", read: integer, expect: 3 },
  { value: "many", read: integer, expect: 7, problems: ['expected an integer, got "many"'] },
  { value: Infinity, read: integer, expect: 7, problems: ["expected an integer, got Infinity"] },
  { value: 3.7, read: integer, expect: 3, problems: ["expected an integer, got 3.7; 3 is used"] },
  { value: 99, read: integer, expect: 10, problems: ["expected at most 10, got 99; 10 is used"] },
  { value: 99, read: (o) => o.getOptionInteger("x", 99, 0, 10), expect: 99 }, // what equals the fallback is in range
  {
    value: "many",
    read: (o) => o.getOptionInteger("x"),
    expect: undefined,
    problems: ['expected an integer, got "many"'],
  },

  { value: false, read: boolean, expect: false },
  { value: "false", read: boolean, expect: false },
  { value: 0, read: boolean, expect: false },
  { value: "true", read: boolean, expect: true },
  { value: 1, read: boolean, expect: true },
  { value: "yes", read: boolean, expect: true, problems: ['expected true or false, got "yes"'] },

  { value: undefined, read: period, expect: 86_400 },
  { value: undefined, read: (o) => o.getOptionPeriod("x"), expect: undefined },
  { value: 60, read: period, expect: 60 },
  { value: "1 week", read: period, expect: 604_800 },
  { value: false, read: (o) => o.getOptionPeriod("x", 5), expect: Infinity },
  { value: "never", read: (o) => o.getOptionPeriod("x", 5), expect: Infinity },
  {
    value: "3 weeks",
    read: period,
    expect: 1_209_600,
    problems: ["expected at most 1209600, got 1814400; 1209600 is used"],
  },
  {
    value: "soon",
    read: period,
    expect: 86_400,
    problems: ['expected a number of seconds or a period like "2 weeks", got "soon"'],
  },
  {
    value: true,
    read: period,
    expect: 86_400,
    problems: ['expected a number of seconds or a period like "2 weeks", got true'],
  },
  {
    value: "5m",
    read: (o) => o.getOptionPeriod("x", 5),
    expect: 13_392_000,
    problems: ['expected a period like "5 months" or "5 minutes", got "5m"; 13392000 s are used'],
  },

  { value: "local", read: choice, expect: "local" },
  { value: true, read: choice, expect: true },
  {
    value: "everyone",
    read: choice,
    expect: false,
    problems: ['expected one of false, true, "local", got "everyone"'],
  },

  { value: undefined, read: array, expect: [1] },
  { value: "a", read: array, expect: ["a"] },
  { value: ["a", 2], read: array, expect: ["a", 2] },
  { value: { k: 1 }, read: array, expect: [1], problems: ["expected a list, got a table"] },

  { value: ["b", "c", "b"], read: set, expect: ["b", "c"] },
  { value: "b", read: set, expect: ["b"] },
  { value: ["b", 5, { k: 1 }], read: set, expect: ["b", "5"], problems: ["expected strings in the list, got a table"] },

  { value: "certs", read: (o) => o.getOptionPath("x", "y"), expect: "/etc/x/certs" },
  { value: "/certs", read: (o) => o.getOptionPath("x", "y"), expect: "/certs" },
  { value: undefined, read: (o) => o.getOptionPath("x", "y"), expect: "/etc/x/y" },
  { value: undefined, read: (o) => o.getOptionPath("x"), expect: undefined },
  { value: "a", read: (o) => o.getOptionPath("x", "y", "data"), expect: "/etc/x/data/a" },
  { value: "../a", read: (o) => o.getOptionPath("x", "y", "/srv/b"), expect: "/srv/a" },

  { value: ["raw"], read: (o) => o.getOption("x"), expect: ["raw"] },
  { value: undefined, read: (o) => o.getOption("x", "fallback"), expect: "fallback" },
  { value: false, read: (o) => o.getOption("x", "fallback"), expect: false },
];

for (const [index, { value, read, expect, problems = [] }] of rows.entries()) {
  const place = value === undefined ? "nothing" : JSON.stringify(value);
  test(`option ${index + 1}: ${place} reads as ${JSON.stringify(expect)}`, () => {
    const config = configOf(value === undefined ? {} : { x: value });
    const options = new Options(config, HOST);
    assert.deepEqual(read(options), expect);
    read(options);
    assert.deepEqual(
      config.problems.map(formatProblem),
      problems.map((text) => `t:2: x: ${text}`),
      "each is told once",
    );
    const severities = new Set(config.problems.map((problem) => problem.severity));
    assert.deepEqual([...severities], problems.length === 0 ? [] : [isCorrected(problems) ? "warning" : "error"]);
  });
}

/** What was put right (a number brought into its range) is a warning only. */
function isCorrected(problems: readonly string[]): boolean {
  return problems.every((text) => /expected at (least|most)|expected an integer, got [\d.]+;/.test(text));
}

test("the host's section wins, values are not merged", () => {
  const options = new Options(configOf({ a: ["own"] }, { a: ["global"], b: "global" }), HOST);
  assert.deepEqual([options.getOptionArray("a"), options.getOptionString("b")], [["own"], "global"]);
});

test("an inherited set is the union of both sections", () => {
  const config = configOf({ admins: ["a@x"], only: ["o"] }, { admins: ["b@x", "a@x"], every: "e" });
  const options = new Options(config, HOST);
  const read = (name: string): string[] => [...options.getOptionInheritedSet(name, ["fallback"])].sort();
  assert.deepEqual(
    [read("admins"), read("only"), read("every"), read("none")],
    [["a@x", "b@x"], ["o"], ["e"], ["fallback"]],
  );
  assert.deepEqual([...new Options(config, "*").getOptionInheritedSet("admins")].sort(), ["a@x", "b@x"]);
});

test("lists are copies: a module cannot change the configuration", () => {
  const config = configOf({ a: ["x", { k: 1 }] });
  const options = new Options(config, HOST);
  options.getOptionArray("a").push("y");
  Object.assign((options.getOption("a") as object[])[1] ?? {}, { k: 2 });
  assert.deepEqual(config.get(HOST, "a"), ["x", { k: 1 }]);
});

test("values of options that sound like secrets are not repeated", () => {
  const config = configOf({ component_secret: { a: "hunter2" }, api_token: "hunter2" });
  const options = new Options(config, HOST);
  options.getOptionString("component_secret");
  options.getOptionInteger("api_token", 1);
  assert.deepEqual(config.problems.map(formatProblem), [
    "t:2: component_secret: expected a string, got a table",
    "t:2: api_token: expected an integer, got a string",
  ]);
});

test("problems found later carry the option's place", () => {
  const config = configOf({}, { plugin_paths: ["/nowhere"] });
  new Options(config, HOST).report("plugin_paths", 'expected a folder, got "/nowhere"', "warning");
  new Options(config, HOST).report("unset", "expected anything");
  assert.deepEqual(config.problems.map(formatProblem), [
    't:1: plugin_paths: expected a folder, got "/nowhere"',
    "unset: expected anything",
  ]);
});

test("data_path: beside the configuration, absolute as it is", () => {
  assert.equal(dataPath(configOf({})), "/etc/x/data");
  assert.equal(dataPath(configOf({}, { data_path: "/var/lib/x" })), "/var/lib/x");
  assert.equal(dataPath(configOf({ data_path: "/host" }, { data_path: "../y" })), "/etc/y");
});

test("a fallback that is no period is a programmer's mistake", () => {
  assert.throws(() => new Options(configOf({}), HOST).getOptionPeriod("x", "soon"), TypeError);
});
