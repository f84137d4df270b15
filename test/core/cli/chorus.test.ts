import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { chmod, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { describe, it } from "node:test";
import { chorus, run, serverFolder, SMALL_CONFIG } from "../../support/cli.js";

describe("chorus", () => {
  it("says on standard output that it is ready, and where, whatever log says", async () => {
    await using folder = await serverFolder(`log = "*nowhere"; ${SMALL_CONFIG.replace(/log = .*/, "")}`);
    const server = chorus(folder);
    await server.printed(/^chorus ready: .*c2s on 127\.0\.0\.1:\d+/m);
    assert.equal(await server.stop(), 0);
    assert.equal(server.output.trim().split("\n").length, 1);
  });

  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    it(`stops on ${signal} with status 0 and leaves no socket behind`, async () => {
      await using folder = await serverFolder();
      const server = chorus(folder);
      await server.printed(/chorus ready/);
      assert.ok(existsSync(join(folder.path, "data/chorus.sock")));
      assert.equal(await server.stop(signal), 0);
      assert.ok(!existsSync(join(folder.path, "data/chorus.sock")));
    });
  }

  it("stops while a link is not up yet", async () => {
    const upstream = createServer().listen(0, "127.0.0.1"); // accepts, and says nothing
    await new Promise((listening) => upstream.once("listening", listening));
    const { port } = upstream.address() as AddressInfo;
    const isTried = new Promise((resolve) => upstream.once("connection", resolve));
    await using folder = await serverFolder(`${SMALL_CONFIG}
      Component "rooms.example" "muc"
      component_upstream = "xmpp://127.0.0.1:${port}"
      component_secret = "x"`);
    const server = chorus(folder);
    await isTried;
    assert.equal(await server.stop(), 0);
    assert.doesNotMatch(server.output, /chorus ready/);
    upstream.close();
  });

  it("prints every problem with file and line at once, and starts nothing that makes no sense", async () => {
    await using folder = await serverFolder(
      ['VirtualHost "a"', 'Component "a" "muc"', "admins = {}", 'VirtualHost ""'].join("\n"),
    );
    const { status, stdout, stderr } = await run(folder, [], { program: "chorus" });
    assert.equal(status, 1);
    assert.match(
      stderr,
      /^prosody\.cfg\.lua:2: Component "a": .*\nprosody\.cfg\.lua:4: VirtualHost: expected .*, got ""\n$/,
    );
    assert.equal(stdout, "");
  });

  it("goes on with the rest when an option is wrong, and says so", async () => {
    await using folder = await serverFolder(`modules_enabled = { "no_such" }\n${SMALL_CONFIG}`);
    const server = chorus(folder);
    await server.printed(/^prosody\.cfg\.lua:1: modules_enabled: expected .*, got "no_such"/m);
    await server.printed(/chorus ready/);
    assert.equal(await server.stop(), 0);
  });

  it("says so when there is nothing to serve", async () => {
    await using folder = await serverFolder('admins = { "a@b" }');
    const { status, stdout } = await run(folder, ["check", "config"]);
    assert.equal(stdout, "prosody.cfg.lua:1: hosts: expected at least one VirtualHost or Component, got none\n");
    assert.equal(status, 1);
  });

  it("names the data folder, the process that holds it and the remedy", async () => {
    await using folder = await serverFolder(`data_path = "store"\n${SMALL_CONFIG}`);
    const first = chorus(folder);
    await first.printed(/chorus ready/);
    const second = await run(folder, [], { program: "chorus" });
    assert.equal(await first.stop(), 0);
    assert.equal(second.status, 1);
    const lines = second.stderr.trim().split("\n");
    assert.equal(lines.length, 1, second.stderr);
    assert.match(
      second.stderr,
      /^prosody\.cfg\.lua:1: data_path: the database .*\/store\/level is in use by process \d+; stop it/,
    );
    assert.ok(second.stderr.includes(`process ${first.pid};`));
  });

  it("names a data folder that cannot be made", async () => {
    await using folder = await serverFolder(`data_path = "file/data"\n${SMALL_CONFIG.replace(/log = .*/, "")}`);
    await writeFile(join(folder.path, "file"), "");
    const { status, stderr } = await run(folder, [], { program: "chorus" });
    assert.equal(status, 1);
    assert.match(
      stderr,
      /^prosody\.cfg\.lua:1: data_path: .*file\/data.*cannot be created or written.*name another folder$/m,
    );
  });

  it(
    "names a data folder that cannot be written",
    { skip: process.getuid?.() === 0 && "root may write anywhere" },
    async () => {
      await using folder = await serverFolder(SMALL_CONFIG.replace(/log = .*/, ""));
      await mkdir(join(folder.path, "data"));
      await chmod(join(folder.path, "data"), 0o500);
      const { status, stderr } = await run(folder, [], { program: "chorus" });
      assert.equal(status, 1);
      assert.match(stderr, /data_path: .*cannot be created or written/);
    },
  );

  it("names a port that is taken, and the option", async () => {
    const taken = createServer().listen(0, "127.0.0.1");
    await new Promise((listening) => taken.once("listening", listening));
    const { port } = taken.address() as AddressInfo;
    await using folder = await serverFolder(SMALL_CONFIG.replace("{ 0 }", `{ ${port} }`));
    const { status, stdout, stderr } = await run(folder, [], { program: "chorus" });
    taken.close();
    assert.equal(status, 1);
    assert.match(stderr, new RegExp(`port ${port} .*c2s_ports`));
    assert.equal(stdout, "");
    assert.ok(!existsSync(join(folder.path, "data/chorus.sock")));
  });

  it("refuses a command line that it does not understand", async () => {
    await using folder = await serverFolder();
    const { status, stderr } = await run(folder, ["--confg", "x"], { program: "chorus" });
    assert.equal(status, 2);
    assert.match(stderr, /--confg[\s\S]*usage: chorus /);
    const missing = await run(folder, ["--config", "absent.cfg.lua"], { program: "chorus" });
    assert.equal(missing.status, 1);
    assert.match(missing.stderr, /absent\.cfg\.lua: no such file/);
  });

  it("reads the configuration again and opens log files anew on SIGHUP", async () => {
    await using folder = await serverFolder();
    const log = join(folder.path, "data/chorus.log");
    const server = chorus(folder);
    await server.printed(/chorus ready/);
    await rename(log, `${log}.1`);
    await writeFile(
      join(folder.path, "prosody.cfg.lua"),
      `${SMALL_CONFIG.replace("chorus.log", "other.log")}\nVirtualHost "b"`,
    );
    process.kill(server.pid, "SIGHUP");
    const other = join(folder.path, "data/other.log");
    await until(async () => (await readFile(other, "utf8").catch(() => "")).includes("configuration read again"));
    assert.equal(await server.stop(), 0);
    assert.match(await readFile(other, "utf8"), /VirtualHost \\"b\\": expected .* a restart makes/);
  });

  it("keeps the configuration when the new one cannot be used", async () => {
    await using folder = await serverFolder();
    const server = chorus(folder);
    await server.printed(/chorus ready/);
    await writeFile(join(folder.path, "prosody.cfg.lua"), "VirtualHost (");
    process.kill(server.pid, "SIGHUP");
    await server.printed(/prosody\.cfg\.lua:1: syntax error/);
    assert.equal(await server.stop(), 0);
  });

  it("survives what modules throw where nobody catches it", async () => {
    await using folder = await serverFolder(
      `plugin_paths = { "plugins" }\nmodules_enabled = { "wild" }\n${SMALL_CONFIG}`,
    );
    await mkdir(join(folder.path, "plugins"));
    await writeFile(
      join(folder.path, "plugins/mod_wild.ts"),
      `import { provideNothing } from "./helper.js";
       export default function (module: { hookGlobal(event: string, handler: () => undefined): void }): void {
         module.hookGlobal("server-started", () => {
           setImmediate(() => { throw new Error("thrown " + provideNothing()); });
           void Promise.reject(new Error("rejected"));
           return undefined;
         });
       }`,
    );
    await writeFile(join(folder.path, "plugins/helper.ts"), 'export const provideNothing = (): string => "wildly";');
    const server = chorus(folder);
    await server.printed(/chorus ready/);
    const log = join(folder.path, "data/chorus.log");
    await until(async () => /thrown wildly/.test(await readFile(log, "utf8")));
    assert.equal((await run(folder, ["module", "list"])).status, 0);
    assert.match(await readFile(log, "utf8"), /nobody waits for: Error: rejected/);
    assert.equal(await server.stop(), 0);
  });

  it("takes the place of a server that was killed", async () => {
    await using folder = await serverFolder();
    const killed = chorus(folder);
    await killed.printed(/chorus ready/);
    assert.equal(await killed.stop("SIGKILL"), "SIGKILL");
    assert.ok(existsSync(join(folder.path, "data/chorus.sock")));
    const next = chorus(folder);
    await next.printed(/chorus ready/);
    assert.equal((await run(folder, ["module", "list"])).status, 0);
    assert.equal(await next.stop(), 0);
    await rm(join(folder.path, "data"), { recursive: true });
  });
});

/** Looks again and again, each time after the event loop has turned, for as long as the runner allows. */
async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((turned) => setImmediate(turned));
}
