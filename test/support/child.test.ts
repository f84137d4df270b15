/** A run of the tests that is broken off leaves nothing behind of what it has started, whoever of it was killed, and how. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { startChild } from "./child.js";

const RUNNER = resolve(import.meta.dirname, "../run.js");
/** File that the run which is broken off writes the ids of its processes to. */
const PIDS = "CHORUS_TEST_PIDS";
const { [PIDS]: pidsFile } = process.env;

/** A shell that is in no hurry to end, and what it has started. */
const STUBBORN = `trap "" TERM INT HUP; sleep 1000 & echo "pids $$ $!"; while :; do wait; done`;

/** Ended, or nothing but an entry that its parent has not read. */
function isGone(pid: number): boolean {
  try {
    return / Z /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return true;
  }
}

async function until<T>(look: () => T | undefined | Promise<T | undefined>, what: string): Promise<T> {
  for (let tries = 0; tries < 600; tries++) {
    const seen = await look();
    if (seen !== undefined) return seen;
    await sleep(50);
  }
  throw new Error(`${what} did not come about`);
}

interface Pids {
  readonly runner: number;
  readonly test: number;
  readonly children: readonly number[];
}

if (pidsFile !== undefined) {
  test("goes on for ever", async () => {
    const child = startChild("/bin/sh", ["-c", STUBBORN]);
    const [, shell, sleeper] = await child.printed(/pids (\d+) (\d+)/);
    const pids: Pids = { runner: process.ppid, test: process.pid, children: [Number(shell), Number(sleeper)] };
    await writeFile(pidsFile, JSON.stringify(pids));
    await child.exited;
  });
} else {
  describe("what a run of the tests has started ends", { skip: process.platform !== "linux" }, () => {
    for (const who of ["runner", "test"] as const) {
      for (const signal of ["SIGKILL", "SIGTERM", "SIGINT"] as const) {
        test(`when the ${who === "test" ? "process of a test file" : who} gets ${signal}`, async (t) => {
          const folder = await mkdtemp(join(tmpdir(), "chorus-broken-off-"));
          t.after(() => rm(folder, { recursive: true, force: true }));
          const file = join(folder, "pids");
          // As from a shell: it is told of no runner above it.
          const { NODE_TEST_CONTEXT: _, ...env } = process.env;
          const run = startChild(process.execPath, [RUNNER, "support/child.test"], { env: { ...env, [PIDS]: file } });
          const pids = await until(async () => {
            const text = await readFile(file, "utf8").catch(() => "");
            return text === "" ? undefined : (JSON.parse(text) as Pids);
          }, `a run: ${run.output}`);
          assert.equal(pids.runner, run.pid);
          const all = [pids.runner, pids.test, ...pids.children];
          assert.deepEqual(all.filter(isGone), []);
          process.kill(pids[who], signal);
          await until(
            () => (all.every(isGone) ? true : undefined),
            `the end of ${all.filter((pid) => !isGone(pid)).join()}`,
          );
        });
      }
    }
  });
}
