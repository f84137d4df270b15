/** The chapters of docs/writing-modules.md: every block of code in them compiles, loads and does what it is said to do. */
import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { guest } from "chorus-muc/muc";
import ts from "typescript";
import { runCommand } from "../../core/cli/run-command.js";
import { packageRoot } from "../../core/package.js";
import { FakeClock } from "../../core/testing/fake-clock.js";
import { readScript } from "../../core/testing/scansion.js";
import { runScenario } from "../../core/testing/scenario-runner.js";
import { startService, type TestService } from "../../core/testing/service.js";
import { run } from "../support/cli.js";
import { codeBlocks } from "../support/markdown.js";
import { configure } from "../support/room-stanzas.js";

const HOST = "conference.localhost";
const ROOM = `orchard@${HOST}`;
const page = await readFile(join(packageRoot(), "docs/writing-modules.md"), "utf8");
const chapters = codeBlocks(page).filter(({ heading }) => heading !== "Ten minutes");
/** By the name in the first line. */
const files = new Map(
  chapters.flatMap(({ text }) => {
    const name = /^\/\/ (\S+)\n/.exec(text)?.[1];
    return name === undefined ? [] : [[name, text] as const];
  }),
);
const modules = [...files.keys()].flatMap((file) => /^mod_(\w+)\./.exec(file)?.[1] ?? []);

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "chorus-chapters-"));
  await mkdir(join(folder, "node_modules"));
  await symlink(packageRoot(), join(folder, "node_modules/chorus-muc"));
  await symlink(join(packageRoot(), "node_modules/@types"), join(folder, "node_modules/@types"));
  await writeFile(join(folder, "package.json"), '{ "type": "module" }');
  for (const [file, text] of files) await writeFile(join(folder, file), text);
});
after(() => rm(folder, { recursive: true, force: true }));

/** A service with all the modules of the page. */
function start(names = modules): Promise<TestService> {
  const list = names.map((name) => `"${name}"`).join(", ");
  const config = `admins = { "admin@localhost" }
    VirtualHost "localhost"
    Component "${HOST}" "muc"
      muc_room_locking = false
      modules_enabled = { ${list} }`;
  return startService({ config, pluginPaths: [folder], clock: new FakeClock(), listen: false });
}

