import assert from "node:assert/strict";
import { test } from "node:test";
import { readScript } from "../../core/testing/scansion.js";
import { replayScenario, runScenario } from "../../core/testing/scenario-runner.js";
import { startService } from "../../core/testing/service.js";
import { acceptanceScripts, acceptanceScriptsAreMissing } from "../support/acceptance.js";
import { mutantsOf } from "../support/mutants.js";
import { needs } from "../support/required.js";

test("the acceptance scripts are there", needs(acceptanceScriptsAreMissing()), () => {
  assert.equal(acceptanceScriptsAreMissing(), undefined);
});

for (const { name, file } of acceptanceScripts()) {
  test(`standalone: ${name} passes, and fails with any one expectation changed`, async () => {
    const script = readScript(file);
    await using service = await startService();
    const { failure, transcript } = await runScenario(script, { port: service.clientPort });
    assert.equal(failure?.message, undefined);
    assert.equal(
      replayScenario(script, transcript)?.message,
      undefined,
      "the script passes against its own transcript",
    );
    const survivors = [...mutantsOf(script)]
      .filter((mutant) => replayScenario(mutant.script, transcript)?.line !== mutant.script.steps[mutant.step]?.line)
      .map(({ what }) => what);
    assert.deepEqual(survivors, [], "a changed expectation was met all the same");
  });
}
