/** What a module gets from its `module` object, seen from a module. */
import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { Events, type ModuleApi } from "chorus-muc";
import { FakeClock } from "../../../core/testing/fake-clock.js";
import { startService, type TestService, type TestServiceOptions } from "../../../core/testing/service.js";
import { openStorage } from "../../../core/storage/open.js";

/** A module that hands its `module` object out, and runs `load` with it. */
const probe = (load = ""): string => `export default (module) => { ${load}; return { module }; };`;

let folder: string;
let service: TestService | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "chorus-api-"));
});
afterEach(async () => {
  await service?.stop();
  service = undefined;
  await rm(folder, { recursive: true, force: true });
});

async function start(load = "", options: TestServiceOptions & { section?: string } = {}): Promise<ModuleApi> {
  await writeFile(join(folder, "mod_probe.mjs"), probe(load));
  const { section = "", ...rest } = options;
  service = await startService({
    config: `VirtualHost "localhost"; modules_enabled = { "probe" }; ${section}
      VirtualHost "other.localhost"`,
    pluginPaths: [folder],
    listen: false,
    ...rest,
  });
  return objectOf("probe");
}

function objectOf(name: string, host = "localhost"): ModuleApi {
  return (service?.service.modules.exportsOf(host, name) as { module: ModuleApi }).module;
}

describe("status", () => {
  it("says nothing at first, then what was said last, with its time", async () => {
    const clock = new FakeClock();
    const module = await start("", { clock });
    assert.deepEqual(module.getStatus(), ["core", "", 0]);
    module.logStatus("info", "%d rooms", 3);
    assert.deepEqual(module.getStatus(), ["info", "3 rooms", clock.now() / 1000]);
    assert.ok(service?.logLines.some(({ message }) => message === "3 rooms"));
  });

  for (const [before, after, override, expected] of [
    ["warn", "info", undefined, "info"],
    ["error", "info", undefined, "error"],
    ["error", "info", true, "info"],
    ["warn", "info", false, "warn"],
    ["info", "error", false, "error"],
  ] as const) {
    it(`${before}, then ${after} with override ${String(override)}: ${expected}`, async () => {
      const module = await start();
      module.setStatus(before, "first");
      module.setStatus(after, "second", override);
      assert.equal(module.getStatus()[0], expected);
    });
  }

  it("tells of each change", async () => {
    const module = await start();
    const told: string[] = [];
    module.hook("module-status/updated", ({ name }) => {
      told.push(name);
    });
    module.setStatus("error", "no connection");
    module.setStatus("info", "not taken");
    assert.deepEqual(told, ["probe"]);
  });
});

describe("another host", () => {
  it("has its own options and its own bus, until the module goes", async () => {
    const module = await start("", { section: "greeting = 'here'" });
    const there = module.context("other.localhost");
    assert.equal(module.getOptionString("greeting", "none"), "here");
    assert.equal(there.getOptionString("greeting", "none"), "none");
    assert.equal(there.host, "other.localhost");
    there.hook("resource-unbind", () => undefined);
    const bus = service?.host("other.localhost").events;
    assert.equal(
      bus?.handlersOf("resource-unbind").some(({ module: name }) => name === "probe"),
      true,
    );
    await service?.service.modules.unload("localhost", "probe");
    assert.equal(
      bus?.handlersOf("resource-unbind").some(({ module: name }) => name === "probe"),
      false,
    );
  });

  it("is the whole server by default, and must be served here", async () => {
    const module = await start();
    assert.equal(module.context().isGlobal, true);
    assert.throws(() => module.context("nowhere.example"), TypeError);
  });
});

describe("events of an object", () => {
  it("come in order of priority; what a handler throws is the module's error and stops nothing", async () => {
    const module = await start();
    const events = new Events();
    const order: string[] = [];
    module.hookObjectEvent(events, "ready", () => void order.push("late"), -1);
    module.hookObjectEvent(events, "ready", () => {
      throw new Error("boom");
    });
    assert.equal(events.fireEvent("ready"), undefined);
    assert.deepEqual(order, ["late"]);
    assert.ok(service?.logLines.some(({ level, message }) => level === "error" && message.includes("boom")));
  });

  it("are unhooked by name, and all at unload", async () => {
    const module = await start();
    const events = new Events();
    const once = (): string => "once";
    module.hookObjectEvent(events, "ready", once);
    assert.equal(events.fireEvent("ready"), "once");
    module.unhookObjectEvent(events, "ready", once);
    assert.equal(events.fireEvent("ready"), undefined);
    module.hookObjectEvent(events, "ready", once);
    module.wrapObjectEvent(events, false, (next) => `${String(next())}, wrapped`);
    assert.equal(events.fireEvent("ready"), "once, wrapped");
    await service?.service.modules.unload("localhost", "probe");
    assert.equal(events.fireEvent("ready"), undefined);
  });

  it("wrappers of one event are outside of those of all, the last added outermost; data may be changed", () => {
    const events = new Events();
    events.addHandler("e", (data) => data);
    events.addWrapper("e", (next, event, data) => next(event, `${String(data)}1`));
    events.addWrapper("e", (next, event, data) => next(event, `${String(data)}2`));
    events.addWrapper(false, (next, event, data) => next(event, `${String(data)}3`));
    assert.equal(events.fireEvent("e", "0"), "0213");
  });
});

