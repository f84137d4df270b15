/** Starts server processes, on a processor of their own where the machine has two. */
import { spawnSync } from "node:child_process";
import { availableParallelism } from "node:os";
import { startChild, type Child } from "../../test/support/child.js";

/** How the process of a server is started. */
export type Launch = (...args: Parameters<typeof startChild>) => Child;

/** The processor of the servers, and the one of the load. */
const SERVER_CPU = "0";
const LOAD_CPU = "1";

/**
 * Keeps this process on one processor and what it launches on another, so that neither moves nor is in the other's way.
 * @returns whether that could be done, and how servers are launched
 */
export function pinLoad(): { readonly pinned: boolean; readonly launch: Launch } {
  const pinned =
    availableParallelism() > 1 &&
    spawnSync("taskset", ["--all-tasks", "--cpu-list", "--pid", LOAD_CPU, String(process.pid)]).status === 0;
  if (!pinned) return { pinned, launch: startChild };
  return {
    pinned,
    launch: (program, args, options) => startChild("taskset", ["--cpu-list", SERVER_CPU, program, ...args], options),
  };
}
