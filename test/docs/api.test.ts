/** The reference of the API, docs/api: everything that modules may import is documented, and the folder is up to date. */
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, before, test } from "node:test";
import { Application, type LogLevel, Logger, TSConfigReader, TypeDocReader } from "typedoc";

const PROJECT = resolve(import.meta.dirname, "../../..");
const COMMITTED = join(PROJECT, "docs/api");

/** Keeps what typedoc complains about. */
class Complaints extends Logger {
  readonly texts: string[] = [];
  override log(text: string, level: LogLevel): void {
    if (level >= WARNING) this.texts.push(text);
  }
}
const WARNING = 2 as LogLevel.Warn;

let folder: string;
let complaints: readonly string[];
before(async () => {
  folder = mkdtempSync(join(tmpdir(), "chorus-api-"));
  const logger = new Complaints();
  const options = { options: join(PROJECT, "typedoc.json"), out: folder, logLevel: "Warn" } as const;
  const app = await Application.bootstrapWithPlugins(options, [new TypeDocReader(), new TSConfigReader()]);
  app.logger = logger;
  const project = await app.convert();
  if (project) {
    app.validate(project);
    await app.generateOutputs(project);
  }
  complaints = logger.texts;
});
after(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Texts of the files below a folder, by their path in it. */
function filesOf(path: string): Record<string, string> {
  const entries = readdirSync(path, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = entries.map((entry) => join(entry.parentPath, entry.name)).sort();
  return Object.fromEntries(paths.map((file) => [file.slice(path.length + 1), readFileSync(file, "utf8")]));
}

test("every name that modules may import is documented, and every link leads somewhere", () => {
  assert.deepEqual(complaints, []);
});

test("there is a page for each of the three import paths", () => {
  const pages = Object.keys(filesOf(folder));
  for (const name of ["chorus-muc", "muc", "testing"]) {
    assert.ok(
      pages.some((page) => page.includes(name)),
      `${name}: ${pages.join(" ")}`,
    );
  }
});

const uncommitted = existsSync(COMMITTED) ? undefined : "docs/api is not in the tree";

test("docs/api is what the code says; if not: npm run docs:api", { skip: uncommitted }, () => {
  const [now, committed] = [filesOf(folder), filesOf(COMMITTED)];
  assert.deepEqual(Object.keys(committed), Object.keys(now));
  const stale = Object.keys(now).filter((path) => now[path] !== committed[path]);
  assert.deepEqual(stale, []);
});
