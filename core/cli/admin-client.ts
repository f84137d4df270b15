import { connect, type Socket } from "node:net";
import { formatAdminLine, LineSplitter, NO_ANSWER, parseAdminReply, type AdminReply } from "./admin-protocol.js";
import type { CommandIo } from "./command.js";

/** Longest line of a reply that is taken: a printed line may be long, but not without end. */
const MAX_REPLY_BYTES = 16 * 1024 * 1024;

/**
 * Connects to the admin socket of a running server.
 * @returns `undefined` when nobody answers there: no such file, or one that a killed server has left
 * @throws Error when somebody may be there, but this user may not talk to it
 */
export async function connectAdminSocket(path: string): Promise<AdminClient | undefined> {
  const socket = connect(path);
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once("connect", resolve).once("error", reject);
    });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "EACCES" || code === "EPERM") {
      throw new Error(`${path}: not permitted; run this as the user that the server runs as`, { cause: error });
    }
    if (["ENOENT", "ECONNREFUSED", "ENOTSOCK", "EINVAL", "ENAMETOOLONG"].includes(code ?? "")) return undefined;
    throw new Error(`${path}: ${message}`, { cause: error });
  }
  return new AdminClient(socket);
}

/** A connection to the admin socket; one command at a time. */
export class AdminClient {
  readonly #socket: Socket;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /**
   * Has the server run a command.
   * @param cwd what relative file names among the words start from
   * @returns its exit status; 1, with a word on `io.error`, when the server goes away before it is done
   */
  async run(words: readonly string[], io: CommandIo, cwd?: string): Promise<number> {
    const lines = new LineSplitter(MAX_REPLY_BYTES);
    const socket = this.#socket;
    return new Promise((resolve) => {
      const end = (status: number, why?: string): void => {
        socket.removeAllListeners();
        socket.on("error", () => undefined); // nobody waits for it any more
        if (why !== undefined) io.error(why);
        resolve(status);
      };
      const take = async (reply: AdminReply | undefined): Promise<void> => {
        if (reply === undefined) end(1, "what the server answers cannot be understood");
        else if ("print" in reply) io.print(reply.print);
        else if ("error" in reply) io.error(reply.error);
        else if ("exit" in reply) end(reply.exit);
        else socket.write(await answerTo(reply, io));
      };
      socket.on("data", (chunk: Buffer) => {
        const complete = lines.push(chunk);
        if (!complete) end(1, "the server's answer is too long");
        // An answer that is asked for comes after all that was printed before it, and nothing comes until it is given.
        else for (const line of complete) void take(parseAdminReply(line));
      });
      socket.once("close", () => {
        end(1, "the server closed the connection before the command was done");
      });
      socket.once("error", () => undefined); // "close" follows
      socket.write(formatAdminLine({ command: words, ...(cwd !== undefined && { cwd }) }));
    });
  }

  close(): void {
    this.#socket.destroy();
  }
}

/** The line that answers a question. */
async function answerTo({ ask, hidden }: { ask: string; hidden?: boolean }, io: CommandIo): Promise<string> {
  try {
    return formatAdminLine({ answer: await io.ask(ask, { hidden: hidden === true }) });
  } catch (error) {
    return formatAdminLine({ answer: null, why: error instanceof Error ? error.message : NO_ANSWER });
  }
}
