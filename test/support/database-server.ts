/** What servers of databases that tests start have in common. */
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openSql, type SqlOptions } from "../../core/storage/sql/index.js";
import { startChild, type Child } from "./child.js";

/** A server of databases of its own, on loopback. */
export interface DatabaseServer {
  /** Makes an empty database, and tells how to reach it. */
  createDatabase(): Promise<SqlOptions>;
  /** Ends the server at once, as a failure would, and starts it again on the same port. */
  restart(): Promise<void>;
  /** Ends it and removes its folder. */
  stop(): Promise<void>;
}

/** Kinds of servers: what is particular to each. */
export interface ServerKind {
  readonly name: string;
  /** Options for its first database, which is there from the start. */
  readonly admin: SqlOptions;
  readonly folder: string;
  /** Words of its command line. */
  readonly command: readonly [program: string, ...args: string[]];
  /** What it prints when it can be asked. */
  readonly ready: RegExp;
  /** Signal on which it ends without waiting for its clients. */
  readonly signal: NodeJS.Signals;
}

/** Nobody: servers of databases refuse to run as root. */
const UNPRIVILEGED = 65534;

/** Words of a command line that run as somebody without rights, if this process is root. */
export function unprivileged(command: readonly string[]): [program: string, ...args: string[]] {
  const [program = "", ...args] = command;
  if (process.getuid?.() !== 0) return [program, ...args];
  return ["setpriv", `--reuid=${UNPRIVILEGED}`, `--regid=${UNPRIVILEGED}`, "--clear-groups", "--", program, ...args];
}

/** A folder that somebody without rights can write. */
export async function serverFolder(name: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), `chorus-${name}-`));
  await chmod(folder, 0o777);
  return folder;
}

/** Runs a program to its end. @throws Error with what it printed, when it fails */
export async function runUnprivileged(command: readonly string[]): Promise<void> {
  const [program, ...args] = unprivileged(command);
  const child = startChild(program, args);
  const status = await child.exited;
  if (status !== 0) throw new Error(`${command.join(" ")} ended with ${status}:\n${child.output}`);
}

/** Starts a server that is set up. */
export async function startServer(kind: ServerKind): Promise<DatabaseServer> {
  const start = async (): Promise<Child> => {
    const [program, ...args] = unprivileged(kind.command);
    const child = startChild(program, args);
    try {
      await child.printed(kind.ready);
      return child;
    } catch (error) {
      await child.stop("SIGKILL");
      throw error;
    }
  };
  let child = await start();
  let databases = 0;
  return {
    async createDatabase() {
      const database = `chorus${++databases}`;
      const admin = await openSql(kind.admin, { mode: "write" });
      const charset = admin.driver === "MySQL" ? " CHARACTER SET utf8mb4 COLLATE utf8mb4_bin" : "";
      await admin.run(`CREATE DATABASE ${admin.quote(database)}${charset}`);
      await admin.close();
      return { ...kind.admin, database };
    },
    async restart() {
      await child.stop(kind.signal);
      child = await start();
    },
    async stop() {
      await child.stop(kind.signal);
      await rm(kind.folder, { recursive: true, force: true });
    },
  };
}
