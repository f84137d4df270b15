/** What a module's constructor can ask for, in TypeScript and in plain JavaScript, and what it is told when it cannot. */
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { storeToken, type KeyvalStore, type MapStore } from "chorus-muc";
import { FakeClock } from "../../../core/testing/fake-clock.js";
import { startService, type TestService, type TestServiceOptions } from "../../../core/testing/service.js";

let folder: string;
let service: TestService | undefined;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "chorus-injection-"));
});
afterEach(async () => {
  await service?.stop();
  service = undefined;
  await rm(folder, { recursive: true, force: true });
});

const CLOCK = new FakeClock();

/** A service whose rooms have the modules of these files, enabled in that order. */
async function start(files: Readonly<Record<string, string>>, options: TestServiceOptions = {}): Promise<TestService> {
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  const names = Object.keys(files).flatMap((name) => /^mod_(\w+)\.\w+$/.exec(name)?.[1] ?? []);
  service = await startService({
    config: `VirtualHost "localhost"
      Component "rooms.localhost" "muc"
        modules_enabled = { ${names.map((name) => `"${name}"`).join(", ")} }`,
    pluginPaths: [folder],
    listen: false,
    clock: CLOCK,
    ...options,
  });
  return service;
}

const exportsOf = (name: string): Record<string, unknown> =>
  service?.service.modules.exportsOf("rooms.localhost", name) as Record<string, unknown>;
const loaded = (...names: readonly string[]): string[] =>
  (service?.service.modules.loadedOn("rooms.localhost") ?? []).filter((name) => names.includes(name));
const problems = (): string[] => (service?.service.config.problems ?? []).map(({ message }) => message);
const unload = (name: string): Promise<void> | undefined => service?.service.modules.unload("rooms.localhost", name);
const reload = (name: string): Promise<void> | undefined => service?.service.modules.reload("rooms.localhost", name);

const NEEDS_ALL = `
import { ClockToken, ConfigToken, HostsToken, inject, LoggerToken, ModuleApiToken, RouterToken, storeToken } from "chorus-muc";
import { MucToken } from "chorus-muc/muc";
export default class NeedsAll {
  constructor(
    @inject(ModuleApiToken) readonly module,
    @inject(MucToken) readonly muc,
    @inject(storeToken("karma", "map")) readonly karma,
    @inject(storeToken()) readonly own,
    @inject(LoggerToken) readonly logger,
    @inject(ClockToken) readonly clock,
    @inject(ConfigToken) readonly config,
    @inject(HostsToken) readonly hosts,
    @inject(RouterToken) readonly router,
  ) {}
}`;

const NEEDS_ALL_IN_JAVASCRIPT = `
import { ClockToken, ConfigToken, HostsToken, LoggerToken, ModuleApiToken, RouterToken, storeToken } from "chorus-muc";
import { MucToken } from "chorus-muc/muc";
export default class NeedsAll {
  static inject = [ModuleApiToken, MucToken, storeToken("karma", "map"), storeToken(), LoggerToken, ClockToken,
    ConfigToken, HostsToken, RouterToken];
  constructor(module, muc, karma, own, logger, clock, config, hosts, router) {
    Object.assign(this, { module, muc, karma, own, logger, clock, config, hosts, router });
  }
}`;

describe("what the core provides", () => {
  for (const [language, file, text] of [
    ["TypeScript", "mod_needs_all.ts", NEEDS_ALL],
    ["plain JavaScript", "mod_needs_all.mjs", NEEDS_ALL_IN_JAVASCRIPT],
  ] as const) {
    it(`is injected in ${language}: rooms, stores, logger, clock, configuration, hosts, router`, async () => {
      const { service: running } = await start({ [file]: text });
      assert.deepEqual(problems(), []);
      const given = exportsOf("needs_all") as {
        readonly module: { readonly host: string; readonly name: string };
        readonly karma: MapStore<number>;
        readonly own: KeyvalStore;
        readonly logger: { readonly name: string };
      } & Record<string, unknown>;
      assert.deepEqual([given.module.host, given.module.name], ["rooms.localhost", "needs_all"]);
      assert.equal(given["muc"], exportsOf("muc"));
      assert.equal(given["clock"], CLOCK);
      assert.equal(given["config"], running.config);
      assert.equal(given["hosts"], running.hosts);
      assert.equal(given["router"], running.router);
      assert.equal(given.logger.name, "rooms.localhost:needs_all");
      assert.deepEqual([given.karma.host, given.karma.name], ["rooms.localhost", "karma"]);
      assert.deepEqual([given.own.host, given.own.name], ["rooms.localhost", "needs_all"]);
      await given.karma.set("ada", "points", 3);
      assert.equal(await given.karma.get("ada", "points"), 3);
    });
  }

  it("is the same token for the same store, and another for another", () => {
    assert.equal(storeToken("karma", "map"), storeToken("karma", "map"));
    assert.notEqual(storeToken("karma", "map"), storeToken("karma"));
    assert.notEqual(storeToken(), storeToken("keyval"));
  });
});

