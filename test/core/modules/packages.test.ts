/** Modules in npm packages that are installed beside the configuration. */
import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { loadConfig } from "../../../core/config/load.js";
import { StanzaError } from "../../../core/index.js";
import { ModulePackages } from "../../../core/modules/packages.js";
import { startService } from "../../../core/testing/service.js";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "chorus-packages-"));
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

async function write(files: Readonly<Record<string, string | object>>): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    const path = join(folder, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, typeof content === "string" ? content : JSON.stringify(content));
  }
}

const found = (): Record<string, string> =>
  Object.fromEntries(
    [...new ModulePackages(folder).list()].map(([name, file]) => [name, file.slice(folder.length + 1)]),
  );

describe("packages of modules", () => {
  it("are those called chorus-mod-NAME, in a scope, too", async () => {
    await write({
      "node_modules/chorus-mod-muc-karma/package.json": { name: "chorus-mod-muc-karma", main: "karma.js" },
      "node_modules/chorus-mod-muc-karma/karma.js": "",
      "node_modules/@acme/chorus-mod-polls/package.json": {
        name: "@acme/chorus-mod-polls",
        exports: { ".": "./p.ts" },
      },
      "node_modules/@acme/chorus-mod-polls/p.ts": "",
      "node_modules/other/package.json": { name: "other", main: "index.js" },
      "node_modules/other/index.js": "",
    });
    assert.deepEqual(found(), {
      muc_karma: "node_modules/chorus-mod-muc-karma/karma.js",
      polls: "node_modules/@acme/chorus-mod-polls/p.ts",
    });
  });

  it("are dependencies that say so, and bring as many as they say", async () => {
    await write({
      "package.json": { dependencies: { toolbox: "1.0.0" } },
      "node_modules/toolbox/package.json": {
        name: "toolbox",
        chorus: { modules: { mod_a: "./a.mjs", b: "lib/b.ts" } },
      },
      "node_modules/toolbox/a.mjs": "",
      "node_modules/toolbox/lib/b.ts": "",
      "node_modules/unasked/package.json": { name: "unasked", chorus: { modules: { c: "c.js" } } },
      "node_modules/unasked/c.js": "",
    });
    assert.deepEqual(found(), { a: "node_modules/toolbox/a.mjs", b: "node_modules/toolbox/lib/b.ts" });
  });

  it("bring nothing from outside of themselves, nothing that is missing, and no trouble when broken", async () => {
    await write({
      "node_modules/chorus-mod-a/package.json": { name: "chorus-mod-a", chorus: { modules: { a: "../../secret.js" } } },
      "secret.js": "",
      "node_modules/chorus-mod-b/package.json": { name: "chorus-mod-b", main: "nonesuch.js" },
      "node_modules/chorus-mod-c/package.json": "{ not json",
    });
    assert.deepEqual(found(), {});
  });

  it("share Chorus with the server, and take the rest from where they are", async () => {
    await write({
      "node_modules/chorus-mod-muc-karma/package.json": { name: "chorus-mod-muc-karma", type: "module", main: "i.js" },
      "node_modules/chorus-mod-muc-karma/i.js": `
        import { ModuleApiToken, StanzaError } from "chorus-muc";
        import { MucToken } from "chorus-muc/muc";
        import { word } from "words";
        export default class Karma {
          static inject = [ModuleApiToken, MucToken];
          constructor(module, muc) { this.exports = { name: module.name, word, StanzaError, muc }; }
        }`,
      "node_modules/words/package.json": { name: "words", type: "module", exports: "./words.js" },
      "node_modules/words/words.js": 'export const word = "thanks";',
      "prosody.cfg.lua": 'storage = "memory"\nComponent "rooms.localhost" "muc"\nmodules_enabled = { "muc_karma" }\n',
    });
    const config = await loadConfig(join(folder, "prosody.cfg.lua"));
    await using service = await startService({ config, listen: false });
    const exports = service.service.modules.exportsOf("rooms.localhost", "muc_karma") as Record<string, unknown>;
    assert.equal(exports["name"], "muc_karma");
    assert.equal(exports["word"], "thanks");
    assert.equal(exports["StanzaError"], StanzaError);
  });
});
