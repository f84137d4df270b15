import { join } from "node:path";
import { ChorusProcess } from "../../test/support/chorus-process.js";
import type { Launch } from "./launch.js";
import { HOST, ROOMS, type BenchServer } from "./server.js";

/** What profiles, or measures memory, within the process. */
const PROFILE_HOOK = join(import.meta.dirname, "profile-hook.js");
const MEMORY_HOOK = join(import.meta.dirname, "memory-hook.js");

/** How Chorus is started. */
export interface ChorusOptions {
  /** Lines of the rooms' section. */
  readonly rooms?: string;
  /** Data to start with; otherwise a new folder. */
  readonly data?: string;
  /** Folder for profiles of what is measured. */
  readonly profile?: string | undefined;
  /** Port of the server that it is a component of; otherwise it has clients of its own. */
  readonly upstream?: { readonly port: number; readonly secret: string };
  /** Whether it will be asked for `usedMemory`. */
  readonly memory?: boolean;
}

/** A Chorus, and what can be asked of it. */
export interface ChorusServer extends BenchServer {
  /** A counter or gauge of `chorusctl metrics`; `undefined` when there is none of that name. */
  metric(name: string): Promise<number | undefined>;
  /** Bytes that are used and not just left over, on the heap and beside it. Needs the option `memory`. */
  usedMemory(): Promise<number>;
}

const GLOBAL = `
log = { error = "*console" }
modules_enabled = { "roster", "saslauth", "disco", "ping", "admin_socket" }
`;

/** Everybody may log in, on a port that the system picks. */
const CLIENTS = `
c2s_ports = { 0 }
c2s_interfaces = { "127.0.0.1" }
c2s_require_encryption = false
allow_unencrypted_plain_auth = true
VirtualHost "${HOST}"
  authentication = "insecure"
  insecure_open_authentication = "Yes please, I know what I'm doing!"
`;

/** Starts Chorus: nothing is logged but errors, nothing is limited. */
export async function startChorus(launch: Launch, options: ChorusOptions = {}): Promise<ChorusServer> {
  const { rooms = "", data, profile, upstream, memory } = options;
  const attached =
    upstream &&
    `component_upstream = "xmpp://127.0.0.1:${upstream.port}"
  component_secret = "${upstream.secret}"`;
  const hooks = [...(profile === undefined ? [] : [PROFILE_HOOK]), ...(memory === true ? [MEMORY_HOOK] : [])];
  const chorus = await ChorusProcess.start(
    `${GLOBAL}${upstream ? "" : CLIENTS}
Component "${ROOMS}" "muc"
  muc_room_locking = false
  ${attached ?? ""}
  ${rooms}
`,
    {
      launch,
      ...(data !== undefined && { data }),
      nodeArguments: hooks.flatMap((hook) => ["--import", hook]),
      env: { BENCH_PROFILE_DIR: profile },
    },
  );
  let asked = 0;
  let profiles = 0;
  return {
    name: "Chorus",
    get pid() {
      return chorus.pid;
    },
    clientPort: upstream ? 0 : chorus.clientPort,
    login: "PLAIN",
    compiles: true,
    get output() {
      return chorus.output;
    },
    ...(profile !== undefined && {
      async profiled(action) {
        const number = ++profiles;
        await chorus.signal("SIGUSR2", new RegExp(`profile ${number} begun`));
        await action();
        await chorus.signal("SIGUSR2", new RegExp(`profile ${number} written`));
      },
    }),
    async metric(name) {
      const { output } = await chorus.control("metrics");
      const value = new RegExp(`^${name}(?:\\{\\})? (\\S+)$`, "m").exec(output)?.[1];
      return value === undefined ? undefined : Number(value);
    },
    async usedMemory() {
      const [, bytes] = await chorus.signal("SIGWINCH", new RegExp(`memory ${++asked}: (\\d+)`));
      return Number(bytes);
    },
    async stop() {
      await chorus.stop("SIGTERM");
      await chorus[Symbol.asyncDispose]();
    },
  };
}