describe("plain JavaScript", () => {
  it("may be a function of the module object, which may take its time", async () => {
    await start({
      "mod_quick.mjs": `export default (module) => ({ said: module.name });`,
      "mod_slow.mjs": `export default async (module) => { await null; return { said: module.name }; };`,
      "mod_nothing.mjs": `export default function nothing(module) { module.addItem("colour", "red"); }`,
    });
    assert.deepEqual(problems(), []);
    assert.equal(exportsOf("quick")["said"], "quick");
    assert.equal(exportsOf("slow")["said"], "slow");
    assert.deepEqual(service?.host("rooms.localhost").items("colour"), ["red"]);
  });

  it("may inherit its constructor", async () => {
    await start({
      "mod_heir.mjs": `import { ModuleApiToken } from "chorus-muc";
        class Base { static inject = [ModuleApiToken]; constructor(module) { this.said = module.name; } }
        export default class Heir extends Base {}`,
      "mod_heiress.ts": `import { inject, ModuleApiToken, type ModuleApi } from "chorus-muc";
        class Base { said: string; constructor(@inject(ModuleApiToken) module: ModuleApi) { this.said = module.name; } }
        export default class Heiress extends Base {}`,
    });
    assert.deepEqual(problems(), []);
    assert.equal(exportsOf("heir")["said"], "heir");
    assert.equal(exportsOf("heiress")["said"], "heiress");
  });
});

const JUDGE = `import { createToken, ModuleApiToken } from "chorus-muc";
  const Judge = createToken("judge/Judge", "judge");
  export default class { static inject = [ModuleApiToken]; constructor(module) { this.module = module; }
    load() { this.module.provide(Judge, { verdict: "fair" }); } }`;
const COURT = `import { createToken, ModuleApiToken } from "chorus-muc";
  const Judge = createToken("judge/Judge", "judge");
  export default class { static inject = [ModuleApiToken, Judge];
    constructor(module, judge) { this.module = module; this.judge = judge; }
    save() { return { sessions: (this.sessions ?? 0) + 1 }; }
    restore({ sessions }) { this.sessions = sessions; }
    unload() { (globalThis.order ??= []).push("court saw " + this.judge.verdict); } }`;
const TOWN = `export default (module) => { const { judge } = module.depends("court"); return { judge }; };`;

describe("services of other modules", () => {
  it("come from the module that the token names, wherever it stands in the list, in plain JavaScript too", async () => {
    await start({ "mod_town.mjs": TOWN, "mod_court.mjs": COURT, "mod_judge.mjs": JUDGE });
    assert.deepEqual(problems(), []);
    assert.deepEqual(loaded("town", "court", "judge"), ["judge", "court", "town"]);
    assert.deepEqual(exportsOf("court")["judge"], { verdict: "fair" });
  });

  it("go with their module: who uses them is unloaded first, and all that stand on those", async () => {
    await start({ "mod_judge.mjs": JUDGE, "mod_court.mjs": COURT, "mod_town.mjs": TOWN });
    const order: string[] = [];
    (globalThis as { order?: string[] }).order = order;
    const { events } = service?.host("rooms.localhost") ?? {};
    const hear = ({ module }: { readonly module: string }): undefined => void order.push(module);
    events?.hook("module-unloaded", hear, { module: "test", loadOrder: 0 } as never);
    await unload("judge");
    assert.deepEqual(order, ["town", "court saw fair", "court", "judge"]);
    assert.deepEqual(loaded("town", "court", "judge"), []);
  });

  it("are new after a reload, and so are those who use them, state and all", async () => {
    await start({ "mod_judge.mjs": JUDGE, "mod_court.mjs": COURT, "mod_town.mjs": TOWN });
    await writeFile(join(folder, "mod_judge.mjs"), JUDGE.replace("fair", "strict"));
    await reload("judge");
    assert.deepEqual(loaded("town", "court", "judge"), ["judge", "court", "town"]);
    assert.deepEqual(exportsOf("court")["judge"], { verdict: "strict" });
    assert.deepEqual(exportsOf("town")["judge"], { verdict: "strict" });
    assert.equal(exportsOf("court")["sessions"], 1);
  });
});

