import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { startChild, type Child } from "./child.js";

const PROGRAM = resolve(import.meta.dirname, "../../core/cli/chorus.js");
const CONTROL = resolve(import.meta.dirname, "../../core/cli/chorusctl.js");

/** How the process is started, where it matters. */
export interface ChorusProcessOptions {
  /** Data folder in place of a new one; it is kept. */
  readonly data?: string;
  /** Arguments of `node`, and environment in addition to the present one. */
  readonly nodeArguments?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** In place of `startChild`. */
  readonly launch?: typeof startChild;
}

/** A Chorus in a process and a data folder of its own, which can be ended and started again. */
export class ChorusProcess implements AsyncDisposable {
  #child: Child | undefined;

  private constructor(
    readonly folder: string,
    readonly configFile: string,
    private readonly options: ChorusProcessOptions,
  ) {}

  /** Writes the configuration, in a new folder, and starts. @param config without `data_path` */
  static async start(config: string, options: ChorusProcessOptions = {}): Promise<ChorusProcess> {
    const folder = await mkdtemp(join(tmpdir(), "chorus-process-"));
    const configFile = join(folder, "prosody.cfg.lua");
    await writeFile(configFile, `data_path = "${options.data ?? "data"}"\n${config}`);
    const chorus = new ChorusProcess(folder, configFile, options);
    await chorus.start();
    return chorus;
  }

  /** All that the present process printed. */
  get output(): string {
    return this.#running.output;
  }

  get pid(): number {
    return this.#running.pid;
  }

  /** Port of the client listener. */
  get clientPort(): number {
    const port = /chorus ready:.* c2s on 127\.0\.0\.1:(\d+)/.exec(this.output)?.[1];
    if (port === undefined) throw new Error(`no client listener:\n${this.output}`);
    return Number(port);
  }

  /** Starts (again), and waits until it is ready. */
  async start(): Promise<void> {
    const { nodeArguments = [], env, launch = startChild } = this.options;
    const child = launch(process.execPath, [...nodeArguments, PROGRAM, "--config", this.configFile], {
      cwd: this.folder,
      env: { ...process.env, ...env },
    });
    this.#child = child;
    await child.printed(/chorus ready/);
  }

  /** Starts it, and kills it so many milliseconds later, ready or not. */
  async startAndKill(afterMs: number): Promise<void> {
    const child = startChild(process.execPath, [PROGRAM, "--config", this.configFile], { cwd: this.folder });
    await sleep(afterMs);
    await child.stop("SIGKILL");
  }

  /** Runs a command of `chorusctl` to its end. @returns its exit status, and what it printed */
  async control(...args: string[]): Promise<{ status: number | NodeJS.Signals; output: string }> {
    const child = startChild(process.execPath, [CONTROL, "--config", this.configFile, ...args], { cwd: this.folder });
    const status = await child.exited;
    return { status, output: child.output };
  }

  /** Sends a signal, and resolves with what it prints then that matches. */
  async signal(signal: NodeJS.Signals, answer: RegExp): Promise<RegExpExecArray> {
    process.kill(this.pid, signal);
    return this.#running.printed(answer);
  }

  /** Ends it. @returns its exit status, or the signal that ended it */
  async stop(signal: NodeJS.Signals): Promise<number | NodeJS.Signals> {
    const status = await this.#running.stop(signal);
    this.#child = undefined;
    return status;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#child?.stop("SIGKILL");
    await rm(this.folder, { recursive: true, force: true });
  }

  get #running(): Child {
    if (this.#child === undefined) throw new TypeError("it is not running");
    return this.#child;
  }
}
