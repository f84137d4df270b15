import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { run } from "../../bench/run.js";
import { TINY } from "../../bench/workloads/sizes.js";
import { TARGETS, type Target } from "../../bench/targets.js";
import { attached } from "../../bench/workloads/attached.js";
import { WORKLOADS } from "../../bench/workloads/all.js";
import { ejabberdIsMissing } from "../peers/ejabberd.js";
import { prosodyIsMissing } from "../peers/prosody.js";
import { startChild } from "../support/child.js";
import { needs } from "../support/required.js";

const ejabberd = await ejabberdIsMissing();

describe("the workloads of the bench, with a handful of everything", () => {
  const noHost =
    prosodyIsMissing() !== undefined && ejabberd !== undefined ? `${prosodyIsMissing()}, ${ejabberd}` : undefined;
  const measured = new Set<string>();
  const kept = mkdtempSync(join(tmpdir(), "chorus-bench-test-"));
  after(() => rmSync(kept, { recursive: true }));

  for (const workload of WORKLOADS) {
    test(workload.name, workload === attached ? needs(noHost) : {}, async () => {
      const bench = { sizes: TINY, launch: startChild, profile: undefined, kept };
      const measurements = await run(bench, { workloads: [workload], servers: ["chorus"], rounds: 1 }, () => undefined);
      assert.ok(measurements.length > 0);
      for (const { workload: name, figures } of measurements) {
        for (const [figure, value] of Object.entries(figures)) {
          assert.ok(Number.isFinite(value), `${name}: ${figure} is ${value}`);
          measured.add(`${name}: ${figure}`);
        }
      }
    });
  }

  test("what the targets are about is measured", () => {
    const isHere = ({ workload }: Target): boolean =>
      !(workload.startsWith("attached to prosody") && prosodyIsMissing() !== undefined) &&
      !(workload.startsWith("attached to ejabberd") && ejabberd !== undefined);
    const names = TARGETS.filter(isHere).map(({ workload, figure }) => `${workload}: ${figure}`);
    assert.deepEqual(
      names.filter((name) => !measured.has(name)),
      [],
    );
  });
});