it("wrapGlobal runs around the handlers of the global bus", async () => {
  const module = await start();
  const order: string[] = [];
  module.hookGlobal("config-reloaded", () => void order.push("handler"));
  module.wrapGlobal("config-reloaded", (next) => {
    order.push("before");
    next();
    order.push("after");
    return undefined;
  });
  service?.service.hosts.events.fire("config-reloaded", {});
  assert.deepEqual(order, ["before", "handler", "after"]);
});

describe("files of the module", () => {
  it("are read by name, and no others", async () => {
    await writeFile(join(folder, "words.txt"), "hello");
    const module = await start();
    assert.equal(module.getDirectory(), folder);
    assert.equal(await module.loadResource("words.txt", "utf8"), "hello");
    assert.deepEqual(await module.loadResource("words.txt"), Buffer.from("hello"));
    await assert.rejects(module.loadResource("missing.txt"), { code: "ENOENT" });
    await assert.rejects(module.loadResource("../elsewhere.txt"), TypeError);
  });

  it("helpers are loaded afresh: NAME.lib before NAME, beside the module, in lib, then in plugin_paths", async () => {
    await mkdir(join(folder, "mod_other", "lib"), { recursive: true });
    await writeFile(join(folder, "mod_other", "mod_other.mjs"), probe());
    await writeFile(join(folder, "mod_other", "words.lib.ts"), "export default { count: 0 as number };");
    await writeFile(join(folder, "mod_other", "words.mjs"), "export default 'not this one';");
    await writeFile(join(folder, "mod_other", "lib", "numbers.mjs"), "export const one = 1;");
    await writeFile(join(folder, "shared.lib.mjs"), "export default 'shared';");
    await start("", { section: 'modules_enabled = { "probe", "other" }' });
    const module = objectOf("other");
    const words = await module.require<{ count: number }>("words");
    words.count++;
    assert.deepEqual(await module.require("words"), { count: 0 });
    assert.equal((await module.require<{ one: number }>("numbers")).one, 1);
    assert.equal(await module.require("shared"), "shared");
    await assert.rejects(module.require("nonesuch"), /nonesuch/);
  });
});

describe("tasks", () => {
  const HOURLY = `globalThis.runs = []; module.hourly("Tidy up", (task, at) => void globalThis.runs.push(at));`;
  const runs = (): number[] => (globalThis as unknown as { runs: number[] }).runs;
  /** Turns of the event loop that a round and its writes, all in memory, need at most. */
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
  };

  it("run soon after the start, and again when due", async () => {
    const clock = new FakeClock();
    const began = clock.now() / 1000;
    await start(HOURLY, { clock });
    clock.advance(1000);
    await settle();
    assert.deepEqual(runs(), [began + 1]);
    clock.advance(3600_000);
    await settle();
    assert.deepEqual(runs(), [began + 1, began + 3601]);
  });

  it("remember over a restart when they ran last", async () => {
    const clock = new FakeClock();
    const storage = await openStorage({ driver: "memory" }, () => clock.now());
    await start(HOURLY, { clock, storage });
    clock.advance(1000);
    await settle();
    await service?.stop();
    await start(HOURLY, { clock, storage });
    clock.advance(60_000);
    await settle();
    assert.deepEqual(runs(), []);
    clock.advance(3600_000);
    await settle();
    assert.equal(runs().length, 1);
    await service?.stop();
    service = undefined;
    await storage.close();
  });

  it("take their period from an option, and one that fails does not stop the next", async () => {
    const clock = new FakeClock();
    await start(
      `globalThis.runs = []; module.daily("a", () => { throw new Error("boom"); });
       module.cron({ name: "b", when: "weekly", run: () => { globalThis.runs.push(1); } });`,
      { clock, section: 'probe_b_period = "1 hour"' },
    );
    clock.advance(1000);
    await settle();
    clock.advance(3600_000);
    await settle();
    assert.equal(runs().length, 2);
    assert.ok(service?.logLines.some(({ message }) => message.includes("boom")));
  });
});

