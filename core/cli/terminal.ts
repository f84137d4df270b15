import { createInterface, type Interface } from "node:readline";
import { Writable, type Readable } from "node:stream";
import { NO_ANSWER } from "./admin-protocol.js";
import type { CommandIo } from "./command.js";

/** How {@link TerminalIo} answers questions. */
export interface TerminalOptions {
  /** Hidden questions are answered by lines of standard input, whatever it is (`--password-stdin`). */
  readonly passwordFromStdin?: boolean;
  readonly stdin?: Readable & { readonly isTTY?: boolean };
  readonly stdout?: Writable;
  readonly stderr?: Writable & { readonly isTTY?: boolean };
}

/** The person at the terminal. */
export class TerminalIo implements CommandIo {
  readonly #options: TerminalOptions;
  readonly #stdin: Readable & { readonly isTTY?: boolean };
  readonly #stdout: Writable;
  readonly #stderr: Writable & { readonly isTTY?: boolean };
  #hasProgress = false;
  #prompter: Prompter | undefined;
  #piped: AsyncIterator<string> | undefined;

  constructor(options: TerminalOptions = {}) {
    this.#options = options;
    this.#stdin = options.stdin ?? process.stdin;
    this.#stdout = options.stdout ?? process.stdout;
    this.#stderr = options.stderr ?? process.stderr;
  }

  readonly print = (line: string): void => {
    this.progress("");
    this.#stdout.write(`${line}\n`);
  };

  readonly error = (line: string): void => {
    this.progress("");
    this.#stderr.write(`${line}\n`);
  };

  readonly progress = (line: string): void => {
    if (this.#stderr.isTTY !== true || (line === "" && !this.#hasProgress)) return;
    this.#hasProgress = line !== "";
    this.#stderr.write(`\r\u001b[2K${line}`); // ECMA-48 §8.3.41: erases the line
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

  async #askTerminal(question: string, hidden: boolean): Promise<string> {
    this.#prompter ??= new Prompter(this.#stdin, this.#stderr);
    return this.#prompter.ask(question, hidden);
  }
}

/**
 * Asks a person, line by line. The terminal's own echo stays off from the first question on: what is typed ahead of a
 * question may be a password. Questions go to standard error, as what a command prints may be piped away.
 */
class Prompter {
  readonly #terminal: Interface;
  readonly #output: Writable;
  readonly #typedAhead: string[] = [];
  #isHidden = true;
  #isClosed = false;
  #question: { resolve(line: string): void; reject(error: Error): void } | undefined;

  constructor(input: Readable, output: Writable) {
    this.#output = output;
    const echo = new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        if (!this.#isHidden) output.write(chunk);
        done();
      },
    });
    this.#terminal = createInterface({ input, output: echo, terminal: true, historySize: 0 });
    this.#terminal.on("line", (line) => {
      if (this.#isHidden) output.write("\n"); // the one that was typed was not shown
      if (this.#question) this.#question.resolve(line);
      else this.#typedAhead.push(line);
      this.#question = undefined;
      this.#isHidden = true;
    });
    this.#terminal.once("close", () => {
      this.#isClosed = true;
      this.#question?.reject(new Error(NO_ANSWER));
    });
    this.#terminal.once("SIGINT", () => {
      this.#terminal.close();
      output.write("\n");
      if (!this.#question) process.kill(process.pid, "SIGINT"); // with nothing to answer, as without us
    });
  }

  ask(question: string, hidden: boolean): Promise<string> {
    if (this.#isClosed) return Promise.reject(new Error(NO_ANSWER));
    this.#isHidden = hidden;
    if (hidden) this.#output.write(question);
    else {
      this.#terminal.setPrompt(question);
      this.#terminal.prompt();
    }
    const line = this.#typedAhead.shift();
    if (line !== undefined) return Promise.resolve(line);
    return new Promise((resolve, reject) => {
      this.#question = { resolve, reject };
    });
  }
}