describe("docs/writing-modules.md", () => {
  it("has no block that is not tried", () => {
    const tried = chapters.filter(
      ({ text, language }) => /^\/\/ \S+\n/.test(text) || ["scs", "json"].includes(language),
    );
    assert.deepEqual(
      chapters.filter((block) => !tried.includes(block)),
      [],
    );
    assert.ok(modules.length >= 10);
  });

  it("has TypeScript that compiles, strictly", () => {
    const options: ts.CompilerOptions = {
      strict: true,
      noEmit: true,
      skipLibCheck: true,
      noImplicitReturns: true,
      noUncheckedIndexedAccess: true,
      experimentalDecorators: true,
      verbatimModuleSyntax: true,
      target: ts.ScriptTarget.ES2023,
      module: ts.ModuleKind.NodeNext,
      moduleResolution: ts.ModuleResolutionKind.NodeNext,
      types: ["node"],
      typeRoots: [join(folder, "node_modules/@types")],
    };
    const sources = [...files.keys()].filter((file) => file.endsWith(".ts")).map((file) => join(folder, file));
    const program = ts.createProgram(sources, options);
    const found = [
      ...program.getOptionsDiagnostics(),
      ...program.getSemanticDiagnostics(),
      ...program.getSyntacticDiagnostics(),
    ];
    assert.deepEqual(
      found.map(({ file, messageText }) => `${file?.fileName}: ${ts.flattenDiagnosticMessageText(messageText, "\n")}`),
      [],
    );
  });

  it("has modules that all load in one service, and hook nothing that nobody declares", async () => {
    await using service = await start();
    const { events } = service.host(HOST);
    const declared = events.declaredEvents();
    for (const name of modules) {
      const health = service.service.modules.healthOf(HOST, name);
      assert.ok(health, `${name} is not loaded`);
      for (const { event } of health.costs) {
        const isKnown = declared.some(
          (known) => known === event || (known.endsWith("*") && event.startsWith(known.slice(0, -1))),
        );
        assert.ok(isKnown, `${name} hooks ${event}`);
      }
      await service.reload(name);
    }
  });

  it("has a motto that the form sets, the question tells, and too long is refused", async () => {
    await using service = await start();
    const romeo = guest(service.client("romeo@localhost"));
    await romeo.join(ROOM, "Romeo");
    const field = "{urn:example:motto}motto";
    romeo.send(configure(ROOM, "c1", { [field]: "Et in Arcadia ego" }));
    await romeo.see('<iq type="result" id="c1"/>');
    romeo.send(`<iq type="get" id="q1" to="${ROOM}"><motto xmlns="urn:example:motto"/></iq>`);
    await romeo.see('<iq type="result" id="q1"><motto xmlns="urn:example:motto">Et in Arcadia ego</motto></iq>');
    romeo.send(configure(ROOM, "c2", { [field]: "x".repeat(81) }));
    await romeo.see('<iq type="error" id="c2"><error type="modify"/></iq>');
  });

  it("has manners that ask a provider, and a command that counts", async () => {
    await using service = await start();
    const romeo = guest(service.client("romeo@localhost"));
    await romeo.join(ROOM, "Romeo");
    const printed: string[] = [];
    const io = {
      print: (line: string) => printed.push(line),
      error: assert.fail,
      ask: () => Promise.reject(new Error()),
    };
    assert.equal(await runCommand(service.service.hosts, ["crowd"], io, { online: true, cwd: "/" }), 0);
    assert.deepEqual(printed, ["1"]);
    await romeo.leave(ROOM);
    const when = await service.storage.openStore<number, "map">(HOST, "muc_seen", "map").get(null, "romeo@localhost");
    assert.equal(when, Date.parse("2025-01-01T00:00:00Z") / 1000);
  });

  it("has tests that pass", async () => {
    const outcome = await run({ path: folder, children: [], [Symbol.asyncDispose]: () => Promise.resolve() }, [
      "module",
      "test",
      "rooms.test.ts",
    ]);
    assert.equal(outcome.status, 0, outcome.stdout + outcome.stderr);
    assert.match(outcome.stdout, /pass 2\b/);
  });

  it("has a script that passes", async () => {
    const file = join(folder, "quiet.scs");
    await writeFile(file, chapters.find(({ language }) => language === "scs")?.text ?? "");
    const config = `VirtualHost "localhost"
      modules_enabled = { "saslauth", "ping" }
      Component "${HOST}" "muc"
        muc_room_locking = false
        modules_enabled = { "muc_no_shouting" }`;
    await using service = await startService({ config, pluginPaths: [folder] });
    const { failure } = await runScenario(readScript(file), { port: service.clientPort });
    assert.equal(failure?.message, undefined);
  });

  it("has a package.json by which modules are found", async () => {
    const place = join(folder, "node_modules/@example/chat-rules");
    await mkdir(place, { recursive: true });
    const manifest = chapters.find(({ language }) => language === "json")?.text ?? "";
    await writeFile(join(place, "package.json"), manifest);
    const { chorus } = JSON.parse(manifest) as {
      readonly chorus: { readonly modules: Readonly<Record<string, string>> };
    };
    for (const [name, path] of Object.entries(chorus.modules)) {
      await writeFile(join(place, path), files.get(`mod_${name}.ts`) ?? "");
    }
    const check = await run({ path: place, children: [], [Symbol.asyncDispose]: () => Promise.resolve() }, [
      "module",
      "check",
      "mod_muc_door.ts",
    ]);
    assert.equal(check.status, 0, check.stdout);
  });
});
