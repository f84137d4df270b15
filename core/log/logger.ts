/** Levels as in Prosody; `log` sinks of the configuration choose among them. */
export type LogLevel = "debug" | "info" | "warn" | "error";

/** printf-like: `%s` `%d` `%j`; missing arguments are written as they are. Never give it a password or a message body. */
export type ModuleLog = (level: LogLevel, format: string, ...args: unknown[]) => void;

/** A named source of log lines. */
export interface Logger {
  readonly name: string;
  log: ModuleLog;
  /** Whether a line of that level would be written; ask before building something costly for `debug`. */
  isEnabled(level: LogLevel): boolean;
  /** A source of its own below this one. */
  child(name: string): Logger;
}
