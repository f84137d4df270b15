/** The configuration that `import prosody` writes where there is none. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { loadConfigText } from "../../../../core/config/load.js";
import { connectClient } from "../../../../core/testing/client.js";
import { chorusConfig, type Mode } from "../../../../modules/mod_migrate/config/chorus-config.js";
import { luaText } from "../../../../modules/mod_migrate/config/config-text.js";
import type { ConfigValue } from "../../../../core/config/config.js";
import { chorus, run, serverFolder, type Outcome, type ServerFolder } from "../../../support/cli.js";
import { needs } from "../../../support/required.js";
import { room } from "../prosody/prosody-data.js";

const ROOMS = "conference.localhost";

async function made(prosody: string, mode: Mode): Promise<ReturnType<typeof chorusConfig>> {
  const config = await loadConfigText(prosody, { file: "/etc/prosody/prosody.cfg.lua", env: {} });
  const hosts = config.hosts.map(({ name }) => name);
  return chorusConfig(config, { mode, hosts, dataPath: "data", secret: () => "s3cret" });
}

/** Lines of Prosody's configuration, and what they become; `attached` or `standalone` alone where that differs. */
const LINES: {
  readonly prosody: string;
  readonly both?: readonly string[];
  readonly attached?: readonly string[];
  readonly standalone?: readonly string[];
  readonly never?: RegExp;
}[] = [
  {
    prosody: `Component "${ROOMS}" "muc"\nname = "Caf\u00e9 \\"x\\""`,
    both: [`Component "${ROOMS}" "muc"`, 'name = "Caf\u00e9 \\"x\\""'],
    attached: [
      'component_upstream = "xmpp://127.0.0.1:5347" -- Prosody, which takes components in there',
      "component_secret = \"s3cret\" -- the same one as on Prosody's side, and nobody else's",
    ],
    never: /VirtualHost/,
  },
  {
    prosody: `component_ports = { 15347 }\ncomponent_interfaces = { "::1" }\nComponent "${ROOMS}" "muc"`,
    attached: ['component_upstream = "xmpp://[::1]:15347" -- Prosody, which takes components in there'],
  },
  {
    prosody: `VirtualHost "localhost"\nallow_registration = true\nComponent "${ROOMS}" "muc"`,
    standalone: ['VirtualHost "localhost"', "allow_registration = true"],
  },
  {
    prosody: `c2s_ports = { 5224 }\npidfile = "x"\nadmins = { "a@b" }\nmuc_room_default_public = true\nComponent "${ROOMS}" "muc"`,
    both: ['admins = { "a@b" }', "muc_room_default_public = true"],
    standalone: ["c2s_ports = { 5224 }"],
    never: /pidfile/,
  },
  {
    prosody: `modules_enabled = { "roster"; "carbons"; "server_contact_info"; "muc_mam" }\nComponent "${ROOMS}" "muc"\nmodules_enabled = { "muc_mam"; "my_own" }\nmodules_disabled = { "muc_unique"; "s2s" }`,
    both: [
      '"server_contact_info";',
      '"muc_mam";',
      "-- my_own: it does not come with Chorus",
      'modules_disabled = { "muc_unique" }',
    ],
    standalone: ['"roster";', "-- muc_mam: belongs to a component with rooms"],
    never: /"carbons"|"s2s"/,
  },
  {
    prosody: `archive_expires_after = "4w"\nComponent "${ROOMS}" "muc"\nmuc_log_expires_after = "6m"\nmuc_tombstone_expiry = "90"\nrestrict_room_creation = "admin"\nmuc_room_default_presence_broadcast = { visitor = false }`,
    both: [
      'muc_log_expires_after = "6 months" -- Prosody: "6m"',
      'muc_tombstone_expiry = 90 -- Prosody: "90"',
      'restrict_room_creation = true -- Prosody: "admin"',
      "muc_room_default_presence_broadcast = { visitor = false } -- a table of roles, as in Prosody 0.12; Prosody 13 passes over it",
      "-- component_admins_as_room_owners = true -- what Prosody 0.12 does when it is not set; here it is false",
    ],
    // Prosody's rooms do not go by it, and here they would.
    never: /^\s*archive_expires_after/m,
  },
  {
    prosody: `certificates = "keys"\nVirtualHost "localhost"\nauthentication = "internal_plain"\nssl = { key = "a.key", certificate = "a.crt", protocol = "x" }\nComponent "${ROOMS}" "muc"`,
    standalone: [
      'certificates = "/etc/prosody/keys" -- the user that Chorus runs as must be able to read the keys',
      'authentication = "internal_hashed" -- Prosody: "internal_plain"; passwords are hashed when they are used',
    ],
    never: /protocol|keys = |key = "a.key"/,
  },
  {
    prosody: `VirtualHost "localhost"\nauthentication = "ldap"\nComponent "${ROOMS}" "muc"\nenabled = false\nComponent "up.localhost" "http_file_share"`,
    both: ["enabled = false"],
    standalone: [
      "-- authentication: attach Chorus to Prosody, which has these accounts",
      '-- up.localhost, "http_file_share"',
    ],
  },
];

