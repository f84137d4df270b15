import assert from "node:assert/strict";
import { mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import { after, test } from "node:test";
import type { ConfigValue } from "../../../core/config/config.js";
import { LoadedConfig } from "../../../core/config/loaded-config.js";
import { formatProblem } from "../../../core/config/problem.js";
import { createLogging } from "../../../core/log/logging.js";
import type { Logger } from "../../../core/log/logger.js";

const root = await mkdtemp(join(tmpdir(), "chorus-log-"));
after(() => rm(root, { recursive: true }));
let folders = 0;

/** A configuration in a folder of its own. */
function configOf(options: Record<string, ConfigValue>): LoadedConfig & { folder: string } {
  const folder = join(root, String(++folders));
  const position = { file: "t.cfg.lua", line: 1 };
  const settings = Object.entries(options).map(([key, value]) => ({
    section: "*",
    key,
    value,
    position,
    items: new Map<string, number>(),
  }));
  return Object.assign(new LoadedConfig(join(folder, "t.cfg.lua"), [], settings), { folder });
}

class Memory extends Writable {
  text = "";
  isTTY?: boolean;
  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += String(chunk);
    done();
  }
}

/** One line of each level. */
function sayAll(logger: Logger): void {
  for (const level of ["debug", "info", "warn", "error"] as const) logger.log(level, "a line");
}

interface Line {
  level: string;
  time: string;
  name: string;
  msg: string;
}

function lines(text: string): Line[] {
  return text
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Line);
}

const levels = (text: string): string[] => lines(text).map((line) => line.level);

interface Sinks {
  readonly log?: ConfigValue;
  readonly debug?: boolean;
  readonly console: readonly string[];
  /** Below the data folder. */
  readonly files?: Record<string, readonly string[]>;
  readonly problems?: readonly string[];
}

const all = ["debug", "info", "warn", "error"];
const fromInfo = all.slice(1);
const cases: Sinks[] = [
  { console: fromInfo },
  { debug: true, console: all },
  { log: "*console", console: all },
  { log: "x.log", console: [], files: { "x.log": fromInfo } },
  { log: "logs/x.log", debug: true, console: [], files: { "logs/x.log": all } },
  { log: ["*console"], console: all },
  {
    log: { "1": "*console", info: "x.log", error: "x.err" },
    console: all,
    files: { "x.log": fromInfo, "x.err": ["error"] },
  },
  { log: { warn: "*console" }, console: ["warn", "error"] },
  { log: { info: "x.log", warn: "x.log" }, console: [], files: { "x.log": fromInfo } },
  { log: { debug: "*nowhere" }, console: [] },
  { log: [{ to: "console", levels: { min: "info", max: "warn" } }], console: ["info", "warn"] },
  {
    log: [{ to: "file", filename: "x.log", levels: ["debug", "error"] }],
    console: [],
    files: { "x.log": ["debug", "error"] },
  },
  { log: [{ to: "file", filename: "x.log" }], console: [], files: { "x.log": all } },
  { log: [{ to: "console", levels: "error" }], console: ["error"] },
  {
    log: { "1": { levels: ["error"], to: "syslog" }, info: "x.log" },
    console: ["error"],
    files: { "x.log": fromInfo },
    problems: ['log: "*syslog" is not available, these lines go to the console'],
  },
  {
    log: ["*file"],
    console: all,
    problems: ['log: expected "*console" or a file name, got "*file"; these lines go to the console'],
  },
  {
    log: { warning: "x.log", error: "*console" },
    console: ["error"],
    problems: ['log: expected one of debug, info, warn, error, got "warning"'],
  },
  {
    log: [{ to: "console", levels: { min: "loud" } }],
    console: all,
    problems: ['log: levels: expected one of debug, info, warn, error, got "loud"'],
  },
  { log: true, console: fromInfo, problems: ["log: expected a file name or a table, got true"] },
];

