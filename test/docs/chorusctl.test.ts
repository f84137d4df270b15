/** docs/chorusctl.md has every command, with the usage that `chorusctl help COMMAND` shows. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { BUILT_IN } from "../../core/cli/built-in.js";
import { commandsOf } from "../../core/cli/run-command.js";
import { packageRoot } from "../../core/package.js";
import { SCENARIO_CONFIG, startService } from "../../core/testing/service.js";

test("the page on chorusctl has each command, and its usage", async () => {
  await using service = await startService({ config: SCENARIO_CONFIG, listen: false });
  const page = readFileSync(join(packageRoot(), "docs/chorusctl.md"), "utf8");
  const said = [...page.matchAll(/^### (.+)\n\n`chorusctl (.+)`$/gm)].map(([, name, usage]) => `${name}: ${usage}`);
  const there = [...BUILT_IN, ...commandsOf(service.service.hosts)].map(({ name, usage }) => `${name}: ${usage}`);
  assert.deepEqual(said.sort(), there.sort());
  assert.equal(said.length, [...page.matchAll(/^### /gm)].length, "every heading is of a command");
});