it("onReady waits for the whole server, and does not when it has started", async () => {
  const module = await start(`globalThis.ready = []; module.onReady(() => globalThis.ready.push(module.host));`);
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual((globalThis as unknown as { ready: string[] }).ready, ["localhost"]);
  assert.equal(await module.onReady(() => 42), 42);
  await assert.rejects(
    module.onReady(() => {
      throw new Error("not ready at all");
    }),
    /not ready at all/,
  );
});

it("handleItems leaves out what is there already, if asked to", async () => {
  const module = await start();
  module.addItem("colour", "red");
  const seen: string[] = [];
  module.handleItems<string>(
    "colour",
    (item) => void seen.push(item),
    () => undefined,
    false,
  );
  module.addItem("colour", "blue");
  assert.deepEqual(seen, ["blue"]);
});

it("could says what may says, and only may writes a line about a refusal", async () => {
  const module = await start();
  module.defaultPermissions("prosody:registered", [":read", ":write"]);
  const refusals = (): number =>
    (service?.logLines ?? []).filter(({ message }) => message.includes("is not permitted to probe:write")).length;
  assert.equal(module.could(":write", "romeo@localhost/x"), true);
  assert.equal(module.could(":write", "romeo@elsewhere.example"), false);
  assert.equal(refusals(), 0);
  assert.equal(module.may(":write", "romeo@elsewhere.example"), false);
  assert.equal(refusals(), 1);
});

it("getOptionScalar takes the first of a list", async () => {
  const module = await start("", { section: "one = { 7 }", tolerant: true });
  assert.equal(module.getOptionScalar("one"), 7);
  assert.equal(module.getOptionScalar("none", "x"), "x");
});

it("a timer hands on what it was given", async () => {
  const clock = new FakeClock();
  const module = await start("", { clock });
  const heard: unknown[] = [];
  module.addTimer(
    1,
    (_now, who: string, count: number) => {
      heard.push(who, count);
      return undefined;
    },
    "romeo",
    2,
  );
  clock.advance(1000);
  assert.deepEqual(heard, ["romeo", 2]);
});

describe("metrics", () => {
  const text = async (): Promise<string> => (await service?.service.metrics.text()) ?? "";

  it("are measured by host, under the name of the module", async () => {
    const module = await start();
    module.measure("joins", "rate", { description: "People who came" })();
    module.measure("rooms", "amount")(7);
    module.measure("bytes", "counter")(100);
    module.measure("join", "times")()();
    module.measure("stanza", "sizes")(512);
    module.measure("nick", "distribution")(5);
    const lines = (await text()).split("\n");
    for (const line of [
      "# HELP chorus_mod_probe__joins People who came",
      'chorus_mod_probe__joins{host="localhost"} 1',
      'chorus_mod_probe__rooms{host="localhost"} 7',
      'chorus_mod_probe__bytes{host="localhost"} 100',
      'chorus_mod_probe__join_seconds_count{host="localhost"} 1',
      'chorus_mod_probe__stanza_bytes_bucket{le="1000",host="localhost"} 1',
      'chorus_mod_probe__nick_sum{host="localhost"} 5',
    ]) {
      assert.ok(lines.includes(line), line);
    }
    assert.throws(() => module.measure("x", "nonesuch" as "rate"), TypeError);
  });

  it("have labels, all of which are needed", async () => {
    const module = await start();
    const family = module.metric("counter", "refusals", undefined, "Refusals", ["type", "reason"]);
    family.withLabels("auth", "banned").add(2);
    family.withPartialLabel("auth").withLabels("password").add(1);
    assert.match(await text(), /chorus_mod_probe__refusals\{host="localhost",type="auth",reason="banned"\} 2/);
    assert.throws(() => family.withLabels("auth"), TypeError);
    assert.throws(() => {
      family.withLabels("auth", "banned").add(-1);
    }, TypeError);
    assert.throws(() => {
      family.withLabels("auth", "banned").set(1);
    }, TypeError);
    assert.throws(() => module.metric("gauge", "refusals"), TypeError);
  });

  it("count on when the module is loaded again", async () => {
    const count = `module.measure("loads", "rate")()`;
    await start(count);
    await service?.service.modules.reload("localhost", "probe");
    assert.match(await text(), /chorus_mod_probe__loads\{host="localhost"\} 2/);
  });
});

it("a module for another version of the API is named, and not loaded", async () => {
  await writeFile(join(folder, "mod_old.mjs"), "export default class { static apiVersion = 0; }");
  await start("", { section: 'modules_enabled = { "probe", "old" }', tolerant: true });
  const problems = service?.service.config.problems.map(({ message }) => message) ?? [];
  assert.ok(
    problems.some((message) => message.startsWith("MODULE_API_VERSION: mod_old was written for version 0")),
    problems.join("\n"),
  );
});
