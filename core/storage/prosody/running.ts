import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { GLOBAL, type Config } from "../../config/config.js";

/**
 * The process of a Prosody, if there is one as its `pidfile` tells.
 * @param folder what a relative `pidfile` starts from
 */
export function runningProsody(config: Config, folder: string): number | undefined {
  const file = config.get(GLOBAL, "pidfile");
  if (typeof file !== "string") return undefined;
  let pid;
  try {
    pid = Number(readFileSync(resolve(folder, file), "utf8").trim());
  } catch {
    return undefined;
  }
  return Number.isSafeInteger(pid) && pid > 0 && isThere(pid) ? pid : undefined;
}

function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM"; // another user's is there all the same
  }
}
