/**
 * A room does what the model says, whatever is done to it by whom: who is told what in which order, and what the room is
 * then, in memory, on disk, and after a restart. The model is in `model/`.
 *
 * `CHORUS_MODEL_RUNS` is how many runs are made; `CHORUS_MODEL_SEED`, `CHORUS_MODEL_PATH` and `CHORUS_MODEL_REPLAY` repeat
 * one that failed, by its `seed`, `path` and `replayPath`. More than a thousand runs want `node` on this file alone.
 */
import { describe, test } from "node:test";
import fc from "fast-check";
import { anyCommand, OPENING, Restart, SESSIONS } from "./model/commands.js";
import { Real } from "./model/service.js";
import { World } from "./model/world.js";

const RUNS = Number(process.env["CHORUS_MODEL_RUNS"] ?? 100);
const SEED = process.env["CHORUS_MODEL_SEED"];
const PATH = process.env["CHORUS_MODEL_PATH"];
const REPLAY = process.env["CHORUS_MODEL_REPLAY"];
const COMMANDS = 40;
const REGISTERED = "enforce_registered_nickname = true\nallow_unaffiliated_register = true";
const KINDS = [
  { name: "standalone", isAttached: false, isRegistered: false },
  { name: "attached to another server", isAttached: true, isRegistered: false },
  { name: "where everybody uses a registered nick", isAttached: false, isRegistered: true },
];

describe("a room and its model", () => {
  for (const { name, isAttached, isRegistered } of KINDS) {
    test(name, { timeout: 3_600_000 }, async () => {
      await using real = await Real.start(isAttached, SESSIONS, isRegistered ? REGISTERED : "");
      const run = fc.asyncProperty(
        fc.commands(anyCommand(4), {
          maxCommands: COMMANDS,
          size: "max",
          ...(REPLAY === undefined ? {} : { replayPath: REPLAY }),
        }),
        fc.boolean(),
        // A restart costs more than all the rest.
        fc.integer({ min: 0, max: 9 }).map((number) => number === 0),
        async (commands, isOpened, isRestarted) => {
          const world = new World(real.nextRoom(), isAttached, isRegistered);
          const all = [...(isOpened ? OPENING : []), ...commands];
          try {
            await fc.asyncModelRun(() => ({ model: world, real }), all);
            if (isRestarted) await new Restart().run(world, real);
          } finally {
            await real.forget(world.room);
          }
        },
      );
      await fc.assert(run, {
        numRuns: RUNS,
        ...(SEED === undefined ? {} : { seed: Number(SEED) }),
        ...(PATH === undefined ? {} : { path: PATH }),
      });
    });
  }
});
