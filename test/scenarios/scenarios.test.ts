/** Plays the project's own scripts, each against a service of its own. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { readScript } from "../../core/testing/scansion.js";
import { runScenario } from "../../core/testing/scenario-runner.js";
import { SCENARIO_CONFIG, startService } from "../../core/testing/service.js";
import { modulesFor, ownScripts } from "../support/acceptance.js";

for (const { name, file } of ownScripts()) {
  test(`scenario: ${name}`, async () => {
    const script = readScript(file);
    assert.ok(script.tags.has("in-order"), "the project's own scripts are played in order");
    await using service = await startService({ config: `${SCENARIO_CONFIG}\n${modulesFor(script)}` });
    const { failure } = await runScenario(script, { port: service.clientPort });
    assert.equal(failure?.message, undefined);
  });
}
