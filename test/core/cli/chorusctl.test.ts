import assert from "node:assert/strict";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import fc from "fast-check";
import { readCall } from "../../../core/cli/dispatcher.js";
import { editDistance, suggestionsFor } from "../../../core/cli/suggestions.js";
import { packageRoot } from "../../../core/package.js";
import { chorus, run, serverFolder, SMALL_CONFIG } from "../../support/cli.js";

describe("chorusctl", () => {
  it("makes, changes and removes accounts with and without a running server", async () => {
    await using folder = await serverFolder();
    const offline = await run(folder, ["adduser", "romeo@localhost", "--password-stdin"], { input: "secret\n" });
    assert.deepEqual(offline, { status: 0, stdout: "romeo@localhost can log in\n", stderr: "" });

    const server = chorus(folder);
    await server.printed(/chorus ready/);
    const again = await run(folder, ["adduser", "romeo@localhost", "--password-stdin"], { input: "secret\n" });
    assert.deepEqual(again, { status: 1, stdout: "", stderr: "romeo@localhost exists already\n" });
    const other = await run(folder, ["adduser", "juliet@localhost", "--password-stdin"], { input: "gehe1m" });
    assert.equal(other.status, 0, other.stderr);
    const changed = await run(folder, ["passwd", "juliet@localhost", "--password-stdin"], { input: "gehe2m\r\n" });
    assert.equal(changed.status, 0, changed.stderr);
    assert.equal((await run(folder, ["deluser", "romeo@localhost"])).status, 0);
    assert.equal(await server.stop(), 0);

    assert.equal((await run(folder, ["deluser", "juliet@localhost"])).status, 0);
    const gone = await run(folder, ["deluser", "romeo@localhost"]);
    assert.equal(gone.status, 1);
    assert.doesNotMatch(await readFile(join(folder.path, "data/chorus.log"), "utf8"), /gehe[12]m|secret/);
  });

  it("asks for no password where there is nobody to ask", async () => {
    await using folder = await serverFolder();
    const { status, stderr } = await run(folder, ["adduser", "romeo@localhost"], { input: "secret\n" });
    assert.equal(status, 1);
    assert.match(stderr, /no terminal.*--password-stdin/);
    const empty = await run(folder, ["adduser", "romeo@localhost", "--password-stdin"]);
    assert.equal(empty.status, 1);
    assert.match(empty.stderr, /standard input has no password/);
    const server = chorus(folder);
    await server.printed(/chorus ready/);
    const online = await run(folder, ["adduser", "romeo@localhost"]);
    assert.equal(online.status, 1);
    assert.match(online.stderr, /no terminal.*--password-stdin/);
  });

  it("names path and process when the database is held and nobody answers", async () => {
    await using folder = await serverFolder(`modules_disabled = { "admin_socket" }\n${SMALL_CONFIG}`);
    const server = chorus(folder);
    await server.printed(/chorus ready/);
    const { status, stderr } = await run(folder, ["adduser", "romeo@localhost", "--password-stdin"], { input: "x\n" });
    assert.equal(status, 1);
    assert.ok(stderr.includes(join(folder.path, "data/level")), stderr);
    assert.ok(stderr.includes(`process ${server.pid};`), stderr);
    assert.ok(stderr.includes(join(folder.path, "data/chorus.sock")), stderr);
    assert.equal(stderr.trim().split("\n").length, 1);
  });

  it("lists and explains commands, its own and those of modules", async () => {
    await using folder = await serverFolder();
    const { status, stdout } = await run(folder, ["help"]);
    assert.equal(status, 0);
    for (const name of ["check config", "scenario", "adduser", "passwd", "deluser", "module list", "module info"]) {
      assert.match(stdout, new RegExp(`^  ${name}  +\\S`, "m"));
    }
    assert.match((await run(folder, ["help", "adduser"])).stdout, /^usage: chorusctl adduser JID/);
    assert.match((await run(folder, ["help", "check", "config"])).stdout, /^usage: chorusctl check config/);
    assert.match((await run(folder, ["help", "module"])).stdout, /^ {2}module info +\S.*\n {2}module list +\S/);
    assert.equal((await run(folder, [])).status, 2);
  });

  it("tells what may have been meant", async () => {
    await using folder = await serverFolder();
    const { status, stderr } = await run(folder, ["addusr", "x@localhost"]);
    assert.equal(status, 2);
    assert.equal(stderr, 'there is no command "addusr"\ndid you mean: adduser\n');
    assert.match((await run(folder, ["module", "lst"])).stderr, /did you mean: module list, /);
    assert.match((await run(folder, ["chek", "config"])).stderr, /did you mean: check config/);
    assert.match((await run(folder, ["adduser"])).stderr, /usage: chorusctl adduser/);
    assert.equal((await run(folder, ["check", "config", "x"])).status, 2);
    assert.equal((await run(folder, ["--config"])).status, 2);
  });

  it("says its version, and where modules come from", async () => {
    await using folder = await serverFolder();
    const { version } = JSON.parse(await readFile(join(packageRoot(), "package.json"), "utf8")) as { version: string };
    assert.equal((await run(folder, ["--version"])).stdout, `${version}\n`);
    assert.equal((await run(folder, ["--version"], { program: "chorus" })).stdout, `${version}\n`);
    const info = await run(folder, ["module", "info", "mod_saslauth"]);
    assert.match(info.stdout, /^file: .*mod_saslauth.*\ncomes with Chorus: yes\nloaded on: localhost\n/);
    assert.equal((await run(folder, ["module", "info", "no_such"])).status, 1);
    assert.match((await run(folder, ["module", "list", "localhost"])).stdout, /^localhost:\n( {2}\w+\n)+$/);
    assert.equal((await run(folder, ["module", "list", "elsewhere"])).status, 1);
  });

  it("says what is wrong with the configuration before it does anything", async () => {
    await using folder = await serverFolder("VirtualHost (");
    const { status, stderr } = await run(folder, ["adduser", "romeo@localhost", "--password-stdin"], { input: "x\n" });
    assert.equal(status, 1);
    assert.match(stderr, /^prosody\.cfg\.lua:1: syntax error/);
    await rm(join(folder.path, "prosody.cfg.lua"));
    assert.equal((await run(folder, ["check", "config"])).status, 0, "the example that comes with the package");
  });
});

