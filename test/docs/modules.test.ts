/** Every module has a page, docs/modules/mod_NAME.md, that says of its options and events what the code says. */
import assert from "node:assert/strict";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { describe, test } from "node:test";
import {
  anchorsOf,
  codeBlocksOf,
  codeIn,
  linksOf,
  rowsOf,
  sectionsOf,
  type Section,
} from "../../docs/tools/markdown.js";
import { NO_LIMIT, UNKNOWN } from "../../docs/tools/expression-values.js";
import { moduleNames, Sources } from "../../docs/tools/sources.js";
import { global, virtualHost } from "../../modules/autoload.js";
import MucModule from "../../modules/mod_muc/mod_muc.js";

const PROJECT = resolve(import.meta.dirname, "../../..");
const PAGES = join(PROJECT, "docs/modules");

const HEADINGS = ["Enable", "Options", "Room form", "Events", "Commands", "Storage", "Example"] as const;
const OPTIONAL = new Set<string>(["Room form", "Commands", "Storage"]);
const OPTION_COLUMNS = ["Option", "Type", "Default", "Meaning"];
const FIELD_COLUMNS = ["Field", "Type", "Default", "Meaning"];
const EVENT_COLUMNS = ["Event", "When", "Payload", "Result"];

const sources = new Sources(PROJECT);
const modules = moduleNames(PROJECT);
const pathOf = (module: string): string => join(PAGES, `mod_${module}.md`);
const documented = modules.filter((module) => existsSync(pathOf(module)));

/** Rows of the one table of a section, which may say `None.` instead. */
function tableOf(section: Section | undefined, columns: readonly string[]): string[][] {
  if (!section || section.text === "None.") return [];
  const [head, ...rows] = rowsOf(section.text);
  assert.deepEqual(head, columns, `${section.heading}: the table's columns, or "None."`);
  assert.ok(rows.length > 0, `${section.heading}: the table has no rows; say "None."`);
  for (const row of rows) {
    assert.equal(row.length, columns.length, `${section.heading}: cells of ${row.join(" | ")}`);
    for (const [index, cell] of row.entries()) {
      assert.notEqual(cell, "", `${section.heading}: ${String(columns[index])} of ${String(row[0])} is empty`);
    }
  }
  return rows;
}

function byFirstCell(rows: readonly string[][]): Map<string, string[]> {
  const entries = rows.map((row) => [nameIn(row), row] as const);
  assert.equal(new Set(entries.map(([name]) => name)).size, entries.length, "a row for each name, and one only");
  return new Map(entries);
}

