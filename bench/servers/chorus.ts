import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Child } from "../../test/support/child.js";
import type { Launch } from "./launch.js";
import { HOST, ROOMS, type BenchServer } from "./server.js";

const PROGRAM = resolve(import.meta.dirname, "../../core/cli/chorus.js");

const PROFILE_HOOK = join(import.meta.dirname, "profile-hook.js");

/** How Chorus is started. */
export interface ChorusOptions {
  /** Lines of the rooms' section. */
  readonly rooms?: string;
  /** Data to start with; otherwise a new folder. Kept by whom it belongs to. */
  readonly data?: string;
  /** Folder for profiles of what is measured. */
  readonly profile?: string;
}

/** Starts Chorus standalone: everybody may log in, nothing is logged but errors, nothing is limited. */
export async function startChorus(launch: Launch, options: ChorusOptions = {}): Promise<BenchServer> {
  const folder = await mkdtemp(join(tmpdir(), "chorus-bench-"));
  const config = join(folder, "prosody.cfg.lua");
  await writeFile(
    config,
    `
data_path = "${options.data ?? join(folder, "data")}"
log = { error = "*console" }
c2s_ports = { 0 }
c2s_interfaces = { "127.0.0.1" }
c2s_require_encryption = false
allow_unencrypted_plain_auth = true
modules_enabled = { "roster", "saslauth", "disco", "ping" }
VirtualHost "${HOST}"
  authentication = "insecure"
  insecure_open_authentication = "Yes please, I know what I'm doing!"
Component "${ROOMS}" "muc"
  muc_room_locking = false
  ${options.rooms ?? ""}
`,
  );
  const { profile } = options;
  const hook = profile === undefined ? [] : ["--import", PROFILE_HOOK];
  const child = launch(process.execPath, [...hook, PROGRAM, "--config", config], {
    cwd: folder,
    env: { ...process.env, ...(profile !== undefined && { BENCH_PROFILE_DIR: profile }) },
  });
  const [, port] = await child.printed(/chorus ready:.* c2s on 127\.0\.0\.1:(\d+)/, 300_000);
  return {
    name: "Chorus",
    get pid() {
      return child.pid;
    },
    clientPort: Number(port),
    login: "PLAIN",
    get output() {
      return child.output;
    },
    ...(profile !== undefined && { profiled: profiler(child) }),
    async stop() {
      await child.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function profiler(child: Child): (action: () => Promise<void>) => Promise<void> {
  let number = 0;
  return async (action) => {
    number++;
    process.kill(child.pid, "SIGUSR2");
    await child.printed(new RegExp(`profile ${number} begun`));
    await action();
    process.kill(child.pid, "SIGUSR2");
    await child.printed(new RegExp(`profile ${number} written`));
  };
}
