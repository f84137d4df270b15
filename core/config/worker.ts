/** The JavaScript half of the evaluator; runs in a worker thread, which is killed when it takes too long. */
import { isAbsolute, join } from "node:path";
import { parentPort, workerData } from "node:worker_threads";
import { LuaFactory } from "wasmoon";
import { Assignments } from "./assignments.js";
import type { ConfigErrorCode } from "./config-error.js";
import type { ConfigValue, HostSection, Position } from "./config.js";
import type { EvaluatedOption, EvaluationInput, EvaluationMessage } from "./evaluation.js";
import { luaLiteral, luaString } from "./lua-literal.js";
import { PRELUDE } from "./lua/prelude.js";
import { prepareHostName } from "./host-name.js";
import { formatProblem } from "./problem.js";
import { expandPattern, fromFile, readFailure, readSource } from "./source-files.js";

const BYTE_ORDER_MARK = Buffer.from("\uFEFF");

type PlaceKind = "statement" | "field";

const input = workerData as EvaluationInput;
const progress = new Int32Array(input.progress);
const files: { readonly name: string; readonly assignments: Assignments }[] = [];

function post(message: EvaluationMessage): void {
  parentPort?.postMessage(message);
}

const MOST_FINDINGS = 200; // a loop can find any number of them
const told = new Set<string>();
let isUnusable = false;

function found(
  code: ConfigErrorCode | undefined,
  position: Position | undefined,
  message: string,
  severity: "error" | "warning" = "error",
): void {
  const problem = { severity, position, message };
  const text = formatProblem(problem);
  if (told.has(text) || (told.size >= MOST_FINDINGS && (code === undefined || isUnusable))) return;
  told.add(text);
  isUnusable ||= code !== undefined;
  post({ kind: "finding", finding: { code, problem } });
}

function fileName(file: number): string {
  return files[file - 1]?.name ?? input.file;
}

/** Where a name was written, from the line that Lua gives for it. */
function positionOf(file: number, line: number, name: string, kind: PlaceKind): Position {
  return { file: fileName(file), line: files[file - 1]?.assignments[kind](name, line)?.line ?? line };
}

/** Answers of functions that can fail: `=` and the result, or `!` and the reason. */
function attempt(path: string, act: () => string): string {
  try {
    return `=${act()}`;
  } catch (error) {
    return `!cannot read ${path}: ${readFailure(error)}`;
  }
}

function decodeJson(text: string): string {
  try {
    return `=${luaLiteral(JSON.parse(text), "null")}`;
  } catch (error) {
    return `!${error instanceof Error ? error.message : String(error)}`;
  }
}

/** The content as `FileContents`, `FileLine` and `FileLines` give it, as Lua source. */
function readAs(kind: string, path: string): string {
  const content = readSource(path);
  if (kind === "FileContents") return luaString(content);
  const lines = content.toString("latin1").split("\n");
  if (lines.at(-1) === "") lines.pop();
  if (kind === "FileLines") return `{${lines.map((line) => luaString(Buffer.from(line, "latin1"))).join(";")}}`;
  const first = lines[0];
  if (first === undefined) throw new Error("it has no first line");
  return luaString(Buffer.from(first, "latin1"));
}

function report(code: string, file: number, line: number, ...details: (string | number)[]): void {
  const position = { file: fileName(file), line };
  const [a, b, c, d, e] = details;
  if (code === "duplicate") {
    // name, kind of place, line and kind of the earlier place
    const now = positionOf(file, line, String(a), b as PlaceKind);
    const earlier = positionOf(file, Number(c), String(a), d as PlaceKind);
    found(undefined, now, `${a}: set twice in this section, the value of line ${earlier.line} is not used`, "warning");
  } else if (code === "clash") {
    // name, type, file, line and type of the earlier section
    const earlier = `${fileName(Number(c))}:${Number(d)}`;
    const advice = `for a service use a name of its own, like conference.${a}`;
    found("CONFIG_HOST", position, `${b} "${a}": the name is taken by the ${e} at ${earlier}; ${advice}`);
  } else if (code === "value") {
    // name, kind of place, what it is
    const at = positionOf(file, line, String(a), b as PlaceKind);
    found(undefined, at, `${a}: expected a string, number, boolean or table, got ${c}`);
  } else if (code === "warning" || code === "error") {
    found(undefined, position, String(a), code);
  } else {
    found(code as ConfigErrorCode, position, String(a));
  }
}

const MEMORY_ERROR = "not enough memory";
const CALLED_NIL = /^attempt to call a nil value \(global '(.+)'\)$/;

