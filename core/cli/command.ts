import type { ConfigProblem } from "../config/config.js";

/** Exit status of a call that cannot be understood: `chorusctl` shows the command's usage then. */
export const EXIT_USAGE = 2;

/**
 * A command of `chorusctl`. Modules add theirs: `module.provides("command", { name: "adduser", … })`.
 *
 * It runs inside a service: the running one (over the admin socket), or one that `chorusctl` opens just for it, with
 * modules loaded and no listener or link.
 */
export interface Command {
  /** One word, or a group and a word: `adduser`, `muc list`. */
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /** `adduser JID [--password-stdin]` */
  readonly usage: string;
  /** Refuses while a server runs (`import`, `restore`). */
  readonly offlineOnly?: boolean;
  /** Refuses while none runs (`module reload`): it would change nothing that lasts. */
  readonly onlineOnly?: boolean;
  /**
   * Makes the configuration that `--into` names, when there is no such file: the command then runs with it.
   * @returns the exit status, when nothing was made and the command is not to be run
   */
  makeConfig?(args: readonly string[], io: CommandIo, making: ConfigMaking): Promise<MadeConfig | number>;
  /** @returns the exit status: 0, 1 when it failed, {@link EXIT_USAGE} */
  run(args: readonly string[], io: CommandIo, context: CommandContext): Promise<number>;
}

/** What a command can make a configuration with. */
export interface ConfigMaking {
  /** Where it is to be, as it was named; nothing is there. */
  readonly file: string;
  /** Folder of whoever called. */
  readonly cwd: string;
  /** What would be wrong with a configuration of that text in that place. */
  check(text: string): Promise<readonly ConfigProblem[]>;
}

/** A configuration that a command has made. */
export interface MadeConfig {
  readonly text: string;
  /** Whether it is in its file now; otherwise the command runs on data in memory. */
  readonly isWritten: boolean;
}

/** In what surroundings a command runs. */
export interface CommandContext {
  /** The service is up, and people may be in its rooms; else it was opened for this command alone. */
  readonly online: boolean;
  /** Folder of whoever called: what relative file names among the arguments start from. */
  readonly cwd: string;
  /** The configuration was made by this very call ({@link Command.makeConfig}). */
  readonly isConfigMade?: boolean;
}

/** What a command talks to: a terminal, or the admin socket with a terminal behind it. */
export interface CommandIo {
  /** A line of result. */
  print(line: string): void;
  /** A line for standard error. */
  error(line: string): void;
  /** How far a long command is, in place of what it said before; on a terminal only. Empty: nothing. */
  progress?(line: string): void;
  /** Resolves when so little of what was printed is unread that more may follow. For commands that print without end. */
  drained?(): Promise<void>;
  /** Asks the person at the terminal; rejects when there is none. */
  ask(question: string, options?: { readonly hidden?: boolean }): Promise<string>;
}
