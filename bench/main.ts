/** `npm run bench`: Chorus beside other servers, under the same load. */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { startChild } from "../test/support/child.js";
import { isComplete, parseArguments, USAGE, type Arguments } from "./arguments.js";
import { selfTimes } from "./profile.js";
import { asText, figuresTable, summary, targetsTable } from "./report.js";
import { summarise, writePage, writeResults } from "./results.js";
import { run } from "./run.js";
import { pinLoad } from "./servers/launch.js";
import { isMissing } from "./servers/rooms.js";
import { FULL } from "./workloads/sizes.js";
import type { ServerName } from "./workloads/workload.js";

function argumentsOrUsage(): Arguments {
  try {
    return parseArguments(process.argv.slice(2));
  } catch (error) {
    console.error(`bench: ${(error as Error).message}\n\n${USAGE}`);
    process.exit(2);
  }
}

const options = argumentsOrUsage();
const servers: ServerName[] = [];
const leftOut: Partial<Record<ServerName, string>> = {};
for (const server of options.servers) {
  const why = await isMissing(server);
  if (why === undefined) servers.push(server);
  else leftOut[server] = why;
}
for (const [server, why] of Object.entries(leftOut)) console.log(`left out: ${server} (${why})`);

if (options.profile !== undefined) mkdirSync(options.profile, { recursive: true });
// What was started is ended when the process exits.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));
const kept = resolve(options.keep ?? mkdtempSync(join(tmpdir(), "chorus-bench-data-")));
if (options.keep === undefined) process.once("exit", () => rmSync(kept, { recursive: true, force: true }));
// The thread that takes the samples needs a processor while the server works.
const { pinned, launch } = options.profile === undefined ? pinLoad() : { pinned: false, launch: startChild };
const folder = resolve(import.meta.dirname, "../../bench/results");
const file = options.json ?? join(folder, isComplete(options, servers) ? "full.json" : "part.json");
const began = new Date().toISOString();
const measurements = await run(
  { sizes: FULL, launch, profile: options.profile && resolve(options.profile), kept },
  { ...options, servers },
  (round, { workload, server, figures }, all) => {
    const cpu = figures["cpuMicrosPerDelivery"];
    console.log(
      `round ${round}: ${workload}, ${server}${cpu === undefined ? "" : `: ${cpu.toFixed(2)} µs per delivery`}`,
    );
    // Whatever becomes of the rest.
    writeResults(join(folder, "part.json"), summarise({ began, pinned, rounds: round, leftOut }, all), all);
  },
);
const results = summarise({ began, pinned, rounds: options.rounds, leftOut }, measurements);
writeResults(file, results, measurements);
if (isComplete(options, servers)) writePage(dirname(file), results);
console.log(`results: ${file}`);
const { medians, verdicts } = results;
console.log(`\n${asText(figuresTable(medians))}\n\n${asText(targetsTable(verdicts))}\n\n${summary(verdicts)}`);
if (options.profile !== undefined) {
  console.log(`\nprofile of Chorus while it was measured (${options.profile}):`);
  for (const { where, percent } of selfTimes(options.profile, 30))
    console.log(`${percent.toFixed(1).padStart(5)} %  ${where}`);
}
