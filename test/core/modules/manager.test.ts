import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { loadConfigText } from "../../../core/config/load.js";
import type { Logger } from "../../../core/log/logger.js";
import { Service } from "../../../core/main.js";
import { openStorage } from "../../../core/storage/open.js";

/** A module file: a class whose `load` has the given body; `static` and `constructor` parts before it. */
function moduleText(load: string, members = ""): string {
  return `
import { createToken, inject, injectable, ModuleApiToken, StanzaError, type ModuleApi } from "chorus-muc";
@injectable()
export default class Example {
  ${members.includes("constructor") ? "" : "constructor(@inject(ModuleApiToken) readonly module: ModuleApi) {}"}
  ${members}
  load(): void { ${load} }
}
`;
}

describe("module manager", () => {
  let folder: string;
  let service: Service | undefined;
  let logged: string[];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "chorus-modules-"));
    logged = [];
  });

  afterEach(async () => {
    await service?.stop();
    service = undefined;
    await rm(folder, { recursive: true });
  });

  /** A service with one component-less host, on which the modules of these files are enabled, in order. */
  async function start(files: Record<string, string>, options = ""): Promise<Service> {
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
    const names = Object.keys(files)
      .filter((name) => name.startsWith("mod_"))
      .map((name) => `"${name.replace(/^mod_|\.\w+$/g, "")}"`);
    const config = await loadConfigText(
      `plugin_paths = { ${JSON.stringify(folder)} }
       modules_disabled = { "presence", "message", "iq", "c2s", "admin_socket" }
       VirtualHost "example"
         modules_enabled = { ${names.join(", ")} }
         ${options}`,
      { file: join(folder, "prosody.cfg.lua") },
    );
    const logger: Logger = {
      name: "test",
      log: (level, format, ...args) => logged.push([level, format, ...args].map(String).join(" ")),
      isEnabled: () => true,
      child: () => logger,
    };
    service = await Service.create({ config, logger, storage: await openStorage({ driver: "memory" }) });
    return service;
  }

  const loaded = (): string[] => service?.modules.loadedOn("example") ?? [];
  const problems = (): string[] => (service?.config.problems ?? []).map(({ message }) => message);

  it("loads TypeScript from outside the tree, with its helper files, sharing the core's classes", async () => {
    await start({
      "helper.ts": `export const condition: string = "gone";`,
      "mod_greeter.ts": moduleText(
        `this.module.hook("message/host", () => new StanzaError({ type: "cancel", condition: condition as "gone" }));`,
      ).replace("@injectable", `import { condition } from "./helper.js";\n@injectable`),
    });
    assert.deepEqual(problems(), []);
    assert.deepEqual(loaded(), ["greeter"]);
    const result = service?.hosts.get("example")?.events.fireUntyped("message/host", {});
    assert.equal((result as { condition?: string }).condition, "gone");
  });

  it("loads plain JavaScript: a function of the module object, and a class with `static inject`", async () => {
    await start({
      "mod_plain.mjs": `export default (module) => ({ answer: () => module.host });`,
      "mod_user.js": `import { ModuleApiToken } from "chorus-muc";
        export default class User { static inject = [ModuleApiToken]; constructor(module) { this.module = module; }
          load() { this.said = this.module.depends("plain").answer(); } }`,
    });
    assert.deepEqual(problems(), []);
    assert.equal((service?.modules.exportsOf("example", "user") as { said: string }).said, "example");
  });

  it("loads what a module depends on first, in whatever order they are named", async () => {
    await start({
      "mod_a.ts": moduleText(`(this.module as any).order = this.module.depends("b");`),
      "mod_b.ts": moduleText(`this.module.depends("c");`),
      "mod_c.ts": moduleText(``),
    });
    assert.deepEqual(problems(), []);
    assert.deepEqual(loaded(), ["c", "b", "a"]);
  });

  it("gives nothing twice to a module whose load began again", async () => {
    await start({
      "mod_a.ts": moduleText(`this.module.addItem("count", "a"); this.module.depends("b");`),
      "mod_b.ts": moduleText(``),
    });
    assert.deepEqual(service?.hosts.get("example")?.items("count"), ["a"]);
  });

  it("injects what another module provides, and loads that module for it", async () => {
    await start({
      "token.ts": `import { createToken } from "chorus-muc";
        export const Karma = createToken("Karma", "provider");`,
      "mod_consumer.ts": moduleText(
        `this.module.addItem("karma", this.karma);`,
        `constructor(@inject(ModuleApiToken) readonly module: ModuleApi, @inject(Karma) readonly karma: number) {}`,
      ).replace("@injectable", `import { Karma } from "./token.js";\n@injectable`),
      "mod_provider.ts": moduleText(`this.module.provide(Karma, 42);`).replace(
        "@injectable",
        `import { Karma } from "./token.js";\n@injectable`,
      ),
    });
    assert.deepEqual(problems(), []);
    assert.deepEqual(service?.hosts.get("example")?.items("karma"), [42]);
    await service?.modules.unload("example", "provider");
    assert.deepEqual(loaded(), [], "whoever stands on it goes first");
  });

  const broken: [name: string, files: Record<string, string>, expected: RegExp][] = [
    [
      "a syntax error",
      { "mod_bad.ts": "export default class {" },
      /^MODULE_BROKEN: mod_bad does not load \(.*mod_bad\.ts:1\)/,
    ],
    ["no class", { "mod_bad.ts": "export const x = 1;" }, /^MODULE_BROKEN: mod_bad has no class/],
    [
      "a throwing constructor",
      { "mod_bad.ts": moduleText("", "x = (() => { throw new Error('boom'); })();") },
      /^MODULE_FAILED: mod_bad failed to load \(.*mod_bad\.ts:\d+\): boom/,
    ],
    [
      "a throwing load",
      { "mod_bad.ts": moduleText("throw new Error('boom');") },
      /^MODULE_FAILED: mod_bad failed to load \(.*mod_bad\.ts:\d+\): boom/,
    ],
    [
      "a missing dependency",
      { "mod_bad.ts": moduleText(`this.module.depends("nonesuch");`) },
      /^MODULE_DEPENDENCY_MISSING: mod_bad needs mod_nonesuch: MODULE_NOT_FOUND/,
    ],
    [
      "a circle",
      {
        "mod_bad.ts": moduleText(`this.module.depends("worse");`),
        "mod_worse.ts": moduleText(`this.module.depends("bad");`),
      },
      /MODULE_DEPENDENCY_CYCLE: mod_bad depends on itself: bad -> worse -> bad/,
    ],
    [
      "an uncovered parameter",
      {
        "mod_bad.ts": moduleText(
          "",
          "constructor(@inject(ModuleApiToken) readonly module: ModuleApi, readonly other: unknown) {}",
        ),
      },
      /^MODULE_PARAMETER_UNCOVERED: mod_bad gives no token for constructor parameter 2 \("other"\) by @inject\(Token\)/,
    ],
    [
      "a token that nothing provides",
      { "mod_bad.ts": moduleText("", `constructor(@inject(createToken("Nothing")) readonly karma: unknown) {}`) },
      /^MODULE_TOKEN_MISSING: mod_bad asks in constructor parameter 1 \("karma"\) for Nothing, which nothing on example provides: /,
    ],
  ];
  for (const [name, files, expected] of broken) {
    it(`names what is wrong and loads the rest: ${name}`, async () => {
      await start({ ...files, "mod_good.ts": moduleText(``) });
      assert.match(problems()[0] ?? "no problem was told", expected);
      assert.ok(loaded().includes("good"));
      assert.equal(loaded().includes("bad"), false);
    });
  }

  it("leaves nothing of a module that failed half-way", async () => {
    await start({
      "mod_bad.ts": moduleText(
        `this.module.hook("message/host", () => true); this.module.addItem("x", 1); throw new Error("boom");`,
      ),
    });
    const host = service?.hosts.get("example");
    assert.equal(host?.events.hasHandlers("message/host"), false);
    assert.deepEqual(host?.items("x"), []);
  });

  it("says of each module that does not exist, once, and goes on", async () => {
    await start({ "mod_good.ts": moduleText("") }, `modules_enabled = { "nonesuch"; "good" }`);
    assert.equal(problems().filter((message) => message.includes(`"nonesuch"`)).length, 1);
    assert.deepEqual(loaded(), ["good"]);
  });

  it("does not load what is disabled, be it a dependency", async () => {
    await start(
      { "mod_a.ts": moduleText(`this.module.depends("b");`), "mod_b.ts": moduleText("") },
      `modules_disabled = { "b" }`,
    );
    assert.deepEqual(loaded(), []);
    assert.match(problems().join(), /MODULE_DISABLED: mod_b/);
  });

  it("takes back everything at unload", async () => {
    await start({
      "mod_a.ts": moduleText(
        `this.module.hook("message/host", () => true); this.module.addItem("x", 1);
         this.module.shared("t"); this.module.addTimer(1, () => 1); this.module.wrapEvent("message/bare", (next) => next());`,
      ),
    });
    const host = service?.hosts.get("example");
    assert.equal(host?.events.hasHandlers("message/host"), true);
    await service?.modules.unload("example", "a");
    assert.equal(host?.events.hasHandlers("message/host"), false);
    assert.equal(host?.events.hasHandlers("message/bare"), false);
    assert.deepEqual(host?.items("x"), []);
    assert.equal(service?.timers.size, 0);
    assert.equal(host?.hasModule("a"), false);
  });

  it("ends without a module that does not", async () => {
    await start({
      "mod_a.ts": moduleText("", "unload() { return new Promise(() => {}); }"),
      "mod_b.ts": moduleText(""),
    });
    await service?.stop();
    assert.match(logged.join("\n"), /error unload failed: %s not done within/);
  });

  it("puts a new file in the place of the old one: state goes over, the order of handlers stays", async () => {
    const text = (version: string): string =>
      moduleText(
        `this.module.hook("message/host", () => void this.module.addItem("called", "a${version}:" + this.count));`,
        `count = 0; save() { return this.count + 1; } restore(state: number) { this.count = state; }`,
      );
    await start({
      "mod_a.ts": text("1"),
      "mod_b.ts": moduleText(`this.module.hook("message/host", () => void this.module.addItem("called", "b"));`),
    });
    await writeFile(join(folder, "mod_a.ts"), text("2"));
    await service?.modules.reload("example", "a");
    const host = service?.hosts.get("example");
    host?.events.fireUntyped("message/host", {});
    assert.deepEqual(host?.items("called"), ["a2:1", "b"]);
  });

  it("keeps the old one when the new file does not load", async () => {
    await start({ "mod_a.ts": moduleText(`this.module.addItem("x", 1);`) });
    await writeFile(join(folder, "mod_a.ts"), "export default class {");
    await assert.rejects(async () => service?.modules.reload("example", "a"), { code: "MODULE_BROKEN" });
    assert.deepEqual(service?.hosts.get("example")?.items("x"), [1]);
  });

  it("logs a handler's failure with the module's event, and the others are told all the same", async () => {
    await start({
      "mod_a.ts": moduleText(`this.module.hookUntyped("something", () => { throw new Error("boom"); });`),
      "mod_b.ts": moduleText(`this.module.hookUntyped("something", () => void this.module.addItem("told", true));`),
    });
    const host = service?.hosts.get("example");
    host?.events.fireUntyped("something", {});
    assert.deepEqual(host?.items("told"), [true]);
    assert.match(logged.join("\n"), /error handler of %s failed: %s something Error: boom/);
  });

  it("gives module objects the methods that other modules offer, for as long as those are loaded", async () => {
    await start({
      "mod_a.ts": moduleText(
        `(this.module as any).extendApi("shout", (module) => (text) => text.toUpperCase() + module.name);`,
      ),
      "mod_b.ts": moduleText(`this.module.depends("a"); this.module.addItem("x", (this.module as any).shout("hi "));`),
    });
    assert.deepEqual(problems(), []);
    assert.deepEqual(service?.hosts.get("example")?.items("x"), ["HI b"]);
  });
});
