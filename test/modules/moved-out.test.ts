/**
 * Standard modules are modules like any third party's: taken out of the tree as source, without a change, into a folder
 * that `plugin_paths` names, they pass their own scripts.
 */
import assert from "node:assert/strict";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { pathToFileURL } from "node:url";
import { packageRoot } from "../../core/package.js";
import { readScript } from "../../core/testing/scansion.js";
import { runScenario } from "../../core/testing/scenario-runner.js";
import { SCENARIO_CONFIG, startService, type TestService } from "../../core/testing/service.js";
import { modulesFor, ownScripts } from "../support/acceptance.js";

const HOST = "conference.localhost";
const MODULES = join(packageRoot(), "modules");

/** What is moved, a file or a folder, with the scripts about it. */
const MOVED = {
  muc_password: { path: "mod_muc_password.ts", scripts: ["password.scs", "password-outsider.scs"] },
  muc_moderated: { path: "mod_muc_moderated.ts", scripts: ["moderated-room.scs"] },
  muc_slow_mode: { path: "mod_muc_slow_mode.ts", scripts: ["slow-mode.scs"] },
  muc_limits: { path: "mod_muc_limits", scripts: ["limits.scs"] },
};

/** The class that the module's instance is of on the rooms' host. */
function classOf({ service }: TestService, name: string): unknown {
  const exported = service.modules.exportsOf(HOST, name) as { readonly constructor: unknown };
  return exported.constructor;
}

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "chorus-moved-"));
  for (const { path } of Object.values(MOVED)) await cp(join(MODULES, path), join(folder, path), { recursive: true });
});
after(() => rm(folder, { recursive: true, force: true }));

describe("standard modules outside of the tree", () => {
  for (const [name, { path, scripts }] of Object.entries(MOVED)) {
    for (const script of scripts) {
      it(`mod_${name} passes ${script}`, async () => {
        const found = ownScripts().find((own) => own.name === script);
        assert.ok(found, `there is no ${script}`);
        const read = readScript(found.file);
        const config = `${SCENARIO_CONFIG}\n${modulesFor(read)}`;
        await using service = await startService({ config, pluginPaths: [folder] });
        const compiled = path.endsWith(".ts") ? path.replace(/\.ts$/, ".js") : `${path}/index.js`;
        const builtIn = (await import(pathToFileURL(join(packageRoot(), "dist/modules", compiled)).href)) as {
          readonly default: { readonly name: string };
        };
        const loaded = classOf(service, name);
        assert.equal((loaded as { readonly name: string }).name, builtIn.default.name);
        assert.notEqual(loaded, builtIn.default, "it is the one that was moved");
        const { failure } = await runScenario(read, { port: service.clientPort });
        assert.equal(failure?.message, undefined);
      });
    }
  }
});
