/** What the pages name is there: targets of links, files, commands, messages. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { test } from "node:test";
import { anchorsOf, codeBlocksOf, codeIn, linksOf, rowsOf, sectionsOf } from "../../docs/tools/markdown.js";
import { BUILT_IN } from "../../core/cli/built-in.js";
import type { Command } from "../../core/cli/command.js";
import { startService } from "../../core/testing/service.js";
import { moduleNames } from "../../docs/tools/sources.js";

const PROJECT = resolve(import.meta.dirname, "../../..");
const NOT_OURS = new Set(["node_modules", "dist", ".git"]);

function filesBelow(folder: string, extension: string): string[] {
  return readdirSync(join(PROJECT, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return NOT_OURS.has(entry.name) ? [] : filesBelow(path, extension);
    return entry.name.endsWith(extension) ? [path] : [];
  });
}

/** Made by typedoc, which checks its links itself (api.test.ts). */
const REFERENCE = join("docs", "api", "/");

const pages = new Map(
  filesBelow(".", ".md")
    .filter((path) => !path.startsWith(REFERENCE))
    .map((path) => [path, readFileSync(join(PROJECT, path), "utf8")]),
);

function page(path: string): string {
  const text = pages.get(path);
  assert.ok(text !== undefined, `${path} is missing`);
  return text;
}

/** Whether every module has its page is another test's business (modules.test.ts). */
function isModulePage(path: string): boolean {
  const module = /^docs\/modules\/mod_(\w+)\.md$/.exec(path)?.[1];
  return module !== undefined && moduleNames(PROJECT).includes(module);
}

/** What is wrong with a link, if anything is. */
function faultOf(path: string, link: string): string | undefined {
  if (/^[a-z]+:/.test(link)) return undefined;
  const [file = "", anchor] = link.split("#");
  const target = file === "" ? path : relative(PROJECT, resolve(PROJECT, dirname(path), file));
  if (isModulePage(target)) return undefined;
  if (target.startsWith("..") || !existsSync(join(PROJECT, target))) return `${path}: ${link} leads nowhere`;
  if (anchor === undefined || !target.endsWith(".md")) return undefined;
  return anchorsOf(page(target)).has(anchor) ? undefined : `${path}: ${link}: no such heading`;
}

test("every relative link of every page leads somewhere", () => {
  assert.ok(pages.size > 20);
  const faults = [...pages].flatMap(([path, text]) => linksOf(text).flatMap((link) => faultOf(path, link) ?? []));
  assert.deepEqual(faults, []);
});

test("every page of docs/ is on the map, and every module's on the list of modules", () => {
  const mapped = (map: string): Set<string> =>
    new Set(linksOf(page(map)).map((link) => join(dirname(map), link.split("#")[0] ?? "")));
  const [inDocs, inModules] = [mapped("docs/README.md"), mapped("docs/modules/README.md")];
  const unmapped = [...pages.keys()].filter((path) => {
    if (path.endsWith("README.md") || !path.startsWith("docs/")) return false;
    return !(dirname(path) === "docs/modules" ? inModules : inDocs).has(path) && !inDocs.has(dirname(path));
  });
  assert.deepEqual(unmapped, []);
});

test("the files that docs/architecture.md names are there", () => {
  const named = codeIn(page("docs/architecture.md")).filter((code) =>
    /^(core|modules|test|docs)(\/[\w.-]+)*$/.test(code),
  );
  assert.ok(named.length > 40);
  assert.deepEqual(
    named.filter((path) => !existsSync(join(PROJECT, path))),
    [],
  );
});

test("every folder of core/ is in docs/architecture.md", () => {
  const named = new Set(codeIn(page("docs/architecture.md")));
  const folders = readdirSync(join(PROJECT, "core"), { withFileTypes: true }).filter((entry) => entry.isDirectory());
  assert.deepEqual(
    folders.map(({ name }) => `core/${name}`).filter((path) => !named.has(path)),
    [],
  );
});

