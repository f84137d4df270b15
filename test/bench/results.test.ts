import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { summarise, writePage, writeResults, type Results } from "../../bench/results.js";
import type { Measurement } from "../../bench/workloads/workload.js";

const COMMITTED = resolve(import.meta.dirname, "../../../bench/results");

function inFolder(action: (folder: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), "chorus-bench-results-"));
  try {
    action(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test("results are written as JSON, as a page, and as a chart with a bar for each server", () => {
  inFolder((folder) => {
    const measured = ["chorus", "prosody", "bare"].map((server, index): Measurement => {
      return { workload: "room-1000", server, figures: { cpuMicrosPerDelivery: index * 10 + 1 } };
    });
    const results = summarise({ began: "2026-01-02T03:04:05.000Z", pinned: true, rounds: 1, leftOut: {} }, measured);
    writeResults(join(folder, "some", "full.json"), results, measured);
    writePage(folder, results);
    const written = JSON.parse(readFileSync(join(folder, "some", "full.json"), "utf8")) as Results;
    assert.deepEqual(written.medians, measured);
    const page = readFileSync(join(folder, "README.md"), "utf8");
    assert.match(page, /on 2026-01-02: one round/);
    assert.match(
      page,
      /^\| room-1000 \| cpuMicrosPerDelivery \| prosody \| 1\.00 \| 11\.0 \| 0\.091 \| .* \| MISSED \|$/m,
    );
    const chart = readFileSync(join(folder, "full.svg"), "utf8");
    // The longest of a group is as long as there is room; the others in proportion.
    const lengths = [...chart.matchAll(/<rect x="\d+" y="\d+" width="([\d.]+)"/g)].map(([, length]) => Number(length));
    const [bare = 0, chorus = 0, prosody = 0] = lengths;
    assert.deepEqual(
      [chorus / bare, prosody / bare].map((ratio) => Math.round(ratio * 100)),
      [5, 52],
    );
    assert.doesNotMatch(chart, /ejabberd/);
  });
});

test("the committed page and chart are those of the committed results", () => {
  inFolder((folder) => {
    writePage(folder, JSON.parse(readFileSync(join(COMMITTED, "full.json"), "utf8")) as Results);
    for (const name of ["README.md", "full.svg"]) {
      assert.equal(readFileSync(join(folder, name), "utf8"), readFileSync(join(COMMITTED, name), "utf8"), name);
    }
  });
});
