/** Runs the two commands as an operator does: as processes of their own. */
import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { startChild, type Child } from "./child.js";
import { endWithUs } from "./watchdog.js";

const CLI = resolve(import.meta.dirname, "../../core/cli");

/** A folder with a `prosody.cfg.lua`; when its holder is done, what still runs there is killed, and it is removed. */
export interface ServerFolder extends AsyncDisposable {
  readonly path: string;
  readonly children: Child[];
}

/** Standalone on loopback, with a port that the operating system picks. */
export const SMALL_CONFIG = `
c2s_ports = { 0 }
c2s_interfaces = { "127.0.0.1" }
log = { info = "chorus.log" }
VirtualHost "localhost"
modules_enabled = { "saslauth" }
`;

/** Makes a folder with a configuration. */
export async function serverFolder(config = SMALL_CONFIG): Promise<ServerFolder> {
  const path = await mkdtemp(join(tmpdir(), "chorus-cli-"));
  await writeFile(join(path, "prosody.cfg.lua"), config);
  const children: Child[] = [];
  return {
    path,
    children,
    async [Symbol.asyncDispose]() {
      await Promise.all(children.map((child) => child.stop("SIGKILL")));
      await rm(path, { recursive: true, force: true });
    },
  };
}

/** Starts `chorus` in a folder. */
export function chorus(folder: ServerFolder, args: readonly string[] = []): Child {
  const child = startChild(process.execPath, [join(CLI, "chorus.js"), ...args], { cwd: folder.path });
  folder.children.push(child);
  return child;
}

/** What a command that has ended left behind. */
export interface Outcome {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command to its end, `chorusctl` unless it says otherwise. */
export async function run(
  folder: ServerFolder,
  args: readonly string[],
  { program = "chorusctl", input = "" }: { program?: "chorus" | "chorusctl"; input?: string } = {},
): Promise<Outcome> {
  const child = spawn(process.execPath, [join(CLI, `${program}.js`), ...args], { cwd: folder.path, detached: true });
  const callOff = child.pid === undefined ? undefined : endWithUs(child.pid);
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  child.stdin.on("error", () => undefined); // it may end before it has read
  child.stdin.end(input);
  const status = await new Promise<number>((done) => {
    child.once("close", (code) => {
      callOff?.();
      done(code ?? -1);
    });
  });
  return { status, stdout, stderr };
}
