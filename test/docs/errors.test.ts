/** docs/errors.md says of each code of our own errors what has happened, and what to do. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { codeIn, rowsOf, sectionsOf } from "../../docs/tools/markdown.js";

const PROJECT = resolve(import.meta.dirname, "../../..");
const CODE = /"((?:ACCOUNT|CONFIG|EJABBERD|MODULE|PROSODY|STORAGE)_[A-Z_]+)"/g;

const sources = ["core", "modules"].flatMap((folder) =>
  readdirSync(join(PROJECT, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => readFileSync(join(PROJECT, folder, name), "utf8")),
);

/** Codes by the class of their errors, as the source declares them. */
function declared(): Map<string, string[]> {
  const codes = new Map<string, string[]>();
  for (const source of sources) {
    for (const [, name = "", constructor = ""] of source.matchAll(
      /class (\w+Error) extends Error \{([\s\S]*?)(?=\n {2}\) \{|\n {4}super\()/g,
    )) {
      const alias = /readonly code: (\w+)/.exec(constructor)?.[1] ?? "";
      const union = alias === "" ? constructor : (new RegExp(`type ${alias} =([^;]*);`).exec(source)?.[1] ?? "");
      const found = [...union.matchAll(CODE)].map(([, code = ""]) => code);
      if (found.length > 0) codes.set(name, found);
    }
  }
  return codes;
}

const page = readFileSync(join(PROJECT, "docs/errors.md"), "utf8");
const listed = new Map(
  sectionsOf(page)
    .filter(({ heading }) => heading.endsWith("Error"))
    .map(({ heading, text }) => [heading.replace(/^#+ /, ""), rowsOf(text)] as const),
);

test("every class of errors with codes is there, with all of its codes and no others", () => {
  const codes = declared();
  assert.deepEqual([...listed.keys()].sort(), [...codes.keys()].sort());
  for (const [name, [, ...rows] = []] of listed) {
    const onPage = rows.map(([code = ""]) => codeIn(code)[0]);
    assert.deepEqual(onPage.sort(), codes.get(name)?.sort(), name);
  }
});

test("every code has a cause and a remedy", () => {
  for (const [name, [head, ...rows] = []] of listed) {
    assert.deepEqual(head, ["Code", "Cause", "Remedy"], name);
    for (const [code, ...cells] of rows) {
      assert.equal(cells.length, 2, code);
      assert.ok(
        cells.every((cell) => cell.length > 5),
        code,
      );
    }
  }
});

test("every code is used, beyond its declaration", () => {
  const uses = sources.flatMap((source) => [...source.matchAll(CODE)].map(([, code]) => code));
  for (const code of [...declared().values()].flat()) {
    assert.ok(uses.filter((use) => use === code).length > 1, `${code} is declared only`);
  }
});
