import { parseArgs } from "node:util";
import { loadConfig } from "../config/load.js";
import { readScript, type Script } from "../testing/scansion.js";
import { runScenario, type ScenarioOptions, type ScenarioResult } from "../testing/scenario-runner.js";
import { startService } from "../testing/service.js";
import { EXIT_USAGE, type CommandIo } from "./command.js";
import { SCENARIO_USAGE } from "./scenario-usage.js";

/**
 * `chorusctl scenario`: plays scenario scripts, each against a service of its own in this process (in memory, on
 * loopback, anybody may log in; `--config`: with that configuration instead), or against a running one.
 * @returns 0 when all passed, 1 when some failed, 2 when it was called in a wrong way
 */
export async function runScenarioCommand(args: readonly string[], io: CommandIo): Promise<number> {
  const call = readCall(args);
  if (typeof call === "string") {
    io.error(call);
    io.error(`usage: chorusctl ${SCENARIO_USAGE}`);
    return EXIT_USAGE;
  }
  let passed = 0;
  for (const file of call.files) {
    const problem = await play(file, call, io);
    if (problem === undefined) passed++;
    else io.error(problem);
    io.print(`${problem === undefined ? "passed" : "failed"}  ${file}`);
  }
  const failed = call.files.length - passed;
  io.print(`${passed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

interface Call {
  readonly files: readonly string[];
  readonly config: string | undefined;
  /** A running service; without, each script gets its own. */
  readonly server: { readonly host: string; readonly port: number } | undefined;
  readonly inOrder: boolean;
  readonly roomSuffix: string | undefined;
  readonly timeoutMs: number;
  readonly verbose: boolean;
}

/** @returns what is wrong with it, if it cannot be understood */
function readCall(args: readonly string[]): Call | string {
  let parsed;
  try {
    parsed = parseArgs({
      // The value of --room-suffix may be left out, which `parseArgs` has no way to say.
      args: args.map((arg) => (arg === "--room-suffix" ? `--room-suffix=-${Date.now().toString(36)}` : arg)),
      allowPositionals: true,
      options: {
        config: { type: "string" },
        host: { type: "string" },
        port: { type: "string" },
        "in-order": { type: "boolean", default: false },
        "room-suffix": { type: "string" },
        timeout: { type: "string", default: "5" },
        verbose: { type: "boolean", short: "v", default: false },
      },
    });
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  const { values, positionals: files } = parsed;
  const timeout = Number(values.timeout);
  if (files.length === 0) return "no script was named";
  if (!(timeout > 0)) return `--timeout: expected seconds, got "${values.timeout}"`;
  if (values.port !== undefined && !/^\d{1,5}$/.test(values.port))
    return `--port: expected a number, got "${values.port}"`;
  const remote = values.host !== undefined || values.port !== undefined;
  if (remote && values.config !== undefined)
    return "--config starts a service, --host and --port name one: expected only one";
  return {
    files,
    config: values.config,
    server: remote ? { host: values.host ?? "127.0.0.1", port: Number(values.port ?? 5222) } : undefined,
    inOrder: values["in-order"],
    roomSuffix: values["room-suffix"],
    timeoutMs: timeout * 1000,
    verbose: values.verbose,
  };
}

/** @returns why it failed */
async function play(file: string, call: Call, io: CommandIo): Promise<string | undefined> {
  const options: ScenarioOptions = {
    inOrder: call.inOrder,
    timeoutMs: call.timeoutMs,
    ...(call.roomSuffix === undefined ? {} : { roomSuffix: call.roomSuffix }),
    ...(call.verbose ? { log: io.error } : {}),
  };
  try {
    const script = readScript(file);
    const result = call.server
      ? await runScenario(script, { ...options, ...call.server })
      : await playAlone(script, call.config, options);
    return result.failure?.message;
  } catch (error) {
    // What is wrong inside a script names its file and line already.
    return error instanceof Error ? error.message : String(error);
  }
}

async function playAlone(
  script: Script,
  configFile: string | undefined,
  options: ScenarioOptions,
): Promise<ScenarioResult> {
  const service = await startService(configFile === undefined ? {} : { config: await loadConfig(configFile) });
  try {
    return await runScenario(script, { ...options, port: service.clientPort });
  } finally {
    await service.stop();
  }
}
