/** The acceptance scripts, in rooms that keep an archive. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { readScript } from "../../core/testing/scansion.js";
import { runScenario } from "../../core/testing/scenario-runner.js";
import { SCENARIO_CONFIG, startService } from "../../core/testing/service.js";
import { acceptanceScripts, acceptanceScriptsAreMissing } from "../support/acceptance.js";
import { needs } from "../support/required.js";

test("the acceptance scripts are there", needs(acceptanceScriptsAreMissing()), () => {
  assert.equal(acceptanceScriptsAreMissing(), undefined);
});

for (const { name, file } of acceptanceScripts()) {
  test(`with muc_mam: ${name} passes`, async () => {
    await using service = await startService({ config: `${SCENARIO_CONFIG}\nmodules_enabled = { "muc_mam" }` });
    const { failure } = await runScenario(readScript(file), { port: service.clientPort });
    assert.equal(failure?.message, undefined);
  });
}
