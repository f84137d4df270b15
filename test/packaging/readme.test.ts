/** What the README says is so. */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import ts from "typescript";
import { BUILT_IN } from "../../core/cli/built-in.js";
import { commandsOf } from "../../core/cli/run-command.js";
import { loadConfigText } from "../../core/config/load.js";
import { ModuleFinder } from "../../core/modules/finder.js";
import { packageRoot } from "../../core/package.js";
import { SCENARIO_CONFIG, startService } from "../../core/testing/service.js";
import { enter, present } from "../support/room-stanzas.js";

const README = readFileSync(join(packageRoot(), "README.md"), "utf8");

/** Text of the code blocks in a language, in order. */
function blocks(language: string): string[] {
  return [...README.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)]
    .filter(([, name]) => name === language)
    .map(([, , text]) => text ?? "");
}

/** What is written as code in a column of the tables whose head contains `title`. */
function tableCodes(title: string, column: number): string[] {
  return README.split("\n\n")
    .filter((part) => part.startsWith("|") && (part.split("\n")[0] ?? "").includes(title))
    .flatMap((part) => part.split("\n").slice(2))
    .flatMap((row) => [...(row.split("|")[column + 1] ?? "").matchAll(/`([^`]+)`/g)].map(([, code]) => code ?? ""));
}

const MODULE = blocks("ts")[0] ?? "";
const CONFIG_OF_MODULE = blocks("lua").find((text) => text.includes("plugin_paths")) ?? "";
const ROOM = "orchard@conference.localhost";

describe("README.md", () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "chorus-readme-"));
    await mkdir(join(folder, "plugins"));
    await writeFile(join(folder, "plugins/mod_no_robots.ts"), MODULE);
  });
  after(() => rm(folder, { recursive: true }));

  it("has a module that does what it says, with the configuration beside it", async () => {
    const config = `${CONFIG_OF_MODULE}\nVirtualHost "localhost"`.replace(
      '"plugins"',
      JSON.stringify(join(folder, "plugins")),
    );
    await using server = await startService({ config, listen: false });
    const robot = server.client("robot@localhost");
    robot.send(enter(ROOM, "HelpBot"));
    await robot.see(`<presence type="error" from="${ROOM}/HelpBot"><error type="cancel"><not-allowed
      xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"/></error></presence>`);
    const romeo = server.client("romeo@localhost");
    romeo.send(enter(ROOM, "Romeo"));
    await romeo.see(present(ROOM, "Romeo", '<status code="110"/>'));
  });

  it("has a module that compiles, strictly, with all the declarations that it comes upon", () => {
    const file = join(packageRoot(), "plugins/mod_no_robots.ts");
    const options: ts.CompilerOptions = {
      strict: true,
      noEmit: true,
      skipDefaultLibCheck: true,
      target: ts.ScriptTarget.ES2023,
      module: ts.ModuleKind.NodeNext,
      moduleResolution: ts.ModuleResolutionKind.NodeNext,
      types: ["node"],
    };
    const host = ts.createCompilerHost(options);
    const { fileExists, getSourceFile } = host;
    host.fileExists = (name) => name === file || fileExists(name);
    host.getSourceFile = (name, ...rest) =>
      name === file ? ts.createSourceFile(name, MODULE, ts.ScriptTarget.ES2023) : getSourceFile(name, ...rest);
    const program = ts.createProgram([file], options, host);
    const found = [...program.getSemanticDiagnostics(), ...program.getSyntacticDiagnostics()];
    assert.deepEqual(
      found.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n")),
      [],
    );
  });

  it("names every command, and no other", async () => {
    await using server = await startService({ config: SCENARIO_CONFIG, listen: false });
    const there = [...BUILT_IN, ...commandsOf(server.service.hosts)].map(({ name }) => name).sort();
    const said = tableCodes("Command", 0).map((call) => call.replace(/^chorusctl /, "").replace(/ [A-Z].*/, ""));
    assert.deepEqual(said.sort(), there);
  });

  it("names modules that exist, and all that come with rooms", async () => {
    const said = tableCodes("Feature", 2);
    const finder = new ModuleFinder([]);
    for (const name of said) assert.ok(finder.find(name), `${name} does not exist`);
    const file = finder.find("muc");
    assert.ok(file);
    for (const name of (await finder.load(file)).standardModules ?? [])
      assert.ok(said.includes(name), `${name} is not named`);
  });

  it("has a configuration for attaching that is one", async () => {
    const text = blocks("lua").find((block) => block.includes("component_upstream")) ?? "";
    const config = await loadConfigText(text);
    assert.deepEqual(config.problems, []);
    await using server = await startService({ config, listen: false });
    assert.match(server.host("rooms.example.com").link?.peer ?? "", /127\.0\.0\.1:5347/);
  });

  it("points at files that are there", () => {
    for (const [, path] of README.matchAll(/\]\((?!https?:)([^)]+)\)/g)) {
      assert.ok(existsSync(join(packageRoot(), path ?? "")), `${path} is missing`);
    }
    assert.match(readFileSync(join(packageRoot(), "CHANGELOG.md"), "utf8"), /^# Changelog\n\n## Unreleased\n/);
  });
});
