/** What `chorusctl check config` says of each setting of a configuration that was written for Prosody. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { writeFile } from "node:fs/promises";
import { describe, it } from "node:test";
import { checkConfig } from "../../../core/cli/check-config.js";
import { serverFolder } from "../../support/cli.js";

interface Check {
  readonly status: number;
  readonly lines: readonly string[];
}

async function check(config: string, how: { explain?: boolean; json?: boolean } = {}, own = ""): Promise<Check> {
  await using folder = await serverFolder(config);
  if (own !== "") await writeFile(join(folder.path, "mod_my_own.js"), own);
  const file = join(folder.path, "prosody.cfg.lua");
  const lines: string[] = [];
  const print = (line: string): void => void lines.push(line.replaceAll(file, "FILE"));
  const io = { print, error: print, ask: () => Promise.reject(new Error()) };
  const status = await checkConfig(file, { explain: false, json: false, ...how }, io);
  return { status, lines };
}

const ROOMS = 'Component "rooms.example.com" "muc"';

/** Text of a configuration, and what is told of its settings, with and without problems of it. */
const TABLE: {
  readonly name: string;
  readonly config: string;
  readonly status: 0 | 1;
  readonly told: readonly string[];
}[] = [
  {
    name: "as in Prosody",
    config: `${ROOMS}\nmuc_room_default_public = true\nmodules_enabled = { "muc_mam" }`,
    status: 0,
    told: ["FILE:1: Component: same", "FILE:2: muc_room_default_public: same", 'FILE:3: module "muc_mam": same'],
  },
  {
    name: "in another way",
    config: `${ROOMS}\nmuc_room_lock_timeout = 60`,
    status: 0,
    told: [
      "FILE:2: muc_room_lock_timeout: differently: a room that nobody has configured by then is destroyed; Prosody opens it",
    ],
  },
  {
    name: "of rooms, and set for all hosts",
    config: `modules_enabled = { "muc_mam"; "muc_rtbl" }\n${ROOMS}`,
    status: 0,
    told: [
      'FILE:1: module "muc_mam": differently: gives every VirtualHost rooms of its own: name it in the section of the Component instead',
      'FILE:1: module "muc_rtbl": not supported: there is none here; docs/porting-from-lua.md tells how to bring a module over',
    ],
  },
  {
    name: "by a value",
    config: `VirtualHost "example.com"\nauthentication = "ldap"\n${ROOMS}\nrestrict_room_creation = "admin"`,
    status: 1,
    told: [
      "FILE:2: authentication: not supported: attach Chorus to Prosody, which has these accounts",
      'FILE:4: restrict_room_creation: differently: Prosody 0.12 takes "admin" for true: write true',
    ],
  },
  {
    name: "what is wrong with a value",
    config: `${ROOMS}\nmuc_log_expires_after = "5m"\nmodules_enabled = { "muc_mam" }`,
    status: 1,
    told: [
      'FILE:2: muc_log_expires_after: differently: expected a period like "5 months" or "5 minutes", got "5m"; 13392000 s are used',
    ],
  },
  {
    name: "not there, and what instead",
    config: `umask = "027"\nVirtualHost "example.com"\nmodules_enabled = { "admin_shell" }\nComponent "up.example.com" "http_file_share"\nComponent "irc.example.com"`,
    status: 1,
    told: [
      "FILE:1: umask: not supported: chorus stays in the foreground as the user who starts it: let systemd do that (docs/operating.md)",
      'FILE:3: module "admin_shell": not supported: chorusctl does it: "chorusctl help" lists the commands',
      "FILE:4: Component: not supported: Chorus serves no HTTP; with Chorus attached to Prosody, Prosody goes on doing it",
      "FILE:5: Component: not supported: Chorus takes no components in: attach it and them to the same server",
    ],
  },
  {
    name: "misspelt",
    config: `${ROOMS}\nmuc_room_defualt_public = true\nmodules_enabled = { "muc_mamm" }`,
    status: 1,
    told: [
      'FILE:2: muc_room_defualt_public: misspelt: did you mean "muc_room_default_public"?',
      'FILE:3: module "muc_mamm": misspelt: did you mean "muc_mam"?',
    ],
  },
  {
    name: "of nobody",
    config: `VirtualHost "example.com"\nweather = "fine"\nmodules_enabled = { "cold_front" }`,
    status: 1,
    told: [
      "FILE:2: weather: unknown: nothing that is loaded here reads it",
      'FILE:3: module "cold_front": unknown: there is no such module here',
    ],
  },
];

