import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SqlDriverName } from "../../core/storage/sql/index.js";
import { startChild, type Child } from "../support/child.js";
import { freePorts, untilListening } from "../support/ports.js";
import type { Peer, PeerOptions } from "./peer.js";

const PROGRAM = "/usr/bin/prosody";

/** Why Debian's Prosody cannot be used here, or `undefined`. */
export function prosodyIsMissing(): string | undefined {
  return existsSync(PROGRAM) ? undefined : `${PROGRAM} is not installed`;
}

/** Why Debian's Prosody cannot reach databases of a kind here, or `undefined`. */
export function driverIsMissing(driver: SqlDriverName): string | undefined {
  const name = driver.toLowerCase();
  const folders = ["x86_64", "aarch64"].map((machine) => `/usr/lib/${machine}-linux-gnu/lua/5.4/dbd`);
  if (folders.some((folder) => existsSync(join(folder, `${name}.so`)))) return undefined;
  return `lua-dbi-${name} is not installed`;
}

/** What each Prosody of the tests has: it is on loopback alone, by root if need be, and clients log in without TLS. */
export function loopback(folder: string, clientPort: number): string {
  return `
run_as_root = true
pidfile = "${folder}/prosody.pid"
network_backend = "epoll"
use_ipv6 = false
interfaces = { "127.0.0.1" }
c2s_ports = { ${clientPort} }
c2s_require_encryption = false
allow_unencrypted_plain_auth = true
limits = {}
`;
}

/** Starts Debian's Prosody as the server that holds the accounts; anybody may log in. */
export async function startProsody({ secret, ownRooms, lean, launch = startChild }: PeerOptions): Promise<Peer> {
  const folder = await mkdtemp(join(tmpdir(), "chorus-prosody-"));
  const [clientPort = 0, componentPort = 0] = await freePorts(2);
  await mkdir(join(folder, "data"));
  const config = join(folder, "prosody.cfg.lua");
  await writeFile(
    config,
    `${loopback(folder, clientPort)}
data_path = "${folder}/data"
storage = "memory"
log = { ${lean === undefined ? "info" : "error"} = "*console" }
component_ports = { ${componentPort} }
component_interfaces = { "127.0.0.1" }
authentication = "insecure"
insecure_open_authentication = "Yes please, I know what I'm doing!"
modules_enabled = { "roster", "saslauth", "disco", "ping"${lean === undefined ? ', "pep", "vcard_legacy", "adhoc"' : ""} }
modules_disabled = { "s2s", "offline" }
admins = { "admin@localhost" }
${lean ?? ""}
VirtualHost "localhost"
Component "conference.localhost"${ownRooms === undefined ? `\n  component_secret = "${secret}"` : ` "muc"\n  restrict_room_creation = false\n${ownRooms}`}
`,
  );
  const start = async (): Promise<Child> => {
    const started = launch(PROGRAM, ["-F", "--config", config]);
    try {
      await untilListening(clientPort, started);
      if (ownRooms === undefined) await untilListening(componentPort, started);
      return started;
    } catch (error) {
      await started.stop("SIGKILL");
      throw error;
    }
  };
  let child = await start();
  return {
    name: "Prosody",
    get pid() {
      return child.pid;
    },
    clientPort,
    componentPort,
    get output() {
      return child.output;
    },
    addAccounts: async () => undefined,
    async stop() {
      await child.stop();
      await rm(folder, { recursive: true, force: true });
    },
    async kill() {
      await child.stop("SIGKILL");
    },
    async restart() {
      child = await start();
    },
  };
}
