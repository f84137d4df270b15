/** `chorusctl module check` says what is wrong with a module, and where. */
import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { run, serverFolder } from "../../support/cli.js";

/** A class in plain JavaScript. */
const inClass = (body: string, statics = ""): string => `export default class {
  static inject = "module";
  ${statics}
  constructor(module) { this.module = module; }
  load() {
    const { module } = this;
    ${body}
  }
}
`;

/** What is in a file, and what is said of it; `LINE` of the file. */
const FAULTS: Readonly<Record<string, readonly [file: string, source: string, said: RegExp]>> = {
  "a syntax error": [
    "mod_x.ts",
    "export default class {\n  load() {\n}\n",
    /^FILE:\d: MODULE_BROKEN: .*Unexpected token/,
  ],
  "an import that is not there": [
    "mod_x.ts",
    'import "./nothing.ts";\nexport default () => {};',
    /MODULE_BROKEN.*nothing\.ts/,
  ],
  "no class": ["mod_x.mjs", "export const load = 1;", /^FILE: MODULE_BROKEN: .*default export/],
  "parameters that nothing covers": [
    "mod_x.ts",
    "export default class {\n  constructor(readonly a: string, readonly b: string) {}\n}",
    /^FILE:2: MODULE_PARAMETER_UNCOVERED: .*parameter 1 \("a"\), constructor parameter 2 \("b"\)/,
  ],
  "a token that nothing provides": [
    "mod_x.mjs",
    'import { createToken } from "chorus-muc";\nexport default class {\n  static inject = [createToken("x/Sugar")];\n  constructor(sugar) {}\n}',
    /^FILE:4: MODULE_TOKEN_MISSING: .*parameter 1.* for x\/Sugar/,
  ],
  "a module that it needs and nobody has": [
    "mod_x.mjs",
    inClass("", 'static requires = ["muc_nosuch"];'),
    /^FILE:3: MODULE_DEPENDENCY_MISSING: .*muc_nosuch/,
  ],
  "a version that this is not": ["mod_x.mjs", inClass("", "static apiVersion = 99;"), /^FILE:3: MODULE_API_VERSION/],
  "what it throws": ["mod_x.mjs", inClass('throw new Error("no sugar");'), /^FILE:7: MODULE_FAILED: .*no sugar/],
  "a handler that is none": [
    "mod_x.mjs",
    inClass('module.hook("muc-occupant-joined");'),
    /^FILE:7: .*must be a function/,
  ],
  "a misspelt event": [
    "mod_x.mjs",
    inClass('module.hook("muc-ocupant-joined", () => undefined);'),
    /^FILE:7: hooks muc-ocupant-joined, .*did you mean muc-occupant-joined\?/,
  ],
  "a stanza event for nobody": [
    "mod_x.mjs",
    inClass('module.hook("iq-get/baer/urn:example:x", () => undefined);'),
    /^FILE:7: .*did you mean iq-get\/bare\/urn:example:x/,
  ],
  "state that does not go over a reload": [
    "mod_x.mjs",
    inClass("").replace("load()", "save() { return 1; }\n  restore() { throw new Error('too old'); }\n  load()"),
    /^FILE:\d+: MODULE_FAILED: .*too old/,
  ],
};

describe("chorusctl module check", () => {
  for (const [what, [file, source, said]] of Object.entries(FAULTS)) {
    it(`finds ${what}`, async () => {
      await using folder = await serverFolder("this is no configuration, and is not read");
      await writeFile(join(folder.path, file), source);
      const { status, stdout } = await run(folder, ["module", "check", file]);
      assert.equal(status, 1, stdout);
      const problems = stdout
        .replaceAll(join(folder.path, file), "FILE")
        .split("\n")
        .slice(1)
        .filter((line) => /^\S+: (MODULE|hooks)/.test(line));
      assert.equal(problems.length, 1, stdout);
      assert.match(problems[0] ?? "", said);
    });
  }

  it("finds modules that need each other", async () => {
    await using folder = await serverFolder("");
    await writeFile(join(folder.path, "mod_egg.mjs"), inClass("", 'static requires = ["hen"];'));
    await writeFile(join(folder.path, "mod_hen.mjs"), inClass("", 'static requires = ["egg"];'));
    const { status, stdout } = await run(folder, ["module", "check", "mod_egg.mjs"]);
    assert.equal(status, 1);
    assert.match(stdout, /MODULE_DEPENDENCY_CYCLE.*egg -> hen -> egg/);
  });

  it("knows events that a module declares, and only mentions what may be another's", async () => {
    await using folder = await serverFolder("");
    const own = inClass('module.declareEvents({ "x-done": "notify" }); module.hook("x-done", () => undefined);');
    await writeFile(join(folder.path, "mod_x.mjs"), own);
    assert.equal((await run(folder, ["module", "check", "mod_x.mjs"])).stdout.includes("declares"), false);
    await writeFile(join(folder.path, "mod_x.mjs"), inClass('module.hook("somebody-else/did", () => undefined);'));
    const { status, stdout } = await run(folder, ["module", "check", "mod_x.mjs"]);
    assert.equal(status, 0);
    assert.match(stdout, /mod_x\.mjs:7: hooks somebody-else\/did, which nobody declares/);
  });

  it("takes options from a configuration, and says which are wrong or not read; no data is touched", async () => {
    const config = `VirtualHost "localhost"
Component "rooms.localhost" "muc"
  modules_enabled = { "sugar" }
  sugar_lumps = "many"
  sugar_browm = true
`;
    await using folder = await serverFolder(config);
    await mkdir(join(folder.path, "mod_sugar"));
    const source = inClass('module.getOptionInteger("sugar_lumps", 1); module.getOptionBoolean("sugar_brown", false);');
    await writeFile(join(folder.path, "mod_sugar/index.mjs"), source);
    const { status, stdout } = await run(folder, ["module", "check", "mod_sugar", "--config", "prosody.cfg.lua"]);
    assert.equal(status, 1);
    assert.match(stdout, /on rooms\.localhost: hooks nothing\nreads options sugar_lumps, sugar_brown\n/);
    assert.match(stdout, /prosody\.cfg\.lua:4: sugar_lumps: expected an integer, got "many"/);
    assert.match(stdout, /prosody\.cfg\.lua:5: sugar_browm: .*did you mean sugar_brown\?/);
    assert.equal((await run(folder, ["module", "check", "muc_sugar"])).status, 1, "there is none of that name");
    await assert.rejects(writeFile(join(folder.path, "data/x"), ""), "no data folder was made");
  });

  it("takes what a module logs as an error for a problem where there is a configuration to mend", async () => {
    await using folder = await serverFolder('VirtualHost "localhost"\nComponent "rooms.localhost" "muc"\n');
    const source = inClass(
      'if (module.getOptionString("tea_url") === undefined) module.log("error", "tea_url is not set");',
    );
    await writeFile(join(folder.path, "mod_tea.mjs"), source);
    const alone = await run(folder, ["module", "check", "mod_tea.mjs"]);
    assert.deepEqual([alone.status, /tea_url is not set\n/.test(alone.stdout)], [0, true], alone.stdout);
    const configured = await run(folder, ["module", "check", "mod_tea.mjs", "--config", "prosody.cfg.lua"]);
    assert.deepEqual([configured.status, /tea_url is not set\n/.test(configured.stdout)], [1, true], configured.stdout);
  });
});