/** Lines of code in a page, in blocks or between backquotes; modules of one's own have commands of their own. */
function codeLinesOf(text: string): string[] {
  return [
    ...codeBlocksOf(text)
      .filter(({ language }) => language !== "ts")
      .flatMap(({ code }) => code.split("\n")),
    ...codeIn(text),
  ];
}

const codeLines = [...pages].flatMap(([path, text]) => codeLinesOf(text).map((line) => ({ path, line })));

test("every npm script that a page names is in package.json", () => {
  const { scripts } = JSON.parse(readFileSync(join(PROJECT, "package.json"), "utf8")) as {
    readonly scripts: Readonly<Record<string, string>>;
  };
  const named = codeLines.flatMap(({ path, line }) =>
    [...line.matchAll(/\bnpm run (?:--\S+ )*([\w:-]+)|\bnpm (start|test)\b/g)].map(([, run, short]) => ({
      path,
      script: run ?? short ?? "",
    })),
  );
  assert.ok(named.length > 0);
  assert.deepEqual(
    named.filter(({ script }) => !(script in scripts)),
    [],
  );
});

async function commandsOfAllModules(): Promise<string[]> {
  const modules = moduleNames(PROJECT);
  const list = (names: readonly string[]): string => names.map((name) => JSON.stringify(name)).join(", ");
  const isForRooms = (name: string): boolean => name === "muc" || name.startsWith("muc_");
  await using service = await startService({
    listen: false,
    config: `
      VirtualHost "example"
        modules_enabled = { ${list(modules.filter((name) => !isForRooms(name)))} }
      Component "rooms.example" "muc"
        modules_enabled = { ${list(modules.filter((name) => isForRooms(name) && name !== "muc"))} }
    `,
  });
  const { hosts } = service.service;
  const places = [hosts.published.get<Command>("command-provider")];
  for (const host of hosts) places.push(host.items<Command>("command-provider"));
  return [...BUILT_IN.map(({ name }) => name), ...places.flat().map(({ name }) => name)];
}

test("every command of chorusctl that a page names exists, and npx runs nothing else than what is installed", async () => {
  const known = await commandsOfAllModules();
  const isKnown = (words: string): boolean =>
    known.some((name) => words === name || words.startsWith(`${name} `) || name.startsWith(`${words} `));
  const wrong: string[] = [];
  for (const { path, line } of codeLines) {
    for (const [, program = ""] of line.matchAll(/\bnpx ([\w@./-]+)/g)) {
      if (!existsSync(join(PROJECT, "node_modules/.bin", program)) && !/^chorus(ctl)?$/.test(program)) {
        wrong.push(`${path}: npx ${program}`);
      }
    }
    for (const [, rest = ""] of line.matchAll(/(?:^|[\s/])chorusctl(?:\.js)? ((?:--config \S+ )?[a-z][\w -]*)/g)) {
      const words = rest
        .replace(/^--config \S+ /, "")
        .replace(/ --.*$/, "")
        .trim();
      if (!isKnown(words)) wrong.push(`${path}: chorusctl ${words}`);
    }
  }
  assert.deepEqual(wrong, []);
});

test("every message that docs/operating.md explains is one of the server's", () => {
  const section = sectionsOf(page("docs/operating.md")).find(({ heading }) => heading.startsWith("## Messages"));
  const messages = rowsOf(section?.text ?? "")
    .slice(1)
    .flatMap(([cell = ""]) => codeIn(cell));
  assert.ok(messages.length > 25);
  const sources = ["core", "modules"].flatMap((folder) => filesBelow(folder, ".ts"));
  const code = sources.map((path) => readFileSync(join(PROJECT, path), "utf8")).join("\n");
  // What differs from one time to another stands as …, N or a word in capitals.
  const partsOf = (message: string): string[] => message.split(/…|\b[A-Z]+\b(?!-)/).map((part) => part.trim());
  const isSaid = (message: string): boolean => partsOf(message).every((part) => part.length < 6 || code.includes(part));
  assert.deepEqual(
    messages.filter((message) => !isSaid(message)),
    [],
  );
});
