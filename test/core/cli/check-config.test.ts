import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { describe, it } from "node:test";
import { checkConfig } from "../../../core/cli/check-config.js";
import { packageRoot } from "../../../core/package.js";
import { run, serverFolder } from "../../support/cli.js";

/** Text of a configuration, and the exact lines that a check of it prints; `…` stands for its folder. */
const TABLE: { readonly name: string; readonly config: string; readonly lines: readonly string[] }[] = [
  {
    name: "options of the wrong type",
    config: `c2s_ports = "many"
      c2s_timeout = "soon"
      VirtualHost "localhost"
      Component "rooms.localhost" "muc"
      muc_room_default_history_length = "many"
      restrict_room_creation = "everybody"`,
    lines: [
      'prosody.cfg.lua:1: c2s_ports: expected port numbers from 0 to 65535, got "many"; it is left out',
      'prosody.cfg.lua:2: c2s_timeout: expected a number of seconds or a period like "2 weeks", got "soon"',
      'prosody.cfg.lua:5: muc_room_default_history_length: expected an integer, got "many"',
      'prosody.cfg.lua:6: restrict_room_creation: expected one of false, true, "local", got "everybody"',
    ],
  },
  {
    name: "numbers out of range",
    config: `VirtualHost "localhost"
      Component "rooms.localhost" "muc"
      muc_room_cache_size = -1`,
    lines: ["prosody.cfg.lua:3: muc_room_cache_size: expected at least 1, got -1; 1 is used"],
  },
  {
    name: "modules that do not exist",
    config: `modules_enabled = {
        "roster";
        "no_such";
      }
      VirtualHost "localhost"
      Component "a.localhost" "nope"`,
    lines: [
      'prosody.cfg.lua:3: modules_enabled: expected the name of a module that exists here, got "no_such"; it is left out',
      'prosody.cfg.lua:6: Component "a.localhost": expected the name of a module that exists here, got "nope"; it is left out',
    ],
  },
  {
    name: "log and storage",
    config: `log = { loud = "x.log" }
      storage = "xep0227"
      VirtualHost "localhost"`,
    lines: [
      'prosody.cfg.lua:1: log: expected one of debug, info, warn, error, got "loud"',
      'prosody.cfg.lua:2: storage: expected "level", "internal", "sql" or "memory", got "xep0227"; "level" is used',
    ],
  },
  {
    name: "a port in the section of a host",
    config: 'VirtualHost "localhost"\nc2s_ports = { 5222 }',
    lines: [
      'prosody.cfg.lua:2: c2s_ports: expected in the global section, got it in VirtualHost "localhost", where it has no effect',
    ],
  },
  {
    name: "a socket path that no socket can have",
    config: `admin_socket = "${"deep/".repeat(30)}chorus.sock"\nVirtualHost "localhost"`,
    lines: [
      `prosody.cfg.lua:1: admin_socket: expected a path of at most ${process.platform === "linux" ? 107 : 103} bytes, got …/data/${"deep/".repeat(30)}chorus.sock of N; chorusctl will not reach the running server`,
    ],
  },
  {
    name: "Lua that is none",
    config: "VirtualHost (",
    lines: ["prosody.cfg.lua:1: syntax error: unexpected symbol near <eof>"],
  },
  {
    name: "nothing to serve",
    config: 'VirtualHost "localhost"\nenabled = false',
    lines: ["prosody.cfg.lua:1: hosts: expected at least one VirtualHost or Component, got none"],
  },
];

describe("chorusctl check config", () => {
  for (const { name, config, lines } of TABLE) {
    it(`names ${name}, each with its line, in order`, async () => {
      await using folder = await serverFolder(config);
      const { status, stdout, stderr } = await run(folder, ["check", "config"]);
      const seen = stdout.replaceAll(folder.path, "…").replace(/chorus\.sock of \d+/, "chorus.sock of N");
      assert.deepEqual(seen.trimEnd().split("\n"), lines, stderr);
      assert.equal(status, 1);
      assert.deepEqual(await readdir(folder.path), ["prosody.cfg.lua"], "a check leaves nothing behind");
    });
  }

  it("finds nothing wrong with the example that comes with the package", async () => {
    const printed: string[] = [];
    const print = (line: string): void => void printed.push(line);
    const example = join(packageRoot(), "prosody.cfg.lua.example");
    const status = await checkConfig(
      example,
      { explain: false, json: false },
      { print, error: print, ask: () => Promise.reject(new Error()) },
    );
    assert.deepEqual(printed, [`${example}: no problems`]);
    assert.equal(status, 0);
  });

  it("names the file as it was named, wherever --config stands", async () => {
    await using folder = await serverFolder("x = = 1");
    for (const args of [
      ["--config", "./prosody.cfg.lua", "check", "config"],
      ["check", "config", "--config=./prosody.cfg.lua"],
    ]) {
      const { status, stdout } = await run(folder, args);
      assert.match(stdout, /^\.\/prosody\.cfg\.lua:1: syntax error/);
      assert.equal(status, 1);
    }
    const absent = resolve(folder.path, "absent.lua");
    const { status, stdout } = await run(folder, ["check", "config", "--config", absent]);
    assert.match(stdout, /absent\.lua: no such file/);
    assert.equal(status, 1);
  });
});