const WEATHER = `import { createToken } from "chorus-muc";
  const Weather = createToken("weather/Weather", "weather");
  export default class { static isGlobal = true; static inject = [];
    addHost(module) { module.provide(Weather, "sunny on " + module.host); } }`;
const PICNIC = `import { createToken } from "chorus-muc";
  const Weather = createToken("weather/Weather", "weather");
  export default class { static inject = [Weather]; constructor(weather) { this.weather = weather; } }`;

describe("services of a module of the whole server", () => {
  it("are each host's own; who uses them goes before it, and comes back after its reload", async () => {
    await start({ "mod_picnic.mjs": PICNIC, "mod_weather.mjs": WEATHER });
    assert.deepEqual(problems(), []);
    assert.equal(exportsOf("picnic")["weather"], "sunny on rooms.localhost");
    const modules = service?.service.modules;
    await writeFile(join(folder, "mod_weather.mjs"), WEATHER.replace("sunny", "rainy"));
    await modules?.reload("*", "weather");
    assert.equal(exportsOf("picnic")["weather"], "rainy on rooms.localhost");
    await modules?.unload("*", "weather");
    assert.deepEqual(loaded("picnic"), []);
  });
});

const typed = (parameters: string): string =>
  `import { createToken, inject, ModuleApiToken, storeToken } from "chorus-muc";
   export default class Bad { constructor(${parameters}) {} }`;
const plain = (tokens: string, parameters: string): string =>
  `import * as chorus from "chorus-muc";
   export default class Bad { static inject = [${tokens}]; constructor(${parameters}) {} }`;

describe("what cannot be had is named, by parameter and token, with what to do", () => {
  for (const [name, files, expected] of [
    [
      "a token that nothing provides",
      { "mod_bad.ts": typed('@inject(ModuleApiToken) readonly module, @inject(createToken("Luck")) readonly luck') },
      /^MODULE_TOKEN_MISSING: mod_bad asks in constructor parameter 2 \("luck"\) for Luck, which nothing on rooms\.localhost provides: enable the module .* createToken/,
    ],
    [
      "a module that does not provide what it should",
      {
        "mod_idle.mjs": "export default () => undefined;",
        "mod_bad.ts": typed('/* of, (all */ @inject(createToken("Luck2", "idle")) private luck'),
      },
      /^MODULE_TOKEN_MISSING: mod_bad asks in constructor parameter 1 \("luck"\) for Luck2, which mod_idle is to provide, and did not/,
    ],
    [
      "a parameter without a token, before one that has a default value",
      { "mod_bad.ts": typed("readonly a = [1, 2], @inject(ModuleApiToken) readonly module") },
      /^MODULE_PARAMETER_UNCOVERED: mod_bad gives no token for constructor parameter 1 \("a"\) by @inject/,
    ],
    [
      "more parameters than static inject has",
      { "mod_bad.mjs": plain("chorus.ModuleApiToken", "module, luck") },
      /^MODULE_PARAMETER_UNCOVERED: mod_bad gives no token for constructor parameter 2 \("luck"\) in static inject/,
    ],
    [
      "a misspelt token",
      { "mod_bad.mjs": plain("chorus.ModuleApiTokn", "module") },
      /^MODULE_PARAMETER_UNCOVERED: mod_bad gives no token for constructor parameter 1 \("module"\) .*misspelt/,
    ],
  ] as const) {
    it(name, async () => {
      await start(files, { tolerant: true });
      assert.equal(problems().length, 1);
      assert.match(problems()[0] ?? "", expected);
      assert.deepEqual(loaded("bad", "muc"), ["muc"]);
    });
  }
});
