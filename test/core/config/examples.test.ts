import assert from "node:assert/strict";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { loadConfig, loadConfigText } from "../../../core/config/load.js";
import { Options } from "../../../core/config/options.js";
import { needs } from "../../support/required.js";

const folder = await mkdtemp(join(tmpdir(), "chorus-config-"));
after(() => rm(folder, { recursive: true }));

test("a configuration as Prosody's distribution has it", async () => {
  const text = `---------- Whole server ----------
admins = { }
--plugin_paths = {}
modules_enabled = {

	-- Needed by all
		"disco"; -- finding things
		"roster"; -- contacts
		"saslauth";
		--"mam"; -- switched off
}
modules_disabled = {
	-- "ping";
}
pidfile = "/run/x.pid";
limits = {
	c2s = {
		rate = "5kb/s";
	};
	s2sin = {
		rate = "7kb/s";
	};
}
archive_expires_after = "2w" -- two weeks
log = {
	info = "/var/log/x.log";
	error = "/var/log/x.err";
	{ levels = { "error" }; to = "syslog";  };
}
certificates = "keys"
VirtualHost "localhost"
--VirtualHost "example.com"
---The component
Component "conference.example.com" "muc"
--- with an archive
modules_enabled = { "muc_mam" }
--	component_secret = "x"
Include "conf.d/*.cfg.lua"
`;
  await mkdir(join(folder, "conf.d"));
  await writeFile(
    join(folder, "conf.d/site.cfg.lua"),
    'VirtualHost "site.example"\n\tenabled = false\n\tssl = { key = "k.pem", certificate = "c.pem" }\n',
  );
  const config = await loadConfigText(text, { file: join(folder, "prosody.cfg.lua") });
  assert.deepEqual(config.problems, []);
  assert.deepEqual(
    config.hosts.map((host) => [host.name, host.type, host.componentModule]),
    [
      ["localhost", "VirtualHost", undefined],
      ["conference.example.com", "Component", "muc"],
      ["site.example", "VirtualHost", undefined],
    ],
  );
  assert.deepEqual(config.get("*", "modules_enabled"), ["disco", "roster", "saslauth"]);
  assert.deepEqual(config.get("*", "log"), {
    "1": { levels: ["error"], to: "syslog" },
    info: "/var/log/x.log",
    error: "/var/log/x.err",
  });
  assert.deepEqual(config.get("conference.example.com", "modules_enabled"), ["muc_mam"]);
  assert.equal(new Options(config, "site.example").getOptionBoolean("enabled", true), false);
  assert.equal(config.positionOf("*", "limits")?.line, 16);
});

test("a configuration for integration tests, with the constructs of Prosody's own", async () => {
  await writeFile(join(folder, "operators.txt"), "ada@localhost\ngrace@localhost\n");
  const text = `--luacheck: ignore
admins = FileLines("operators.txt")
backend = ENV_CHORUS_BACKEND or "fast"
backend_settings = Lua.require"prosody.util.json".decode(ENV_CHORUS_SETTINGS or "{}")
modules_enabled = { "roster"; "saslauth"; --[["tls";]] }
modules_disabled = { "ping"; }
contacts = {
	help = { "mailto:help@localhost", "xmpp:help@localhost" };
	{type = "phone"; number = 5; public = true};
	{type = "fax"};
}
authentication = "insecure"
insecure_open_authentication = "Yes please, I know what I'm doing!"
storage = ENV_CHORUS_STORAGE or "memory"
log = {"*console",debug = ENV_CHORUS_LOGFILE}

VirtualHost "localhost"
hide_os_type = true

Component "conference.localhost" "muc"
	storage = "memory"
	admins = { "Root@localhost" }
	modules_enabled = { "muc_mam"; }

Component "files.localhost" "http_file_share"
size_limit = 10000000
`;
  const env = { CHORUS_SETTINGS: '{"read_timeout":840}', CHORUS_STORAGE: "level" };
  const config = await loadConfigText(text, { file: join(folder, "prosody.cfg.lua"), env });
  assert.deepEqual(config.problems, []);
  assert.deepEqual(config.get("*", "admins"), ["ada@localhost", "grace@localhost"]);
  assert.deepEqual(config.get("*", "backend_settings"), { read_timeout: 840 });
  assert.deepEqual(config.get("*", "contacts"), {
    "1": { type: "phone", number: 5, public: true },
    "2": { type: "fax" },
    help: ["mailto:help@localhost", "xmpp:help@localhost"],
  });
  assert.deepEqual(config.get("*", "log"), ["*console"]);
  assert.equal(config.get("localhost", "storage"), "level");
  assert.equal(config.get("conference.localhost", "storage"), "memory");
  assert.equal(config.get("localhost", "insecure_open_authentication"), "Yes please, I know what I'm doing!");
  assert.equal(config.get("localhost", "hide_os_type"), true);
  assert.equal(config.hosts.at(-1)?.componentModule, "http_file_share");
});

