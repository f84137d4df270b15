/** The reference's holes and traps: Debian's Prosody 0.12, with rooms of its own, fails the scripts that Chorus passes. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { readScript } from "../../core/testing/scansion.js";
import { runScenario } from "../../core/testing/scenario-runner.js";
import { modulesFor, ownScripts } from "../support/acceptance.js";
import { REFERENCE_ROWS } from "../support/reference.js";
import { needs } from "../support/required.js";
import { prosodyIsMissing, startProsody } from "./prosody.js";

/** Longer than it ever takes to answer; some rows are that nothing comes. */
const PATIENCE_MS = 2500;

/** The line of the step at which the reference goes wrong, as the script says: the first after such a comment. */
function markedLine(file: string): number {
  const lines = readFileSync(file, "utf8").split("\n");
  const mark = lines.findIndex((line) => line.startsWith("# Reference"));
  assert.notEqual(mark, -1, `${file} says where the reference goes wrong`);
  return mark + 1 + lines.slice(mark).findIndex((line) => line !== "" && !line.startsWith("#"));
}

describe("Prosody 0.12 with rooms of its own", needs(prosodyIsMissing()), () => {
  for (const { row, script: name, on012, failure: expected } of REFERENCE_ROWS) {
    test(`${row}: ${name} ${on012 === "fails" ? "fails where it is meant to" : "says nothing of it"}`, async () => {
      const { file = name } = ownScripts().find((script) => script.name === name) ?? {};
      const script = readScript(file);
      const peer = await startProsody({ secret: "", ownRooms: modulesFor(script) });
      try {
        const { failure } = await runScenario(script, { port: peer.clientPort, timeoutMs: PATIENCE_MS });
        assert.match(failure?.message ?? "it passed", expected);
        if (on012 === "fails") assert.equal(failure?.line, markedLine(file), "the step that is meant");
      } finally {
        await peer.stop();
      }
    });
  }
});
