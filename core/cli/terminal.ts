import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { Writable } from "node:stream";
import type { CommandIo } from "./command.js";

/** How {@link TerminalIo} answers questions. */
export interface TerminalOptions {
  /** Hidden questions are answered by lines of standard input, whatever it is (`--password-stdin`). */
  readonly passwordFromStdin?: boolean;
  readonly stdin?: Readable & { readonly isTTY?: boolean };
  readonly stdout?: Writable;
  readonly stderr?: Writable;
}

/** The person at the terminal. */
export class TerminalIo implements CommandIo {
  readonly #options: TerminalOptions;
  readonly #stdin: Readable & { readonly isTTY?: boolean };
  readonly #stdout: Writable;
  readonly #stderr: Writable;
  #piped: AsyncIterator<string> | undefined;

  constructor(options: TerminalOptions = {}) {
    this.#options = options;
    this.#stdin = options.stdin ?? process.stdin;
    this.#stdout = options.stdout ?? process.stdout;
    this.#stderr = options.stderr ?? process.stderr;
  }

  readonly print = (line: string): void => {
    this.#stdout.write(`${line}\n`);
  };

  readonly error = (line: string): void => {
    this.#stderr.write(`${line}\n`);
  };

  readonly ask = async (question: string, { hidden = false }: { hidden?: boolean } = {}): Promise<string> => {
    if (hidden && this.#options.passwordFromStdin === true) return this.#nextLine();
    if (this.#stdin.isTTY !== true) {
      const remedy = hidden ? ": give it on standard input, with --password-stdin" : "";
      throw new Error(`"${question.trim()}" cannot be asked, as there is no terminal${remedy}`);
    }
    return this.#askTerminal(question, hidden);
  };

  async #nextLine(): Promise<string> {
    this.#piped ??= createInterface({ input: this.#stdin, crlfDelay: Infinity })[Symbol.asyncIterator]();
    const { value, done } = await this.#piped.next();
    if (done === true) throw new Error("standard input has no password");
    return value;
  }

  /** Questions go to standard error: what a command prints may be piped away. */
  #askTerminal(question: string, hidden: boolean): Promise<string> {
    const stderr = this.#stderr;
    const echo = new Writable({
      write(chunk: Buffer, _encoding, done) {
        if (hidden) done();
        else stderr.write(chunk, done);
      },
    });
    if (hidden) stderr.write(question);
    const terminal = createInterface({ input: this.#stdin, output: echo, terminal: true });
    return new Promise((resolve, reject) => {
      let answer: string | undefined;
      terminal.once("SIGINT", () => {
        terminal.close();
      });
      terminal.once("close", () => {
        if (hidden) stderr.write("\n"); // the one that was typed was not shown
        if (answer === undefined) reject(new Error("no answer was given"));
        else resolve(answer);
      });
      terminal.question(hidden ? "" : question, (line) => {
        answer = line;
        terminal.close();
      });
    });
  }
}
