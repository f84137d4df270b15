import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { Worker } from "node:worker_threads";
import { ConfigError, type ConfigErrorCode } from "./config-error.js";
import type { Position } from "./config.js";
import type { EvaluationInput, EvaluationMessage, Finding } from "./evaluation.js";
import { LoadedConfig } from "./loaded-config.js";
import { readFailure } from "./source-files.js";

/** How a configuration is evaluated. */
export interface LoadOptions {
  /** What `ENV_NAME` and `os.getenv` see; default: the environment of the process. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** Where `Credential` looks; default: `CREDENTIALS_DIRECTORY` of `env`. */
  readonly credentialsDirectory?: string | undefined;
  /** Milliseconds that the evaluation may take; default 10,000. */
  readonly timeoutMs?: number | undefined;
  /** Bytes that Lua may use; default 64 MiB. */
  readonly memoryBytes?: number | undefined;
}

const DEFAULT_TIMEOUT_MS = 10_000;
const DEFAULT_MEMORY_BYTES = 64 * 1024 * 1024;
/** Megabytes of the worker's own heap, which does not hold Lua's memory. */
const LARGEST_HEAP_MB = 256;

/**
 * Reads and evaluates a `prosody.cfg.lua`: Lua, in Prosody's environment, without access to anything but the files
 * that it names, and limited in time and memory.
 *
 * Less than unusable is not thrown: see `problems` of the result, and the getters of `Options`.
 * @throws ConfigError with every problem found, each with its file and line
 */
export async function loadConfig(file: string, options: LoadOptions = {}): Promise<LoadedConfig> {
  let source: Buffer;
  try {
    source = await readFile(file);
  } catch (error) {
    const message = `cannot read the configuration file ${file}: ${readFailure(error)}`;
    throw new ConfigError("CONFIG_FILE", [{ severity: "error", position: undefined, message }]);
  }
  return evaluate(file, source, options);
}

/**
 * The same for a text: for tests, and for configurations that are made up.
 * @param options `file`: the name it goes by in messages, from whose folder relative paths start
 * @throws ConfigError as {@link loadConfig} does
 */
export async function loadConfigText(
  text: string,
  options: LoadOptions & { readonly file?: string | undefined } = {},
): Promise<LoadedConfig> {
  return evaluate(options.file ?? "prosody.cfg.lua", Buffer.from(text), options);
}

async function evaluate(file: string, source: Uint8Array, options: LoadOptions): Promise<LoadedConfig> {
  const { result, findings } = await runWorker(
    {
      file,
      source,
      env: { ...(options.env ?? process.env) },
      credentialsDirectory: options.credentialsDirectory,
      memoryBytes: options.memoryBytes ?? DEFAULT_MEMORY_BYTES,
      progress: new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT),
    },
    options.timeoutMs ?? DEFAULT_TIMEOUT_MS,
  );

  const problems = findings.map(({ problem }) => problem);
  const fatal = findings.find(({ code }) => code !== undefined)?.code;
  if (fatal !== undefined || result === undefined) throw new ConfigError(fatal ?? "CONFIG_RUNTIME", problems);

  const config = new LoadedConfig(resolve(file), result.hosts, result.options);
  for (const problem of problems) config.report(problem);
  reportMisplacedPorts(config);
  return config;
}

/** Listeners belong to the whole server: in a host's section their options have no effect, as in Prosody. */
function reportMisplacedPorts(config: LoadedConfig): void {
  for (const { name, type } of config.hosts) {
    for (const key of config.keys(name).filter((option) => /_(ports|interfaces)$/.test(option))) {
      const message = `${key}: expected in the global section, got it in ${type} "${name}", where it has no effect`;
      config.report({ severity: "warning", position: config.positionOf(name, key), message });
    }
  }
}

type Result = Extract<EvaluationMessage, { kind: "result" }>;

interface Evaluation {
  /** `undefined` when a finding says why there is none. */
  readonly result: Result | undefined;
  readonly findings: readonly Finding[];
}

function runWorker(input: EvaluationInput, timeoutMs: number): Promise<Evaluation> {
  const findings: Finding[] = [];
  const fileNames = [input.file];
  const progress = new Int32Array(input.progress);
  const worker = new Worker(new URL("./worker.js", import.meta.url), {
    workerData: input,
    execArgv: [],
    env: {},
    resourceLimits: { maxOldGenerationSizeMb: LARGEST_HEAP_MB },
  });

  return new Promise((settle) => {
    let result: Result | undefined;
    let timer: NodeJS.Timeout | undefined;

    const stopped = (code: ConfigErrorCode, message: string): void => {
      const position: Position = { file: fileNames[(progress[0] || 1) - 1] ?? input.file, line: progress[1] || 1 };
      findings.push({ code, problem: { severity: "error", position, message } });
    };
    const finish = (): void => {
      clearTimeout(timer);
      settle({ result, findings });
    };

    worker.on("message", (message: EvaluationMessage) => {
      switch (message.kind) {
        case "started":
          timer = setTimeout(() => {
            stopped("CONFIG_TIMEOUT", `evaluating the configuration takes more than ${timeoutMs} ms`);
            void worker.terminate(); // "exit" follows
          }, timeoutMs);
          return;
        case "file":
          fileNames[message.number - 1] = message.name;
          return;
        case "finding":
          findings.push(message.finding);
          return;
        case "result":
          result = message;
          return;
        default:
          message satisfies never;
      }
    });
    worker.once("error", (error: Error & { code?: string }) => {
      if (error.code === "ERR_WORKER_OUT_OF_MEMORY")
        stopped("CONFIG_MEMORY", "evaluating the configuration takes too much memory");
      else stopped("CONFIG_RUNTIME", `the evaluator failed: ${error.message}`);
    });
    worker.once("exit", finish);
  });
}
