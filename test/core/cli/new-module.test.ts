/** `chorusctl module new` and `module test`: what is made works as it was made. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, readFile, readdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { promisify } from "node:util";
import { packageRoot } from "../../../core/package.js";
import { run, serverFolder, type ServerFolder } from "../../support/cli.js";

/** A folder where Chorus is installed, as npm does it. */
async function project(): Promise<ServerFolder> {
  const folder = await serverFolder();
  await mkdir(join(folder.path, "node_modules"));
  await symlink(packageRoot(), join(folder.path, "node_modules/chorus-muc"));
  await symlink(join(packageRoot(), "node_modules/@types"), join(folder.path, "node_modules/@types"));
  return folder;
}

describe("chorusctl module new", () => {
  it("makes a module in TypeScript that compiles, strictly, and passes its tests and the check", async () => {
    await using folder = await project();
    const made = await run(folder, ["module", "new", "mod_muc_karma"]);
    assert.equal(made.status, 0, made.stderr);
    assert.deepEqual((await readdir(join(folder.path, "mod_muc_karma"))).sort(), [
      "README.md",
      "mod_muc_karma.test.ts",
      "mod_muc_karma.ts",
      "package.json",
      "tsconfig.json",
    ]);
    const tests = await run(folder, ["module", "test", "mod_muc_karma"]);
    assert.equal(tests.status, 0, tests.stdout);
    assert.match(tests.stdout, /pass 3\b/);
    const check = await run(folder, ["module", "check", "mod_muc_karma"]);
    assert.equal(check.status, 0, check.stdout);
    assert.match(check.stdout, /reads options muc_karma_points\nmod_muc_karma: no problems\n$/);
    const compiler = join(packageRoot(), "node_modules/typescript/bin/tsc");
    const { stdout } = await promisify(execFile)(process.execPath, [compiler, "-p", "mod_muc_karma"], {
      cwd: folder.path,
    }).catch((error: unknown) => error as { readonly stdout: string });
    assert.equal(stdout, "");
  });

  it("makes one in JavaScript, in the folder that was named, which is found as an installed package", async () => {
    await using folder = await project();
    const place = "node_modules/chorus-mod-muc-hugs";
    const made = await run(folder, ["module", "new", "muc_hugs", "--js", "--directory", place]);
    assert.equal(made.status, 0, made.stderr);
    const { name, type } = JSON.parse(await readFile(join(folder.path, place, "package.json"), "utf8")) as {
      readonly name: string;
      readonly type: string;
    };
    assert.deepEqual([name, type], ["chorus-mod-muc-hugs", "module"]);
    assert.match((await run(folder, ["module", "test", place])).stdout, /pass 3\b/);
    const check = await run(folder, ["module", "check", "muc_hugs", "--config", "prosody.cfg.lua"]);
    assert.equal(check.status, 0, check.stdout);
    assert.ok(check.stdout.includes(join(place, "mod_muc_hugs.js")), check.stdout);
  });

  it("writes over nothing, and refuses names that cannot be, or that are taken", async () => {
    await using folder = await serverFolder();
    await mkdir(join(folder.path, "mod_muc_karma"));
    await writeFile(join(folder.path, "mod_muc_karma/README.md"), "mine");
    const { status, stderr } = await run(folder, ["module", "new", "muc_karma"]);
    assert.equal(status, 1);
    assert.match(stderr, /^mod_muc_karma has README\.md already: nothing was written\n$/);
    assert.deepEqual(await readdir(join(folder.path, "mod_muc_karma")), ["README.md"]);
    for (const name of ["Karma", "muc-karma", "../karma", "muc__karma", "1muc", "mod_"]) {
      const refused = await run(folder, ["module", "new", name]);
      assert.equal(refused.status, 1, name);
      assert.match(refused.stderr, /^expected a name of small letters/);
    }
    assert.match((await run(folder, ["module", "new", "muc_mam"])).stderr, /comes with Chorus/);
    const called = await run(folder, ["module", "new"]);
    assert.equal(called.status, 2);
    assert.match(called.stderr, /^usage: chorusctl module new NAME/);
  });
});

describe("chorusctl module test", () => {
  it("fails when a test fails, when a file does not compile, and when there is no test", async () => {
    await using folder = await serverFolder();
    await mkdir(join(folder.path, "a/b"), { recursive: true });
    assert.equal((await run(folder, ["module", "test", "a"])).status, 1);
    const passing = 'import { test } from "node:test"; const name: string = "passes"; test(name, () => undefined);';
    await writeFile(join(folder.path, "a/b/passes.test.ts"), passing);
    assert.equal((await run(folder, ["module", "test", "a"])).status, 0);
    const failing = 'import { test } from "node:test"; test("fails", () => { throw new Error("no"); });';
    await writeFile(join(folder.path, "a/fails.test.mjs"), failing);
    const both = await run(folder, ["module", "test", "a"]);
    assert.equal(both.status, 1);
    assert.match(both.stdout, /pass 1\b[^]*fail 1\b/);
    await writeFile(join(folder.path, "a/fails.test.mjs"), "export {");
    assert.equal((await run(folder, ["module", "test", "a"])).status, 1);
  });
});