describe("chorusctl check config --explain", () => {
  for (const { name, config, status, told } of TABLE) {
    it(`tells what is ${name}`, async () => {
      const checked = await check(config, { explain: true });
      const lines = checked.lines.map((line) => line.trim());
      assert.deepEqual(
        told.filter((line) => !lines.includes(line)),
        [],
        lines.join("\n"),
      );
      assert.equal(checked.status, status);
    });
  }

  it("goes through the file section by section, and counts", async () => {
    const { lines } = await check(`admins = {}\ngc = {}\nVirtualHost "example.com"\n${ROOMS}\nname = "x"`);
    assert.deepEqual(lines, [
      "FILE: no problems",
      "",
      "The whole server:",
      "  FILE:1: admins: same",
      "  FILE:2: gc: not supported: what it tunes is not there: leave it out",
      "",
      'VirtualHost "example.com":',
      "  FILE:3: VirtualHost: same",
      "",
      'Component "rooms.example.com" "muc":',
      "  FILE:4: Component: same",
      "  FILE:5: name: same",
      "",
      "5 settings: 4 same, 0 differently, 1 not supported, 0 misspelt, 0 unknown",
      'a configuration for Chorus is written of this one by "chorusctl import prosody" (docs/migrating-from-prosody.md)',
    ]);
  });

  it("is not told of a configuration that asks for nothing that only Prosody has, unless asked to", async () => {
    const config = `${ROOMS}\nmuc_room_lock_timeout = 60`;
    assert.deepEqual(await check(config), { status: 0, lines: ["FILE: no problems"] });
    assert.equal((await check(config, { explain: true })).status, 0);
  });

  it("holds an option for misspelt that nothing reads, and one of a module of one's own for what it is", async () => {
    const problem =
      'FILE:2: muc_max_room: expected an option, got a name that nothing reads; did you mean "muc_max_rooms"?';
    const config = `${ROOMS}\nmuc_max_room = 5\n`;
    assert.deepEqual(await check(config), { status: 1, lines: [problem] });
    const own = `plugin_paths = { "." }\n${config}modules_enabled = { "my_own" }`;
    const reads = 'export default (module) => { module.getOption("muc_max_room"); };';
    const told = await check(own, { explain: true }, reads);
    assert.ok(told.lines.includes("  FILE:3: muc_max_room: same: read by a module that is loaded"));
    assert.equal(told.status, 0);
    // It may read it later: that is no problem of the configuration.
    assert.deepEqual(await check(own, {}, "export default () => {};"), { status: 0, lines: ["FILE: no problems"] });
  });

  it("says the same as JSON", async () => {
    const { status, lines } = await check(`${ROOMS}\nmuc_max_rooms = "many"\numask = "027"`, { json: true });
    assert.equal(status, 1);
    assert.deepEqual(JSON.parse(lines.join("\n")), {
      file: "FILE",
      problems: [
        { severity: "error", file: "FILE", line: 2, message: 'muc_max_rooms: expected an integer, got "many"' },
      ],
      settings: [
        {
          kind: "Component",
          section: "rooms.example.com",
          name: "muc",
          verdict: "same",
          text: null,
          file: "FILE",
          line: 1,
        },
        {
          kind: "option",
          section: "rooms.example.com",
          name: "muc_max_rooms",
          verdict: "differently",
          text: 'expected an integer, got "many"',
          file: "FILE",
          line: 2,
        },
        {
          kind: "option",
          section: "rooms.example.com",
          name: "umask",
          verdict: "not supported",
          text: "chorus stays in the foreground as the user who starts it: let systemd do that (docs/operating.md)",
          file: "FILE",
          line: 3,
        },
      ],
    });
  });

  it("has no settings to tell of a file that is no Lua", async () => {
    const { status, lines } = await check("VirtualHost (", { json: true });
    const { problems, settings } = JSON.parse(lines.join("\n")) as { problems: unknown[]; settings: unknown[] };
    assert.deepEqual([status, problems.length, settings.length], [1, 1, 0]);
  });
});