for (const { log, debug, console: expected, files = {}, problems = [] } of cases) {
  test(`log = ${JSON.stringify(log)}${debug ? ", debug" : ""}`, async () => {
    const config = configOf({ ...(log === undefined ? {} : { log }), ...(debug === undefined ? {} : { debug }) });
    const stdout = new Memory();
    const logging = createLogging(config, { stdout });
    const logger = logging.logger("rooms.example:muc");
    sayAll(logger);
    const expectedAnywhere = new Set([...expected, ...Object.values(files).flat()]);
    for (const level of ["debug", "info", "warn", "error"] as const) {
      assert.equal(logger.isEnabled(level), expectedAnywhere.has(level), level);
    }
    await logging.close();
    assert.deepEqual(levels(stdout.text), expected);
    for (const [name, content] of Object.entries(files)) {
      assert.deepEqual(levels(await readFile(join(config.folder, "data", name), "utf8")), content, name);
    }
    assert.deepEqual(
      config.problems.map(formatProblem),
      problems.map((text) => `t.cfg.lua:1: ${text}`),
    );
  });
}

test("a line carries time, level, source and message, and nothing else", async () => {
  const stdout = new Memory();
  const logging = createLogging(configOf({}), { stdout });
  logging.logger("chorus").child("rooms.example:muc").log("info", "%s joined %s (%d)", "a@x", "r@y", 2);
  await logging.close();
  const [line] = lines(stdout.text);
  assert.ok(line && Math.abs(Date.parse(line.time) - Date.now()) < 60_000, line?.time);
  assert.deepEqual(
    { ...line, time: "" },
    { level: "info", time: "", name: "rooms.example:muc", msg: "a@x joined r@y (2)" },
  );
});

test("on a terminal, lines are for people", async () => {
  const stdout = Object.assign(new Memory(), { isTTY: true });
  const logging = createLogging(configOf({}), { stdout });
  logging.logger("rooms.example:muc").log("warn", "the link is slow");
  await logging.close();
  const plain = stdout.text.replace(/\x1b\[\d+m/g, "");
  assert.match(plain, /^\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}\] WARN: rooms\.example:muc: the link is slow\n$/);
});

test("reopen writes to a new file after the old one was moved away", async () => {
  const config = configOf({ log: "x.log" });
  const logging = createLogging(config, { stdout: new Memory() });
  const file = join(config.folder, "data/x.log");
  const logger = logging.logger("chorus");
  logger.log("info", "before");
  await rename(file, `${file}.1`);
  logging.reopen();
  logger.log("info", "after");
  await logging.close();
  assert.deepEqual(
    lines(await readFile(`${file}.1`, "utf8")).map((line) => line.msg),
    ["before"],
  );
  assert.deepEqual(
    lines(await readFile(file, "utf8")).map((line) => line.msg),
    ["after"],
  );
});

test("reload applies another log option to loggers that exist", async () => {
  const stdout = new Memory();
  const logging = createLogging(configOf({}), { stdout });
  const logger = logging.logger("chorus");
  logger.log("debug", "unheard");
  logging.reload(configOf({ log: "*console" }));
  logger.log("debug", "heard");
  await logging.close();
  assert.deepEqual(
    lines(stdout.text).map((line) => line.msg),
    ["heard"],
  );
});

test("a file that cannot be written is reported, and its lines go to the console", async () => {
  await writeFile(join(root, "in-the-way"), "");
  const config = configOf({ log: { error: join(root, "in-the-way/x.log") } });
  const stdout = new Memory();
  const logging = createLogging(config, { stdout });
  sayAll(logging.logger("chorus"));
  await logging.close();
  assert.deepEqual(levels(stdout.text), ["error"]);
  assert.match(
    config.problems.map(formatProblem).join(),
    /^t\.cfg\.lua:1: log: cannot write .*x\.log: .*; its lines go to the console$/,
  );
});
