import type { Socket } from "node:net";
import {
  EXIT_USAGE,
  formatAdminLine,
  LineSplitter,
  MAX_ADMIN_LINE_BYTES,
  NO_ANSWER,
  parseAdminRequest,
  type AdminReply,
  type AdminRequest,
  type CommandIo,
  type LogLevel,
} from "chorus-muc";

/** Requests of one connection that wait for the one that is running. */
const MAX_WAITING = 64;
/** Bytes of replies that a client may leave unread. */
const MAX_UNREAD_BYTES = 16 * 1024 * 1024;

/** A command that a client asks for. */
export type AdminCommand = Extract<AdminRequest, { kind: "command" }>;

/** What a connection needs of its surroundings. */
export interface AdminConnectionContext {
  run(command: AdminCommand, io: CommandIo): Promise<number>;
  log(level: LogLevel, format: string, ...args: unknown[]): void;
}

/** Nobody answered a command's question: no failure of the command. */
class NoAnswerError extends Error {
  override readonly name = "NoAnswerError";
}

interface Question {
  resolve(answer: string): void;
  reject(error: Error): void;
}

/** One client of the admin socket: its requests run one after the other, those of other connections beside them. */
export class AdminConnection {
  readonly #socket: Socket;
  readonly #context: AdminConnectionContext;
  readonly #lines = new LineSplitter();
  readonly #waiting: AdminCommand[] = [];
  #isRunning = false;
  /** The client has said all that it will; what it asked for is still answered. */
  #isInputOver = false;
  #question: Question | undefined;

  constructor(socket: Socket, context: AdminConnectionContext) {
    this.#socket = socket;
    this.#context = context;
    socket.on("data", (chunk: Buffer) => {
      this.#take(chunk);
    });
    socket.once("end", () => {
      this.#isInputOver = true;
      this.#refuseToAnswer(NO_ANSWER);
      this.#endIfDone();
    });
    socket.on("error", (error) => {
      context.log("debug", "admin socket: %s", error.message);
    });
    socket.once("close", () => {
      this.#isInputOver = true;
      this.#waiting.length = 0;
      this.#refuseToAnswer(NO_ANSWER);
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #take(chunk: Buffer): void {
    if (this.#isInputOver) return;
    const lines = this.#lines.push(chunk);
    if (!lines) {
      this.#giveUp(`a line is longer than ${MAX_ADMIN_LINE_BYTES} bytes`);
      return;
    }
    for (const line of lines) {
      if (!this.#isInputOver && line.some((byte) => byte > 0x20)) this.#takeLine(line);
    }
  }

  #takeLine(line: Uint8Array): void {
    const request = parseAdminRequest(line);
    if (request?.kind === "command") {
      if (this.#waiting.length >= MAX_WAITING) {
        this.#giveUp(`more than ${MAX_WAITING} requests wait`);
        return;
      }
      this.#waiting.push(request);
      void this.#runNext(); // it never rejects
      return;
    }
    if (request && this.#question) {
      if (request.kind === "answer") this.#answer(request.text);
      else this.#refuseToAnswer(request.why);
      return;
    }
    this.#reply({ error: request ? "an answer, but nothing was asked" : 'expected {"command":["…"]} on one line' });
    if (!this.#isRunning) this.#reply({ exit: EXIT_USAGE });
  }

  async #runNext(): Promise<void> {
    if (this.#isRunning) return;
    this.#isRunning = true;
    for (let next = this.#waiting.shift(); next; next = this.#waiting.shift()) {
      this.#reply({ exit: await this.#run(next) });
    }
    this.#isRunning = false;
    this.#endIfDone();
  }

  async #run(command: AdminCommand): Promise<number> {
    const { words } = command;
    // Arguments are left out: one of them may be a secret that does not belong there.
    this.#context.log("debug", "admin socket: %s", words[0]);
    try {
      return await this.#context.run(command, {
        print: (line) => {
          this.#reply({ print: line });
        },
        error: (line) => {
          this.#reply({ error: line });
        },
        drained: () => this.#drained(),
        ask: (question, options) => this.#ask(question, options?.hidden === true),
      });
    } catch (error) {
      if (!(error instanceof NoAnswerError)) {
        const detail = error instanceof Error ? error.stack : error;
        this.#context.log("error", "admin socket: %s failed: %s", words[0], detail);
      }
      this.#reply({ error: error instanceof Error ? error.message : String(error) });
      return 1;
    }
  }

  #ask(question: string, hidden: boolean): Promise<string> {
    this.#refuseToAnswer(NO_ANSWER); // a command that asks twice at once has itself to blame
    if (this.#isInputOver) return Promise.reject(new NoAnswerError("nobody is there to answer"));
    this.#reply({ ask: question, hidden });
    return new Promise((resolve, reject) => {
      this.#question = { resolve, reject };
    });
  }

  /** While the client reads, and does not read all too slowly, nothing is waited for. */
  async #drained(): Promise<void> {
    const socket = this.#socket;
    if (socket.destroyed || socket.writableLength <= MAX_UNREAD_BYTES / 16) return;
    await new Promise<void>((resolve) => {
      const go = (): void => {
        socket.off("drain", go).off("close", go);
        resolve();
      };
      socket.once("drain", go).once("close", go);
    });
  }

  #answer(text: string): void {
    this.#question?.resolve(text);
    this.#question = undefined;
  }

  #refuseToAnswer(why: string): void {
    this.#question?.reject(new NoAnswerError(why));
    this.#question = undefined;
  }

  #reply(message: AdminReply): void {
    if (this.#socket.destroyed || this.#socket.writableEnded) return;
    this.#socket.write(formatAdminLine(message));
    if (this.#socket.writableLength > MAX_UNREAD_BYTES) {
      this.#context.log("warn", "admin socket: a client does not read what it asked for, and is disconnected");
      this.close();
    }
  }

  #giveUp(why: string): void {
    this.#isInputOver = true;
    this.#reply({ error: why });
    this.#reply({ exit: EXIT_USAGE });
    this.#socket.destroySoon();
  }

  #endIfDone(): void {
    if (this.#isInputOver && !this.#isRunning && this.#waiting.length === 0) this.#socket.end();
  }
}
