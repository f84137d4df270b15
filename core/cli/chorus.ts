#!/usr/bin/env node
/** `chorus`: the server, in the foreground. */
import { parseArgs } from "node:util";
import { explain } from "../modules/module-error.js";
import { packageVersion } from "../package.js";
import { EXIT_USAGE } from "./command.js";
import { chooseConfig } from "./config-file.js";
import { ServerProcess } from "./server-process.js";

const USAGE = `usage: chorus [--config FILE]

Runs the server in the foreground, until SIGTERM or SIGINT. SIGHUP: reads the configuration again and opens log files
anew. Without --config: ./prosody.cfg.lua if there is one, else the example that comes with Chorus.

  --config FILE  the configuration
  --version      what version this is
  --help         this text
`;

async function main(args: string[]): Promise<number> {
  let options;
  try {
    options = parseArgs({
      args,
      options: {
        config: { type: "string", short: "c" },
        version: { type: "boolean" },
        help: { type: "boolean", short: "h" },
      },
    }).values;
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
    return EXIT_USAGE;
  }
  if (options.help === true || options.version === true) {
    process.stdout.write(options.help === true ? USAGE : `${packageVersion()}\n`);
    return 0;
  }
  return new ServerProcess(chooseConfig(options.config)).run();
}

let status;
try {
  status = await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`chorus: ${explain(error)}\n`);
  status = 1;
}
process.exit(process.exitCode ?? status);
