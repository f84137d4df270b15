import { closeSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import type { Writable } from "node:stream";
import { destination, pino, stdTimeFunctions, type DestinationStream, type Logger as Pino } from "pino";
import { PinoPretty } from "pino-pretty";
import { GLOBAL, type Config } from "../config/config.js";
import { reportOption } from "../config/problem.js";
import { readFailure } from "../config/source-files.js";
import { formatMessage } from "./format.js";
import type { Logger, LogLevel } from "./logger.js";
import { readLogRules, type SinkRule } from "./sinks.js";

/** The log of a server. */
export interface Logging {
  /** A source of lines; `host:module`, or a word for a part of the core. Its `child(name)` is another by that name. */
  logger(name: string): Logger;
  /** Opens log files anew, after they were moved away (SIGHUP). */
  reopen(): void;
  /** Takes the `log` option of another configuration, for all loggers that exist. */
  reload(config: Config): void;
  /** Everything is written when it resolves; lines after it are lost. */
  close(): Promise<void>;
}

/** Where `*console` writes. */
export interface LoggingOptions {
  /** Default: the standard output of the process. Coloured lines for people when it is a terminal, JSON otherwise. */
  readonly stdout?: (Writable & { readonly isTTY?: boolean }) | undefined;
}

interface Sink {
  readonly levels: ReadonlySet<LogLevel>;
  readonly write: Pino;
  reopen(): void;
  close(): Promise<void>;
}

/** Starts the log as option `log` says; what it says wrong is reported to the configuration. */
export function createLogging(config: Config, options: LoggingOptions = {}): Logging {
  const stdout = options.stdout ?? process.stdout;
  let sinks = openSinks(config, stdout);
  let enabled = levelsOf(sinks);

  const logger = (name: string): Logger => ({
    name,
    log(level, format, ...args) {
      if (!enabled.has(level)) return;
      const message = formatMessage(format, args);
      for (const sink of sinks) if (sink.levels.has(level)) sink.write[level]({ name }, message);
    },
    isEnabled: (level) => enabled.has(level),
    child: logger,
  });

  const replace = (next: Sink[]): Promise<unknown> => {
    const previous = sinks;
    sinks = next;
    enabled = levelsOf(next);
    return Promise.all(previous.map((sink) => sink.close()));
  };
  return {
    logger,
    reopen: () => sinks.forEach((sink) => sink.reopen()),
    reload: (next) => void replace(openSinks(next, stdout)), // closing a file can only be waited for, it does not fail
    close: async () => void (await replace([])),
  };
}

function levelsOf(sinks: readonly Sink[]): ReadonlySet<LogLevel> {
  return new Set(sinks.flatMap((sink) => [...sink.levels]));
}

function openSinks(config: Config, stdout: NonNullable<LoggingOptions["stdout"]>): Sink[] {
  const unwritable = new Set<LogLevel>();
  let terminal: ReadonlySet<LogLevel> | undefined;
  const sinks: Sink[] = [];
  for (const rule of readLogRules(config)) {
    if (rule.path === undefined) {
      terminal = rule.levels;
      continue;
    }
    try {
      sinks.push(fileSink(rule, rule.path));
    } catch (error) {
      reportOption(
        config,
        GLOBAL,
        "log",
        `cannot write ${rule.path}: ${readFailure(error)}; its lines go to the console`,
      );
      for (const level of rule.levels) unwritable.add(level);
    }
  }
  const levels = new Set([...(terminal ?? []), ...unwritable]);
  if (levels.size > 0) sinks.push(consoleSink(levels, stdout));
  return sinks;
}

function pinoInto(stream: DestinationStream): Pino {
  return pino(
    {
      level: "debug", // rules decide
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (level) => ({ level }) },
    },
    stream,
  );
}

/** Lines are in the file when `log` returns: a killed process has written what it said. */
function fileSink({ levels }: SinkRule, path: string): Sink {
  mkdirSync(dirname(path), { recursive: true });
  closeSync(openSync(path, "a")); // the stream below tells of a failure only later
  const stream = destination({ dest: path, append: true, sync: true });
  stream.on("error", (error: unknown) => {
    process.stderr.write(`cannot write the log file ${path}: ${readFailure(error)}\n`);
  });
  return {
    levels,
    write: pinoInto(stream),
    reopen: () => {
      stream.reopen();
    },
    close: () =>
      new Promise((done) => {
        stream.once("close", done);
        stream.end();
      }),
  };
}

function consoleSink(levels: ReadonlySet<LogLevel>, stdout: NonNullable<LoggingOptions["stdout"]>): Sink {
  const stream = stdout.isTTY === true ? prettyStream(stdout) : { write: (line: string) => stdout.write(line) };
  return {
    levels,
    write: pinoInto(stream),
    reopen: () => undefined,
    close: () => new Promise((done) => stdout.write("", () => done())),
  };
}

function prettyStream(stdout: Writable): DestinationStream {
  const pretty = PinoPretty.prettyFactory({
    colorize: true,
    translateTime: "SYS:yyyy-mm-dd HH:MM:ss.l",
    messageFormat: "{name}: {msg}",
    ignore: "name",
  });
  return { write: (line: string) => void stdout.write(pretty(JSON.parse(line)) ?? "") };
}