/** An error that Lua raised; `file` and `line` are where it was, if its text does not say so. */
function fail(code: ConfigErrorCode, file: number, line: number, text: string): void {
  // Raised inside the prelude (a stack overflow): its own lines say nothing to an operator.
  const [, inFile, inLine, rest] = /^(?:\[string ".*?"\]:\d+: )?<(\d+)>:(\d+): ([^]*)$/.exec(text) ?? [];
  const position = { file: fileName(Number(inFile ?? file)), line: Number(inLine ?? line) };
  const plain = (rest ?? text.replace(/^\[string ".*?"\]:\d+: /, "")).replace(
    /<(\d+)>:(\d+)/g,
    (_, number, at) => `${fileName(Number(number))}:${at}`,
  );
  if (plain.endsWith(MEMORY_ERROR)) {
    const limit = Math.floor(input.memoryBytes / 1024 / 1024);
    found("CONFIG_MEMORY", position, `evaluating the configuration takes more than ${limit} MiB of memory`);
    return;
  }
  const called = CALLED_NIL.exec(plain)?.[1];
  const message = called === undefined ? plain : `${called}: missing "=" after the name? ${plain}`;
  found(code, position, code === "CONFIG_SYNTAX" ? `syntax error: ${plain}` : message);
}

function source(path: string): string {
  return attempt(path, () => {
    const content = files.length === 0 ? Buffer.from(input.source) : readSource(path);
    const text = content.subarray(content.indexOf(BYTE_ORDER_MARK) === 0 ? BYTE_ORDER_MARK.length : 0);
    files.push({ name: path, assignments: new Assignments(text.toString("utf8")) });
    post({ kind: "file", number: files.length, name: path });
    return `${files.length}\n${luaString(text)}`;
  });
}

function credential(_file: number, name: string): string {
  const folder = input.credentialsDirectory ?? input.env["CREDENTIALS_DIRECTORY"];
  if (folder === undefined || folder === "") {
    return "!expected a folder of credentials in the environment variable CREDENTIALS_DIRECTORY, got none";
  }
  const path = isAbsolute(name) ? name : join(folder, name);
  return attempt(path, () => luaString(readSource(path)));
}

/** What the Lua half may call. */
const hostFunctions: Record<string, (...args: never[]) => string | undefined> = {
  source,
  expand: (file: number, pattern: string) => {
    const path = fromFile(fileName(file), pattern);
    return attempt(path, () => expandPattern(path).join("\n"));
  },
  read: (file: number, path: string, kind: string) => {
    const full = fromFile(fileName(file), path);
    return attempt(full, () => readAs(kind, full));
  },
  credential,
  report: (code: string, file: number, line: number, ...details: (string | number)[]) => {
    report(code, file, line, ...details);
    return undefined;
  },
  fail: (code: ConfigErrorCode, file: number, line: number, text: string) => {
    fail(code, file, line, text);
    return undefined;
  },
  env: (name: string) => input.env[name],
  prepare: (name: string) => {
    const prepared = prepareHostName(name);
    return prepared === undefined ? `!expected the name of a host, got ${JSON.stringify(name)}` : `=${prepared}`;
  },
  decode: decodeJson,
  mark: (file: number, line: number) => {
    progress[0] = file;
    progress[1] = line;
    return undefined;
  },
  print: (line: string) => {
    process.stderr.write(`${line}\n`);
    return undefined;
  },
};

type HostRow = [name: string, type: HostSection["type"], module: string | null, file: number, line: number];
type OptionRow = [section: string, key: string, value: ConfigValue, file: number, line: number, kind: PlaceKind];

function postResult(text: string): void {
  const [hosts, options] = JSON.parse(text) as [HostRow[], OptionRow[]];
  post({
    kind: "result",
    hosts: hosts.map(([name, type, module, file, line]) => {
      return { name, type, componentModule: module ?? undefined, position: { file: fileName(file), line } };
    }),
    options: options.map(([section, key, value, file, line, kind]): EvaluatedOption => {
      const items = files[file - 1]?.assignments[kind](key, line)?.items ?? new Map<string, number>();
      return { section, key, value, position: positionOf(file, line, key, kind), items };
    }),
  });
}

const engine = await new LuaFactory().createEngine({ traceAllocations: true, enableProxy: false });
for (const [name, act] of Object.entries(hostFunctions)) engine.global.set(`host_${name}`, act);
engine.doStringSync(PRELUDE);
engine.global.setMemoryMax(input.memoryBytes);
post({ kind: "started" });
try {
  postResult(String(engine.doStringSync(`return evaluate(${luaString(input.file)})`)));
} catch (error) {
  fail("CONFIG_RUNTIME", progress[0] ?? 1, progress[1] ?? 1, error instanceof Error ? error.message : String(error));
}