describe("chorusConfig", () => {
  for (const { prosody, never, ...expected } of LINES) {
    for (const mode of ["attached", "standalone"] as const) {
      it(`makes of ${JSON.stringify(prosody).slice(0, 60)} what it is ${mode}`, async () => {
        const { text } = await made(prosody, mode);
        const lines = text
          .toString()
          .split("\n")
          .map((line) => line.trim());
        const wanted = [...(expected.both ?? []), ...(expected[mode] ?? [])];
        assert.deepEqual(
          wanted.filter((line) => !lines.includes(line)),
          [],
          text.toString(),
        );
        const other = expected[mode === "attached" ? "standalone" : "attached"] ?? [];
        assert.deepEqual(
          other.filter((line) => lines.includes(line)),
          [],
        );
        if (never) assert.doesNotMatch(text.toString(), never);
      });
    }
  }

  it("makes a strong secret for each component", async () => {
    const config = await loadConfigText('Component "a.b" "muc"\nComponent "c.b" "muc"');
    const make = (): string[] => {
      const { prosodySide } = chorusConfig(config, { mode: "attached", hosts: ["a.b", "c.b"], dataPath: "data" });
      return prosodySide.map(({ after: [, line] }) => /"(.+)"/.exec(line)?.[1] ?? "");
    };
    const secrets = new Set([...make(), ...make()]);
    assert.equal(secrets.size, 4);
    for (const secret of secrets) assert.match(secret, /^[\w-]{32}$/);
  });
});

describe("a value in Lua", () => {
  it("reads back equal", async () => {
    const values: ConfigValue[] = [
      "plain",
      'quote " backslash \\ line\nend \u0000\u001f9 tab\t \u00e9\u{1F339}',
      0.5,
      -3,
      true,
      [],
      ["a", ["b"], { c: 1 }],
      { end: "keyword", "not a name": 1, "1x": 2, _x: { y: false } },
    ];
    const text = values.map((value, at) => `v${at} = ${luaText(value)}`).join("\n");
    const config = await loadConfigText(text);
    assert.deepEqual(
      values.map((_, at) => config.get("*", `v${at}`)),
      values,
    );
  });
});

/** A folder with Prosody's configuration and data, and nothing of Chorus. */
async function prosodyFolder(config: string): Promise<ServerFolder> {
  const folder = await serverFolder("");
  const data = join(folder.path, "prosody");
  await mkdir(join(data, "conference%2elocalhost", "config"), { recursive: true });
  await mkdir(join(data, "localhost", "accounts"), { recursive: true });
  await writeFile(join(folder.path, "p.cfg.lua"), `data_path = ${luaText(data)}\n${config}`);
  await writeFile(join(data, "conference%2elocalhost", "config", "garden.dat"), room("garden", '["name"] = "Roses";'));
  await writeFile(join(data, "localhost", "accounts", "juliet.dat"), 'return { ["password"] = "sun"; };');
  return folder;
}

