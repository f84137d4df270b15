/** The examples are what they say they are: folders that a third party could have written, and each is on the map. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { test } from "node:test";
import { linksOf } from "../../docs/tools/markdown.js";

const FOLDER = resolve(import.meta.dirname, "../../../examples");
const names = readdirSync(FOLDER, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name);

/** What the TypeScript files of an example import, `import()` included. Types of another example are as good as a package's. */
function importsOf(file: string): string[] {
  const found = readFileSync(file, "utf8").matchAll(
    /^\s*(?:import|export)\b(?! type\b[^;"']*?from\s*["']\.\.\/mod_)[^;"']*?from\s*["']([^"']+)["']|^\s*import\s*["']([^"']+)["']|\bimport\(\s*["']([^"']+)["']/gm,
  );
  return [...found].map(([, from, bare, dynamic]) => from ?? bare ?? dynamic ?? "");
}

function isAllowed(imported: string, file: string, example: string): boolean {
  if (imported.startsWith(".")) {
    return !relative(join(FOLDER, example), resolve(dirname(file), imported)).startsWith("..");
  }
  if (!imported.startsWith("chorus-muc")) return true;
  if (imported === "chorus-muc/testing") return file.endsWith(".test.ts");
  return imported === "chorus-muc" || imported === "chorus-muc/muc";
}

test("an example imports the public API, packages, and files of its own folder", () => {
  const wrong = names.flatMap((example) =>
    readdirSync(join(FOLDER, example), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".ts"))
      .map((name) => join(FOLDER, example, name))
      .flatMap((file) =>
        importsOf(file)
          .filter((imported) => !isAllowed(imported, file, example))
          .map((imported) => `${relative(FOLDER, file)} imports ${imported}`),
      ),
  );
  assert.deepEqual(wrong, []);
});

test("an example has a module of its name, a test and a page, and is in the index", () => {
  const listed = new Set(linksOf(readFileSync(join(FOLDER, "README.md"), "utf8")).map((link) => dirname(link)));
  for (const name of names) {
    for (const file of [`${name}.ts`, `${name}.test.ts`, "README.md"]) {
      assert.ok(existsSync(join(FOLDER, name, file)), `examples/${name}/${file} is missing`);
    }
    assert.ok(listed.has(name), `examples/README.md does not link to ${name}/README.md`);
  }
});