function nameIn([cell = ""]: readonly string[]): string {
  assert.match(cell, /^`[^`]+`$/, `one name, in backquotes: ${cell}`);
  return cell.slice(1, -1);
}

/** Quotes and blanks do not matter: `"5 minutes"` or `5 minutes`, `{ "*" }` or `{"*"}`. */
const plain = (value: string): string => value.replace(/[\s"']/g, "");
/** What is known at run time only has some name in pages. */
const pattern = (event: string): string => event.replace(/<[^>]*>/g, "<…>");

/** What the module fires; and what it declares, unless another module fires that. */
function eventsOf(module: string): Set<string> {
  const fired = [...sources.eventsFiredBy(module)].map(pattern);
  const declared = sources.eventsDeclaredBy(module).map((member) => pattern(sources.nameOf(member)));
  const firedElsewhere = new Set(
    modules.filter((other) => other !== module).flatMap((other) => [...sources.eventsFiredBy(other)].map(pattern)),
  );
  return new Set([...fired, ...declared.filter((event) => !firedElsewhere.has(event))]);
}

test("every module has a page, and every page a module", () => {
  const missing = modules.filter((module) => !existsSync(pathOf(module)));
  assert.deepEqual(missing, [], "modules without docs/modules/mod_NAME.md");
  const pages = readdirSync(PAGES).filter((name) => name.startsWith("mod_"));
  assert.deepEqual(
    pages.filter((name) => !modules.includes(name.replace(/^mod_|\.md$/g, ""))),
    [],
    "pages of nothing",
  );
});

test("what is read of the sources is known", () => {
  for (const module of modules) {
    for (const { option, defaults, at } of sources.optionsOf(module)) {
      assert.ok(
        option !== UNKNOWN && !defaults.includes(UNKNOWN),
        `${at}: cannot tell option ${option} or its default`,
      );
    }
    assert.ok(!sources.eventsFiredBy(module).has(UNKNOWN), `mod_${module}: cannot tell which event it fires`);
  }
});

for (const module of documented) {
  describe(`docs/modules/mod_${module}.md`, () => {
    const page = readFileSync(pathOf(module), "utf8");
    const sections = sectionsOf(page);
    const section = (name: string): Section | undefined => sections.find(({ heading }) => heading === `## ${name}`);

    test("has the headings of every page, in order", () => {
      const [title, ...rest] = sections;
      assert.equal(title?.heading, `# mod_${module}`);
      assert.notEqual(title.text, "", "a paragraph that says what it does");
      const found = rest.map(({ heading }) => heading).filter((heading) => heading.startsWith("## "));
      const wanted = HEADINGS.filter((name) => !OPTIONAL.has(name) || section(name)).map((name) => `## ${name}`);
      assert.deepEqual(found, wanted);
      for (const { heading, text } of rest) assert.notEqual(text, "", `${heading} is empty`);
    });

    test("shows how it is enabled, and an example", () => {
      assert.ok(codeBlocksOf(section("Enable")?.text ?? "").some(({ language }) => language === "lua"));
      const example = codeBlocksOf(section("Example")?.text ?? "");
      assert.ok(example.some(({ code }) => code.trim() !== ""));
    });

    test("lists the options that it reads, with their defaults", () => {
      const read = new Map<string, Set<string>>();
      for (const { option, defaults } of sources.optionsOf(module)) {
        const known = defaults.filter((value) => value !== NO_LIMIT);
        read.set(option, new Set([...(read.get(option) ?? []), ...known.map(plain)]));
      }
      const rows = byFirstCell(tableOf(section("Options"), OPTION_COLUMNS));
      assert.deepEqual([...rows.keys()].map(pattern).sort(), [...read.keys()].sort(), "options");
      for (const [option, [, , fallback = ""]] of rows) {
        const said = codeIn(fallback).map(plain).sort();
        assert.deepEqual(said, [...(read.get(option) ?? [])].sort(), `default of ${option}, values in backquotes`);
      }
    });

    test("lists the fields of the room form that it takes", () => {
      const events = [...sources.eventsHookedBy(module)];
      const taken = events.flatMap((event) => /^muc-config-submitted\/([^<]+)$/.exec(event)?.[1] ?? []);
      const rows = byFirstCell(tableOf(section("Room form"), FIELD_COLUMNS));
      assert.deepEqual(
        taken.filter((field) => !rows.has(field)),
        [],
      );
    });

    test("lists the events that it fires", () => {
      const rows = byFirstCell(tableOf(section("Events"), EVENT_COLUMNS));
      assert.deepEqual([...rows.keys()].map(pattern).sort(), [...eventsOf(module)].sort());
    });

    test("names the keys under which it keeps something with a room", () => {
      const named = new Set(codeIn(section("Storage")?.text ?? "").flatMap((code) => code.split(/\W+/)));
      assert.deepEqual(
        [...sources.persistedKeysOf(module)].filter((key) => !named.has(key)),
        [],
      );
    });

    test("has no dead link", () => {
      for (const link of linksOf(page)) assertAlive(pathOf(module), link);
    });
  });
}

function assertAlive(page: string, link: string): void {
  if (/^[a-z]+:/.test(link)) return;
  const [path = "", anchor] = link.split("#");
  const target = path === "" ? page : resolve(dirname(page), path);
  assert.ok(existsSync(target), `${page}: ${link} leads nowhere`);
  if (anchor === undefined || !target.endsWith(".md")) return;
  assert.ok(anchorsOf(readFileSync(target, "utf8")).has(anchor), `${page}: ${link}: no such heading`);
}

/** How the index says that a module is loaded. */
function loadingOf(module: string): string {
  if (module === "muc") return "a component's own";
  const standard = MucModule.standardModules.includes(module);
  if (virtualHost.includes(module)) return "every `VirtualHost`";
  if (global.includes(module)) return "always";
  return standard ? "with `muc`" : "by name";
}

describe("docs/modules/README.md", () => {
  const index = readFileSync(join(PAGES, "README.md"), "utf8");
  const rows = sectionsOf(index).flatMap(({ text }) => rowsOf(text).slice(1));
  const linkIn = ([cell = ""]: readonly string[]): string => /^\[?`mod_(\w+)`/.exec(cell)?.[1] ?? cell;

  test("has one line for every module", () => {
    assert.deepEqual(rows.map(linkIn).sort(), modules);
    for (const row of rows) assert.ok(row[1], `${linkIn(row)}: what it does`);
  });

  test("links to the page of each", () => {
    for (const row of rows) {
      const module = linkIn(row);
      assert.equal(row[0], `[\`mod_${module}\`](mod_${module}.md)`);
    }
  });

  test("says how each is loaded", () => {
    for (const row of rows) assert.equal(row[2], loadingOf(linkIn(row)), linkIn(row));
  });
});