const PROSODY = `
modules_enabled = { "roster"; "saslauth"; "tls"; "disco"; "carbons"; "posix" }
c2s_ports = { 0 }
c2s_interfaces = { "127.0.0.1" }
c2s_require_encryption = false
allow_unencrypted_plain_auth = true
VirtualHost "localhost"
authentication = "internal_plain"
ssl = { certificate = "gone.crt", key = "gone.key" }
Component "${ROOMS}" "muc"
modules_enabled = { "muc_mam"; "muc_rtbl" }
muc_max_rooms = "many"
restrict_room_creation = "admin"
muc_log_expires_after = "6m"
`;

function importInto(folder: ServerFolder, ...words: string[]): Promise<Outcome> {
  return run(folder, ["import", "prosody", "--config", "p.cfg.lua", ...words]);
}

describe("chorusctl import prosody --into a file that is not there", () => {
  it("writes a configuration that is right, imports into it, and a server on it has the rooms and accounts", async () => {
    await using folder = await prosodyFolder(PROSODY);
    const outcome = await importInto(folder, "--into", "chorus.cfg.lua", "--standalone");
    assert.equal(outcome.status, 0, outcome.stdout + outcome.stderr);
    assert.match(outcome.stdout, /^chorus\.cfg\.lua: written[^]*config: 1 rooms in, 1 out[^]*nothing was lost/);
    const checked = await run(folder, ["check", "config", "--config", "chorus.cfg.lua"]);
    assert.deepEqual([checked.stdout, checked.status], ["chorus.cfg.lua: no problems\n", 0]);
    const text = await readFile(join(folder.path, "chorus.cfg.lua"), "utf8");
    assert.match(text, /-- muc_max_rooms = "many" -- muc_max_rooms: expected an integer, got "many"/);
    assert.match(text, /-- ssl = .*expected a file that can be read/);

    const server = chorus(folder, ["--config", "chorus.cfg.lua"]);
    const [, port = ""] = await server.printed(/chorus ready:.* c2s on 127\.0\.0\.1:(\d+)/);
    const juliet = await connectClient({ jid: "juliet@localhost/home", password: "sun", port: Number(port) });
    juliet.send(
      `<iq type="get" id="info" to="garden@${ROOMS}"><query xmlns="http://jabber.org/protocol/disco#info"/></iq>`,
    );
    const info = await juliet.receive();
    assert.match(info.toString(), /<identity [^>]*name="Roses"/);
    juliet.drop();
  });

  it("keeps the secret between the servers to the file, which is its owner's alone", async () => {
    await using folder = await prosodyFolder(PROSODY);
    const outcome = await importInto(folder, "--into", "chorus.cfg.lua", "--attached");
    assert.equal(outcome.status, 0, outcome.stdout + outcome.stderr);
    const file = join(folder.path, "chorus.cfg.lua");
    assert.equal((await stat(file)).mode & 0o777, 0o600);
    const lines = (await readFile(file, "utf8")).split("\n");
    const at = lines.findIndex((line) => line.includes("component_secret"));
    const secret = /component_secret = "(.+)"/.exec(lines[at] ?? "")?.[1] ?? "";
    assert.ok(secret.length >= 32);
    assert.ok(!(outcome.stdout + outcome.stderr).includes(secret));
    assert.match(outcome.stdout, new RegExp(`where … is the secret of chorus\\.cfg\\.lua:${at + 1} `));
    const checked = await run(folder, ["check", "config", "--config", "chorus.cfg.lua"]);
    assert.deepEqual([checked.stdout, checked.status], ["chorus.cfg.lua: no problems\n", 0]);
  });

  it("overwrites nothing, and goes on into what is there without being told how to make it", async () => {
    await using folder = await prosodyFolder(PROSODY);
    await importInto(folder, "--into", "chorus.cfg.lua", "--standalone");
    const before = await readFile(join(folder.path, "chorus.cfg.lua"), "utf8");
    const refused = await importInto(folder, "--into", "chorus.cfg.lua", "--standalone");
    assert.equal(refused.status, 1);
    assert.match(refused.stderr, /chorus\.cfg\.lua is there already: leave --standalone out/);
    const again = await importInto(folder, "--into", "chorus.cfg.lua");
    assert.equal(again.status, 0, again.stderr);
    assert.equal(await readFile(join(folder.path, "chorus.cfg.lua"), "utf8"), before);
    // Nor does another configuration get the same data.
    await importInto(folder, "--into", "other.cfg.lua", "--standalone");
    const data = async (file: string): Promise<string | undefined> =>
      /^data_path = .*/m.exec(await readFile(join(folder.path, file), "utf8"))?.[0];
    assert.notEqual(await data("other.cfg.lua"), await data("chorus.cfg.lua"));
  });

  it("writes nothing in a dry run, and shows what it would write, but for secrets", async () => {
    await using folder = await prosodyFolder(PROSODY);
    const outcome = await importInto(folder, "--into", "chorus.cfg.lua", "--attached", "--dry-run", "--show-secrets");
    assert.equal(outcome.status, 0, outcome.stderr);
    assert.match(outcome.stdout, /component_secret = "…"[^]*config: 1 rooms in, 1 out[^]*dry run/);
    await assert.rejects(stat(join(folder.path, "chorus.cfg.lua")), /ENOENT/);
    await assert.rejects(stat(join(folder.path, "data")), /ENOENT/);
  });

  const REFUSED: readonly (readonly [words: string, config: string, why: RegExp, status: number])[] = [
    ["--into x.lua", PROSODY, /x\.lua is not there: --attached or --standalone writes it/, 1],
    ["--into x.lua --attached --standalone", PROSODY, /expected one of them, got both/, 2],
    ["--into x.lua --attached", 'VirtualHost "localhost"', /has no Component "…" "muc"/, 1],
    ["--into x.lua --attached --host localhost", PROSODY, /localhost has accounts, which stay with Prosody/, 1],
    ["--into x.lua --attached", `storage = "memory"\n${PROSODY}`, /nothing was written, and nothing brought over/, 1],
    ["--into gone/x.lua --standalone", PROSODY, /gone\/x\.lua cannot be written/, 1],
  ];
  for (const [words, config, why, status] of REFUSED) {
    it(`refuses ${words}: ${why.source.slice(0, 40)}`, async () => {
      await using folder = await prosodyFolder(config);
      const outcome = await importInto(folder, ...words.split(" "));
      assert.match(outcome.stderr, why);
      assert.equal(outcome.status, status);
      await assert.rejects(stat(join(folder.path, "x.lua")), /ENOENT/);
    });
  }

  it("gives the report as JSON on standard output alone", async () => {
    await using folder = await prosodyFolder(PROSODY);
    const outcome = await importInto(folder, "--into", "chorus.cfg.lua", "--attached", "--json");
    assert.equal((JSON.parse(outcome.stdout) as { lost: boolean }).lost, false);
    assert.match(outcome.stderr, /chorus\.cfg\.lua: written/);
  });
});

const DEBIAN_CONFIG = "/etc/prosody/prosody.cfg.lua";

describe("chorusctl import prosody of Debian's configuration", () => {
  for (const mode of ["attached", "standalone"] as const) {
    const missing = existsSync(DEBIAN_CONFIG) ? undefined : `there is no ${DEBIAN_CONFIG}`;
    it(`writes one that is right, ${mode}`, needs(missing), async () => {
      const config = `Include "${DEBIAN_CONFIG}"\nComponent "${ROOMS}" "muc"\nmodules_enabled = { "muc_mam" }`;
      await using folder = await prosodyFolder(config);
      const words = ["--data-path", "prosody", "--into", "chorus.cfg.lua", `--${mode}`];
      const outcome = await importInto(folder, ...words);
      assert.equal(outcome.status, 0, outcome.stdout + outcome.stderr);
      const checked = await run(folder, ["check", "config", "--config", "chorus.cfg.lua"]);
      assert.deepEqual([checked.stdout, checked.status], ["chorus.cfg.lua: no problems\n", 0]);
    });
  }
});
