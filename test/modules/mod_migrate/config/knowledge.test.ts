/** What is told of Prosody's settings is true of this tree, and nothing that Prosody has is left out. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { test } from "node:test";
import type { SettingExplanation } from "../../../../core/cli/config-report.js";
import { codeIn, rowsOf, sectionsOf } from "../../../../docs/tools/markdown.js";
import { moduleNames } from "../../../../docs/tools/sources.js";
import { prosodySettings } from "../../../../modules/mod_migrate/config/explain.js";
import { MODULES } from "../../../../modules/mod_migrate/config/modules.js";
import { READ_OPTIONS } from "../../../../modules/mod_migrate/config/read-options.js";
import { needs } from "../../../support/required.js";

const PROJECT = resolve(import.meta.dirname, "../../../../..");
const REFERENCE = process.env["CHORUS_REFERENCE"] ?? resolve(PROJECT, "../shared/reference");
const ROOMS_REFERENCE = join(REFERENCE, "prosody-muc-config.md");
const PROSODY_MODULES = "/usr/lib/prosody/modules";
const DEBIAN_CONFIG = "/etc/prosody/prosody.cfg.lua";

/** Set by Prosody itself for a section, never by who writes one. */
const INTERNAL = new Set(["component_module"]);

const missing = (path: string, hint = ""): string | undefined =>
  existsSync(path) ? undefined : `there is no ${path}${hint}`;

function explain(kind: "option" | "module", name: string): SettingExplanation | undefined {
  return prosodySettings.explain({ kind, section: "*", name, value: undefined, position: undefined });
}

function unexplained(kind: "option" | "module", names: Iterable<string>): string[] {
  return [...new Set(names)].filter((name) => !INTERNAL.has(name) && !explain(kind, name));
}

/** Sources of the server and its modules, what tells of Prosody's settings left out. */
const sources = ["core", "modules"].flatMap((folder) =>
  readdirSync(join(PROJECT, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts") && !name.startsWith("mod_migrate"))
    .map((name) => readFileSync(join(PROJECT, folder, name), "utf8")),
);

/** Options on the pages of modules, which another test compares with what modules read. */
const documented = readdirSync(join(PROJECT, "docs/modules")).flatMap((page) => {
  const sections = sectionsOf(readFileSync(join(PROJECT, "docs/modules", page), "utf8"));
  const options = sections.find(({ heading }) => heading === "## Options");
  return rowsOf(options?.text ?? "")
    .slice(1)
    .flatMap(([cell = ""]) => codeIn(cell));
});
const isName = (name: string): boolean => /^\w+$/.test(name);

test("every option that is said to be read is read somewhere", () => {
  const unread = [...READ_OPTIONS.keys()].filter((name) => {
    // The name of a task is put before this (mod_cron).
    const written = name.endsWith("_period") ? "_period`" : `"${name}"`;
    return !sources.some((source) => source.includes(written));
  });
  assert.deepEqual(unread, []);
});

test("every option that modules read, or the example shows, is explained as one that is read", () => {
  const example = readFileSync(join(PROJECT, "prosody.cfg.lua.example"), "utf8");
  const shown = [...example.matchAll(/^\s*(?:--)?(\w+) = /gm)].flatMap(([, name]) => name ?? []);
  assert.ok(
    documented.length > 80 && shown.length > 80,
    `${documented.length} options on pages, ${shown.length} shown`,
  );
  const names = [...documented.filter(isName), ...shown];
  assert.deepEqual(
    names.filter((name) => !READ_OPTIONS.has(name)),
    [],
  );
});

test("every module that is said to be as in Prosody, or nearly, is there, and no other", () => {
  const here = moduleNames(PROJECT);
  for (const [name, { verdict }] of MODULES) {
    assert.equal(here.includes(name), verdict !== "not supported", `mod_${name} is said to be: ${verdict}`);
  }
});

test("what is recommended instead is there", () => {
  const here = moduleNames(PROJECT);
  const texts = [...prosodySettings.options.map((name) => explain("option", name)), ...MODULES.values()].map(
    (known) => known?.text ?? "",
  );
  const recommended = (pattern: RegExp): string[] =>
    texts.flatMap((text) => [...text.matchAll(pattern)].map(([, name = ""]) => name));
  const names = recommended(/\b(?:write|use|module) ([a-z0-9]+_\w+)/g);
  assert.ok(names.length > 10);
  assert.deepEqual(
    names.filter((name) => !here.includes(name) && !READ_OPTIONS.has(name)),
    [],
  );
  const paths = recommended(/\b((?:docs|examples)\/[\w./-]+\w)/g);
  assert.ok(paths.length > 3);
  assert.deepEqual(
    paths.filter((path) => !existsSync(join(PROJECT, path))),
    [],
  );
});

test("each name is explained once", () => {
  for (const names of [prosodySettings.options, prosodySettings.modules]) {
    assert.deepEqual(
      names.filter((name, at) => names.indexOf(name) !== at),
      [],
    );
  }
});

test(
  "every option of the reference of rooms is explained",
  needs(missing(ROOMS_REFERENCE, " (set CHORUS_REFERENCE)")),
  () => {
    const [service = ""] = readFileSync(ROOMS_REFERENCE, "utf8").split("\n## 2.");
    const names = rowsOf(service).flatMap(([cell = ""]) => codeIn(cell).filter(isName));
    assert.ok(names.length > 60, `${names.length} options`);
    assert.deepEqual(unexplained("option", names), []);
  },
);

test("every option and module of the installed Prosody is explained", needs(missing(PROSODY_MODULES)), () => {
  const files = readdirSync(PROSODY_MODULES, { recursive: true, encoding: "utf8" });
  const modules = files.flatMap((name) => /^mod_(\w+)(?:\.lua)?$/.exec(name)?.[1] ?? []);
  assert.ok(modules.length > 70, `${modules.length} modules`);
  assert.deepEqual(unexplained("module", modules), []);
  const options = files
    .filter((name) => name.endsWith(".lua"))
    .flatMap((name) => [...readFileSync(join(PROSODY_MODULES, name), "utf8").matchAll(/get_option\w*\(\s*"(\w+)"/g)])
    .flatMap(([, name]) => name ?? []);
  assert.ok(options.length > 200, `${options.length} options`);
  assert.deepEqual(unexplained("option", options), []);
});

test("every option and module that Debian's configuration shows is explained", needs(missing(DEBIAN_CONFIG)), () => {
  const text = readFileSync(DEBIAN_CONFIG, "utf8");
  const modules = [...text.matchAll(/^\s*(?:-- ?)?"(\w+)";/gm)].flatMap(([, name]) => name ?? []);
  const options = [...text.matchAll(/^(?:--\s*)?(\w+) = /gm)].flatMap(([, name]) => name ?? []);
  assert.ok(modules.length > 30 && options.length > 10, `${modules.length} modules, ${options.length} options`);
  assert.deepEqual(unexplained("module", modules), []);
  assert.deepEqual(unexplained("option", options), []);
});
