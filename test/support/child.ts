/** Child processes of tests: started, waited for by what they print, and ended by pid. */
import { spawn, type ChildProcess } from "node:child_process";
import { endWithUs } from "./watchdog.js";

/** A process that a test has started. */
export interface Child {
  readonly pid: number;
  /** All that it printed so far, standard error included. */
  readonly output: string;
  /** Resolves with its exit status, or the signal that ended it. */
  readonly exited: Promise<number | NodeJS.Signals>;
  /** Resolves once it has printed something that matches. @throws Error with its output when it ends before, or in time */
  printed(pattern: RegExp, timeoutMs?: number): Promise<RegExpExecArray>;
  /** Sends a signal (default SIGTERM) and waits for its end; kills it when that takes longer than 15 s. */
  stop(signal?: NodeJS.Signals): Promise<number | NodeJS.Signals>;
}

/**
 * Starts a program, which leads a process group of its own. What of that still runs when the test process ends is
 * killed, also when the test process has no chance to do it.
 */
export function startChild(
  program: string,
  args: readonly string[],
  options: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv } = {},
): Child {
  const child = spawn(program, args, { ...options, stdio: ["ignore", "pipe", "pipe"], detached: true });
  const callOff = child.pid === undefined ? undefined : endWithUs(child.pid);
  const killAtExit = (): void => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
    } catch {
      // It has ended by itself.
    }
  };
  process.once("exit", killAtExit);
  let output = "";
  const listeners = new Set<() => void>();
  const collect = (chunk: unknown): void => {
    output += String(chunk);
    for (const listener of [...listeners]) listener();
  };
  child.stdout.setEncoding("utf8").on("data", collect);
  child.stderr.setEncoding("utf8").on("data", collect);
  const exited = exitOf(child);
  void exited.then(() => {
    process.removeListener("exit", killAtExit);
    callOff?.();
  });
  return {
    get pid() {
      return child.pid ?? -1;
    },
    get output() {
      return output;
    },
    exited,
    async printed(pattern, timeoutMs = 30_000) {
      return new Promise((resolve, reject) => {
        const timer = setTimeout(
          () => end(new Error(`${program} did not print ${pattern} in time:\n${output}`)),
          timeoutMs,
        );
        const look = (): void => {
          const match = pattern.exec(output);
          if (match) end(match);
        };
        const end = (outcome: RegExpExecArray | Error): void => {
          clearTimeout(timer);
          listeners.delete(look);
          if (outcome instanceof Error) reject(outcome);
          else resolve(outcome);
        };
        listeners.add(look);
        void exited.then((status) =>
          end(new Error(`${program} ended (${status}) before it printed ${pattern}:\n${output}`)),
        );
        look();
      });
    },
    async stop(signal = "SIGTERM") {
      const timer = setTimeout(() => child.kill("SIGKILL"), 15_000);
      child.kill(signal);
      const status = await exited;
      clearTimeout(timer);
      return status;
    },
  };
}

async function exitOf(child: ChildProcess): Promise<number | NodeJS.Signals> {
  return new Promise((resolve) => {
    child.once("error", () => resolve(-1));
    child.once("close", (code, signal) => resolve(code ?? signal ?? -1));
  });
}