const DEBIAN = "/etc/prosody/prosody.cfg.lua";
const missing = existsSync(DEBIAN) ? undefined : `${DEBIAN} is not there (Debian's package prosody)`;
test("the configuration of Debian's prosody", needs(missing), async () => {
  const config = await loadConfig(DEBIAN);
  assert.ok(config.hosts.some((host) => host.type === "VirtualHost"));
  assert.ok(new Options(config, "*").getOptionSet("modules_enabled").has("saslauth"));
  assert.deepEqual(config.problems, []);
});

const EXAMPLE = join(import.meta.dirname, "../../../../prosody.cfg.lua.example");

test("prosody.cfg.lua.example loads without a problem and listens on loopback only", async () => {
  const config = await loadConfig(EXAMPLE, { env: {} });
  assert.deepEqual(config.problems, []);
  assert.deepEqual(
    config.hosts.map((host) => [host.name, host.type, host.componentModule]),
    [
      ["localhost", "VirtualHost", undefined],
      ["conference.localhost", "Component", "muc"],
    ],
  );
  const options = new Options(config, "localhost");
  assert.deepEqual(options.getOptionArray("c2s_interfaces"), ["127.0.0.1", "::1"]);
  assert.deepEqual(options.getOptionArray("c2s_ports"), [5222]);
  assert.equal(options.getOptionString("authentication"), "internal_hashed");
  assert.equal(options.getOptionBoolean("allow_registration", true), false);
  assert.equal(config.get("conference.localhost", "component_upstream"), undefined);
});

test("every line of prosody.cfg.lua.example that is commented out would load, too", async () => {
  const lines = (await readFile(EXAMPLE, "utf8")).split("\n");
  // An option, or a directive: `--name = value -- what it is`. Prose has a blank behind the dashes.
  const options = lines.flatMap((line) => /^\s*--([A-Za-z_]+ ?(?:=|").*)$/.exec(line)?.[1] ?? []);
  assert.ok(options.length > 30, `only ${options.length} options are shown`);
  await loadConfigText(options.map((option) => `do ${option}\n end`).join("\n"), { env: {}, file: EXAMPLE });
});

/** Names that some part of the server reads as an option. */
function optionsRead(): Set<string> {
  const compiled = join(import.meta.dirname, "../../..");
  const sources = ["core", "modules"].flatMap((folder) =>
    readdirSync(join(compiled, folder), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".js"))
      .map((name) => readFileSync(join(compiled, folder, name), "utf8")),
  );
  // The getters of options, the few helpers that are given an option's name, and a name that is used twice.
  const reads =
    /(?:\b[gs]etOption\w*|#portOption|\b(?:config|#config)\.get(?:Own)?|#own|\brole|\blists)\(\s*(?:[\w.]+,\s*)?"(\w+)"|\bconst OPTION = "(\w+)"/g;
  return new Set(sources.flatMap((source) => [...source.matchAll(reads)].map((match) => match[1] ?? match[2] ?? "")));
}

test("every option of prosody.cfg.lua.example is read by some part of the server, and every one that is read is shown", async () => {
  const read = optionsRead();
  const text = await readFile(EXAMPLE, "utf8");
  const shown = new Set([...text.matchAll(/^\s*(?:--)?(\w+) = /gm)].map((match) => match[1] ?? ""));
  assert.deepEqual(
    [...shown].filter((name) => !read.has(name)),
    [],
    "not read",
  );
  const mentioned = new Set(text.match(/\w+/g));
  assert.deepEqual(
    [...read].filter((name) => !mentioned.has(name)),
    [],
    "not shown",
  );
});
