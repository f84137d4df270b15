import { parseArgs } from "node:util";
import { WORKLOADS } from "./workloads/all.js";
import { SERVERS, type ServerName, type Workload } from "./workloads/workload.js";

export const USAGE = `usage: npm run bench -- [WORKLOAD…] [--rounds N] [--servers LIST] [--json FILE] [--profile DIR]
                        [--keep DIR]

Workloads: ${WORKLOADS.map(({ name }) => name).join(", ")} (default: all)

  --rounds N      rounds, all servers taking turns in each; medians are printed (default: 3)
  --servers LIST  of ${SERVERS.join(",")} (default: all)
  --json FILE     where the results go, as JSON (default: bench/results/full.json when all is measured in three rounds
                  or more, with a chart and a page beside it; otherwise bench/results/part.json)
  --profile DIR   where Chorus puts a profile of its processor time (*.cpuprofile); it is slower then
  --keep DIR      where data that takes minutes to make stays for the next time (default: a folder that is removed)
`;

/** What the bench was asked to do. */
export interface Arguments {
  readonly workloads: readonly Workload[];
  readonly servers: readonly ServerName[];
  readonly rounds: number;
  readonly json: string | undefined;
  readonly profile: string | undefined;
  readonly keep: string | undefined;
}

/** @throws Error that says which argument is wrong */
export function parseArguments(args: readonly string[]): Arguments {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      rounds: { type: "string", default: "3" },
      servers: { type: "string", default: SERVERS.join(",") },
      json: { type: "string" },
      profile: { type: "string" },
      keep: { type: "string" },
    },
  });
  const rounds = Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1)
    throw new Error(`--rounds: expected a number from 1 on, got ${values.rounds}`);
  const workloads = positionals.map((name) => {
    const workload = WORKLOADS.find((one) => one.name === name);
    if (!workload) throw new Error(`there is no workload ${name}`);
    return workload;
  });
  const servers = values.servers.split(",").map((name) => {
    const server = SERVERS.find((one) => one === name);
    if (!server) throw new Error(`--servers: expected ${SERVERS.join(", ")}, got ${name}`);
    return server;
  });
  return {
    workloads: workloads.length > 0 ? workloads : WORKLOADS,
    servers,
    rounds,
    json: values.json,
    profile: values.profile,
    keep: values.keep,
  };
}

/** Whether everything is measured, often enough, so that the results are worth showing. */
export function isComplete({ workloads, rounds }: Arguments, servers: readonly ServerName[]): boolean {
  return workloads === WORKLOADS && rounds >= 3 && SERVERS.every((server) => servers.includes(server));
}
