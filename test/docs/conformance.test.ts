/** docs/conformance.md says of each requirement of XEP-0045 what shows it: that is there, and runs. */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { test } from "node:test";
import { ownScripts } from "../support/acceptance.js";

const PROJECT = resolve(import.meta.dirname, "../../..");
const WORDS = new Set(["MUST", "MUST NOT", "SHALL NOT", "SHOULD", "SHOULD NOT", "MAY", "must", "shall", "note"]);

interface Row {
  readonly section: string;
  readonly keyword: string;
  readonly requirement: string;
  readonly modules: string;
  readonly shownBy: string;
}

const text = readFileSync(resolve(PROJECT, "docs/conformance.md"), "utf8");
const [tables = "", counts = ""] = text.split("\n## Counts\n");

function cellsOf(line: string): string[] {
  return line
    .slice(1, -1)
    .split("|")
    .map((cell) => cell.trim());
}

function isRow(line: string): boolean {
  return line.startsWith("|") && !line.startsWith("| |") && !line.startsWith("| ---") && !line.startsWith("| Section");
}

const rows: Row[] = [];
let section = "";
for (const line of tables.split("\n")) {
  if (line.startsWith("## ")) section = /^## (§[\d.]+) /.exec(line)?.[1] ?? "";
  if (!isRow(line)) continue;
  const [keyword = "", requirement = "", modules = "", shownBy = "", ...more] = cellsOf(line);
  assert.deepEqual(more, [], `four columns: ${line}`);
  rows.push({ section, keyword, requirement, modules, shownBy });
}

const nameOf = (row: Row): string => `${row.section} ${row.keyword}: ${row.requirement}`;
const codeIn = (cell: string): string[] => [...cell.matchAll(/`([^`]+)`/g)].map((match) => match[1] as string);
const isReason = ({ shownBy }: Row): boolean => shownBy.startsWith("— ");

test("every row has a section, a keyword and modules that exist", () => {
  assert.ok(rows.length > 300);
  for (const row of rows) {
    assert.notEqual(row.section, "", nameOf(row));
    assert.ok(WORDS.has(row.keyword), nameOf(row));
    const modules = codeIn(row.modules);
    assert.ok(modules.length > 0, nameOf(row));
    for (const name of modules) {
      const path = resolve(PROJECT, "modules", `mod_${name}`);
      assert.ok(existsSync(`${path}.ts`) || existsSync(path), `${nameOf(row)}: no module ${name}`);
    }
  }
});

test("every scenario and test that is named exists and runs", () => {
  const scripts = new Set(ownScripts().map(({ name }) => name));
  for (const row of rows) {
    for (const name of codeIn(row.shownBy)) {
      if (name.endsWith(".scs")) assert.ok(scripts.has(name), `${nameOf(row)}: the suite does not play ${name}`);
      else {
        assert.match(name, /\.test\.ts$/, nameOf(row));
        const built = name.replace(/\.ts$/, ".js");
        assert.ok(existsSync(resolve(PROJECT, "test", name)), `${nameOf(row)}: no ${name}`);
        assert.ok(existsSync(resolve(PROJECT, "dist/test", built)), `${nameOf(row)}: ${name} is not built`);
      }
    }
  }
});

test("every row is shown by something, or says why not", () => {
  for (const row of rows) {
    if (isReason(row)) assert.ok(row.shownBy.length > 20, `${nameOf(row)}: a reason`);
    else assert.ok(codeIn(row.shownBy).length > 0, `${nameOf(row)}: nothing shows it, and no reason is given`);
  }
});

test("the counts are those of the tables", () => {
  const sections = [...new Set(rows.map((row) => row.section))];
  const count = (label: string, of: readonly Row[]): string => {
    const withReason = of.filter(isReason).length;
    return `| ${label} | ${of.length} | ${of.length - withReason} | ${withReason} |`;
  };
  const due = sections.map((name) =>
    count(
      name,
      rows.filter((row) => row.section === name),
    ),
  );
  assert.deepEqual(counts.split("\n").filter(isRow), [...due, count("All", rows)]);
});