describe("the command line", () => {
  it("is words, and --config anywhere among them", () => {
    assert.deepEqual(readCall(["a", "--config", "f", "b", "--x"]), { words: ["a", "b", "--x"], config: "f" });
    assert.deepEqual(readCall(["--config=f", "a"]), { words: ["a"], config: "f" });
    assert.match(String(readCall(["a", "--config"])), /expected the name/);
  });

  it("suggests nothing that is far from what was typed", () => {
    assert.deepEqual(suggestionsFor("deluse", ["adduser", "deluser", "delusers"]), ["deluser", "delusers"]);
    assert.deepEqual(suggestionsFor("frobnicate", ["adduser", "passwd"]), []);
  });

  it("measures slips the same both ways, and none between equal words", () => {
    const word = fc.string({ maxLength: 12 });
    fc.assert(
      fc.property(word, word, word, (a, b, c) => {
        assert.equal(editDistance(a, b), editDistance(b, a));
        assert.equal(editDistance(a, b) === 0, a === b);
        assert.ok(editDistance(a, c) <= editDistance(a, b) + editDistance(b, c));
      }),
    );
  });
});

describe("chorusctl module", () => {
  it("loads, reloads and unloads on the running server, and says how modules are", async () => {
    const module = (version: string): string => `
      export default (module) => {
        module.setStatus("info", "version ${version}");
        module.hook("iq-get/host/urn:example:version:v", () => undefined, 5);
      };`;
    await using folder = await serverFolder(`plugin_paths = { "plugins" }\n${SMALL_CONFIG}`);
    await mkdir(join(folder.path, "plugins"));
    const file = join(folder.path, "plugins", "mod_example.mjs");
    await writeFile(file, module("1"));
    const refused = await run(folder, ["module", "reload", "example"]);
    assert.deepEqual(refused, {
      status: 1,
      stdout: "",
      stderr: "module reload works on a running server, and none answers\n",
    });

    const server = chorus(folder);
    await server.printed(/chorus ready/);
    const done = async (...words: string[]): Promise<string> => {
      const { status, stdout, stderr } = await run(folder, ["module", ...words]);
      assert.equal(status, 0, stderr);
      return stdout;
    };
    assert.equal(await done("load", "mod_example", "localhost"), "localhost: mod_example: loaded\n");
    assert.match(await done("list", "localhost"), /^ {2}example: info: version 1$/m);
    await writeFile(file, module("2"));
    assert.equal(await done("reload", "example"), "localhost: mod_example: reloaded\n");
    const info = await done("info", "example");
    assert.ok(info.includes(`file: ${file}\ncomes with Chorus: no\nloaded on: localhost\n`), info);
    assert.match(
      info,
      /^ {2}status: info: version 2\n {2}hook: iq-get\/host\/urn:example:version:v at 5, fired 0 times, /m,
    );

    await writeFile(file, "export default class {");
    const broken = await run(folder, ["module", "reload", "example"]);
    assert.equal(broken.status, 1);
    assert.match(
      broken.stderr,
      /^localhost: mod_example: MODULE_BROKEN: mod_example does not load \(.*mod_example\.mjs:1\)/,
    );
    assert.match(await done("list", "localhost"), /example: info: version 2/);
    assert.equal(await done("unload", "example"), "localhost: mod_example: unloaded\n");
    assert.doesNotMatch(await done("list"), /example/);
    const gone = await run(folder, ["module", "unload", "example"]);
    assert.deepEqual(gone, { status: 1, stdout: "", stderr: "mod_example is not loaded\n" });
  });

  it("metrics prints what modules measured, and what the database has done", async () => {
    await using folder = await serverFolder();
    const { status, stdout } = await run(folder, ["metrics"]);
    assert.equal(status, 0);
    assert.match(stdout, /^chorus_storage_synced_batches_total \d+$/m);
  });
});
