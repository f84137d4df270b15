/** docs/security.md says of each hole and trap of the reference what shows that Chorus has it not; that is played. */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { test } from "node:test";
import { ownScripts } from "../support/acceptance.js";
import { REFERENCE_ROWS } from "../support/reference.js";

const PROJECT = resolve(import.meta.dirname, "../../..");
const ROWS = [
  ...[1, 2, 3, 4, 5, 6].map((number) => `S${number}`),
  ...Array.from({ length: 14 }, (_, index) => `Trap ${index + 1}`),
];

const table = readFileSync(resolve(PROJECT, "docs/security.md"), "utf8")
  .split("\n")
  .filter((line) => /^\| (S|Trap )\d+ \|/.test(line))
  .map((line) =>
    line
      .slice(1, -1)
      .split("|")
      .map((cell) => cell.trim()),
  )
  .map(([row = "", , , shownBy = "", on012 = ""]) => ({
    row,
    names: [...shownBy.matchAll(/`([^`]+)`/g)].map((match) => match[1] as string),
    on012,
  }));

test("every hole and trap has its row", () => {
  assert.deepEqual(
    table.map(({ row }) => row),
    ROWS,
  );
});

test("every script and test that is named is there", () => {
  const scripts = new Set(ownScripts().map(({ name }) => name));
  for (const { row, names } of table) {
    assert.ok(names.length > 0, row);
    for (const name of names) {
      assert.ok(scripts.has(name) || existsSync(resolve(PROJECT, "test", name)), `${row}: no ${name}`);
    }
  }
});

test("what is said of 0.12 is what is played against it", () => {
  for (const { row, names, on012 } of table) {
    const played = REFERENCE_ROWS.find((one) => one.row === row);
    if (played) assert.equal(played.script, names[0], row);
    if (played?.on012 === "fails") assert.equal(on012, "yes", row);
    else assert.match(on012, /^not applicable: ./, row);
  }
});
