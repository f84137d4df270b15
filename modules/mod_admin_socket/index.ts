import { chmod, lstat, mkdir, unlink } from "node:fs/promises";
import { connect, createServer, type Server } from "node:net";
import { dirname } from "node:path";
import {
  adminSocketPath,
  ConfigToken,
  HostsToken,
  inject,
  injectable,
  MAX_SOCKET_PATH_BYTES,
  ModuleApiToken,
  runCommand,
  type Config,
  type Hosts,
  type ModuleApi,
} from "chorus-muc";
import { AdminConnection } from "./connection.js";

const OWNER_ONLY = 0o600;

/**
 * Lets `chorusctl` work on the running server: commands of modules over a socket that only this user may open, by
 * default `chorus.sock` in `data_path` (option `admin_socket`). What is spoken there stands with `AdminRequest`.
 */
@injectable()
export default class AdminSocket {
  static readonly isGlobal = true;
  readonly #connections = new Set<AdminConnection>();
  #path = "";
  #server: Server | undefined;

  constructor(
    @inject(ModuleApiToken) private readonly module: ModuleApi,
    @inject(ConfigToken) private readonly config: Config,
    @inject(HostsToken) private readonly hosts: Hosts,
  ) {}

  load(): void {
    this.#path = adminSocketPath(this.module);
    const bytes = Buffer.byteLength(this.#path);
    if (bytes <= MAX_SOCKET_PATH_BYTES) return;
    this.#refuse(`expected a path of at most ${MAX_SOCKET_PATH_BYTES} bytes, got ${this.#path} of ${bytes}`);
    this.#path = "";
  }

  async ready(): Promise<void> {
    if (this.#path === "") return;
    try {
      await mkdir(dirname(this.#path), { recursive: true, mode: 0o750 });
      this.#server = await this.#open(this.#path);
    } catch (error) {
      this.#refuse(
        `expected a socket that can be opened, got ${error instanceof Error ? error.message : String(error)}`,
      );
    }
  }

  async unload(): Promise<void> {
    for (const connection of this.#connections) connection.close();
    // Closing removes the file, too.
    await new Promise<unknown>((resolve) => (this.#server ? this.#server.close(resolve) : resolve(undefined)));
  }

  /** Without the socket all else works, but tools cannot reach the server. */
  #refuse(problem: string): void {
    const position = this.config.positionOf("*", "admin_socket") ?? this.config.positionOf("*", "data_path");
    const message = `admin_socket: ${problem}; chorusctl will not reach the running server`;
    this.config.report({ severity: "error", position, message });
  }

  async #open(path: string): Promise<Server> {
    try {
      return await this.#listen(path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE") throw error;
      if (!(await lstat(path)).isSocket()) throw new Error(`${path}, a file that is none`, { cause: error });
      if (await answers(path)) throw new Error(`${path}, on which another server answers`, { cause: error });
    }
    await unlink(path); // left there by a server that was killed
    return this.#listen(path);
  }

  async #listen(path: string): Promise<Server> {
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      const connection = new AdminConnection(socket, {
        run: ({ words, cwd = process.cwd() }, io) => runCommand(this.hosts, words, io, { online: true, cwd }),
        log: (level, format, ...args) => {
          this.module.log(level, format, ...args);
        },
      });
      this.#connections.add(connection);
      socket.once("close", () => this.#connections.delete(connection));
    });
    const umask = process.umask(0o177); // the file is there from `listen` on, and nobody else may open it even then
    try {
      server.listen(path);
    } finally {
      process.umask(umask);
    }
    await new Promise<void>((resolve, reject) => {
      server.once("listening", resolve).once("error", reject);
    });
    server.on("error", (error) => {
      this.module.log("warn", "a connection to the admin socket was not accepted: %s", error.message);
    });
    await chmod(path, OWNER_ONLY);
    return server;
  }
}

/** Whether somebody accepts connections there. */
async function answers(path: string): Promise<boolean> {
  const socket = connect(path);
  try {
    return await new Promise<boolean>((resolve) => {
      socket.once("connect", () => {
        resolve(true);
      });
      socket.once("error", (error: NodeJS.ErrnoException) => {
        resolve(error.code !== "ECONNREFUSED" && error.code !== "ENOENT");
      });
    });
  } finally {
    socket.destroy();
  }
}
