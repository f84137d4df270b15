/** What is gathered in turns of the event loop: when it is flushed, and that nothing waits for nothing. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { Turns } from "../../../core/links/turns.js";

/** Notes each flush, as how often it had been added to. */
class Noted {
  readonly flushes: number[] = [];
  #added = 0;

  constructor(private readonly turns: Turns) {}

  add(isMuch = false): void {
    if (this.#added++ === 0) this.turns.add(this);
    this.turns.more(isMuch);
  }

  flush(): void {
    this.flushes.push(this.#added);
    this.#added = 0;
  }
}

async function turnsPass(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await setImmediate();
}

test("what one turn brought is flushed at once, all of it", async () => {
  const turns = new Turns(() => 0);
  const [one, other] = [new Noted(turns), new Noted(turns)];
  one.add();
  one.add();
  other.add();
  await turnsPass(3);
  assert.deepEqual([one.flushes, other.flushes], [[2], [1]]);
});

test("while each turn brings more, it is gathered, for a millisecond", async () => {
  let now = 0;
  const turns = new Turns(() => now);
  const noted = new Noted(turns);
  for (let turn = 0; turn < 5; turn++) {
    noted.add();
    await setImmediate();
  }
  assert.deepEqual(noted.flushes, []);
  now = 1;
  noted.add();
  await turnsPass(2);
  assert.deepEqual(noted.flushes, [6]);
  noted.add();
  await setImmediate();
  noted.add(true);
  await setImmediate();
  assert.deepEqual(noted.flushes, [6, 2], "not where much waits already");
});

test("where stanzas come one by one, only one flush in many waits a turn for more", async () => {
  const turns = new Turns(() => 0);
  const noted = new Noted(turns);
  let waited = 0;
  const ROUNDS = 170;
  for (let round = 0; round < ROUNDS; round++) {
    noted.add();
    await setImmediate();
    if (noted.flushes.length === round) {
      waited++;
      await turnsPass(1);
    }
    assert.equal(noted.flushes.length, round + 1);
  }
  assert.equal(waited, ROUNDS / 17);
});
