/** What is gathered in turns of the event loop: when it is flushed, and that nothing waits for nothing. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { Turns, type TurnsClock } from "../../../core/links/turns.js";

/** A clock that a test moves, of which at most one wait is under way. */
class Clock implements TurnsClock {
  ms = 0;
  waiting: { readonly ms: number; readonly fn: () => void } | undefined;

  now(): number {
    return this.ms;
  }

  wait(ms: number, fn: () => void): void {
    this.waiting = { ms, fn };
  }

  /** Ends the wait. @returns how long it was to be, in milliseconds */
  waited(): number {
    assert.ok(this.waiting, "something waits");
    const { ms, fn } = this.waiting;
    this.waiting = undefined;
    this.ms += ms;
    fn();
    return ms;
  }
}

/** Notes each flush, as how often it had been added to. */
class Noted {
  readonly flushes: number[] = [];
  #added = 0;

  constructor(
    private readonly turns: Turns,
    private readonly onFlush = (): void => undefined,
  ) {}

  add(isMuch = false): void {
    if (this.#added++ === 0) this.turns.add(this);
    else this.turns.more();
    if (isMuch) this.turns.urge();
  }

  flush(): void {
    this.onFlush();
    this.flushes.push(this.#added);
    this.#added = 0;
  }
}

async function turnsPass(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await setImmediate();
}

test("what one turn brought is flushed at once, all of it", async () => {
  const turns = new Turns(new Clock());
  const [one, other] = [new Noted(turns), new Noted(turns)];
  one.add();
  one.add();
  other.add();
  await turnsPass(3);
  assert.deepEqual([one.flushes, other.flushes], [[2], [1]]);
});

test("while each turn brings more, it is gathered, for a millisecond", async () => {
  const clock = new Clock();
  const turns = new Turns(clock);
  const noted = new Noted(turns);
  for (let turn = 0; turn < 5; turn++) {
    noted.add();
    await setImmediate();
  }
  assert.deepEqual(noted.flushes, []);
  clock.ms = 1;
  noted.add();
  await turnsPass(2);
  assert.deepEqual(noted.flushes, [6]);
  noted.add();
  await setImmediate();
  noted.add(true);
  await setImmediate();
  assert.deepEqual(noted.flushes, [6, 2], "not where much waits already");
});

test("what one peer sends for many is answered when it has been read, but for one time in many", async () => {
  const turns = new Turns(new Clock());
  const noted = new Noted(turns);
  const reader = {
    write: (count: number): void => {
      for (let stanza = 0; stanza < count; stanza++) noted.add();
      assert.equal(noted.flushes.at(-1), before, "not while it is being read");
    },
  };
  let before: number | undefined;
  let waited = 0;
  for (let read = 1; read <= 170; read++) {
    turns.read(reader, read, 1);
    if (noted.flushes.length < read) {
      waited++;
      await turnsPass(2);
    }
    before = noted.flushes.at(-1);
    assert.equal(before, read);
  }
  assert.ok(waited <= 10, `waited ${waited} times`);
});

test("what one peer sends for many waits for the end of the turn where something else has to begin before", async () => {
  const turns = new Turns(new Clock());
  const noted = new Noted(turns);
  for (const isLate of [false, true]) {
    turns.read(
      {
        write: () => {
          if (isLate) noted.add();
          turns.waitForEnd();
          if (!isLate) noted.add();
        },
      },
      undefined,
      0,
    );
    assert.deepEqual(noted.flushes, isLate ? [1] : []);
    await turnsPass(3);
  }
  assert.deepEqual(noted.flushes, [1, 1]);
});

test("where stanzas come one by one, fewer and fewer flushes wait a turn for more", async () => {
  const turns = new Turns(new Clock());
  const noted = new Noted(turns);
  let waited = 0;
  // One at once, then one in 17, in 33, in 65, and in 129 from then on.
  for (let round = 0; round < 1 + 17 + 33 + 65 + 2 * 129; round++) {
    noted.add();
    await setImmediate();
    if (noted.flushes.length === round) {
      waited++;
      await turnsPass(1);
    }
    assert.equal(noted.flushes.length, round + 1);
  }
  assert.equal(waited, 6);
});

test("where a wait has brought more, the next ones are tried as often as at first", async () => {
  const turns = new Turns(new Clock());
  const noted = new Noted(turns);
  /** Something comes by itself. @returns whether its flush waits for more, which comes if `isMore` */
  const hear = async (isMore = false): Promise<boolean> => {
    const before = noted.flushes.length;
    noted.add();
    await setImmediate();
    const waits = noted.flushes.length === before;
    if (waits && isMore) noted.add();
    await turnsPass(3);
    assert.equal(noted.flushes.length, before + 1);
    return waits;
  };
  for (let round = 0; round < 1 + 17 + 33; round++) await hear();
  for (let isOver = false; !isOver;) isOver = await hear(true);
  const waits: boolean[] = [];
  for (let round = 0; round < 1 + 17 + 33; round++) waits.push(await hear());
  assert.deepEqual(
    waits.flatMap((isOne, round) => (isOne ? [round] : [])),
    [16, 16 + 33],
  );
});

/** A room of 200, each of whom takes 20 µs of a flush. */
class Crowd {
  readonly clock = new Clock();
  readonly turns = new Turns(this.clock);
  readonly #all = Array.from(
    { length: 200 },
    () =>
      new Noted(this.turns, () => {
        this.clock.ms += 0.02;
      }),
  );

  /** Somebody talks to everybody. */
  hear(isMuch = false): void {
    for (const one of this.#all) one.add(isMuch);
  }

  /** What each was flushed with since the last look, which is the same for all. */
  get flushes(): number[] {
    const [first = [], ...others] = this.#all.map(({ flushes }) => flushes.splice(0));
    for (const other of others) assert.deepEqual(other, first);
    return first;
  }

  /** The first message, by which is learnt how long a flush takes. */
  static async warm(): Promise<Crowd> {
    const crowd = new Crowd();
    crowd.hear();
    await turnsPass(3);
    assert.deepEqual(crowd.flushes, [1]);
    return crowd;
  }
}

test("a long flush pauses for those who have spoken before, and no longer than until they have", async () => {
  const crowd = await Crowd.warm();
  crowd.hear();
  await turnsPass(3);
  assert.deepEqual(crowd.flushes, [], "it is tried whether somebody else speaks, too");
  crowd.hear();
  crowd.hear();
  await turnsPass(3);
  assert.equal(crowd.clock.waited(), 5);
  assert.deepEqual(crowd.flushes, [3]);
  for (let round = 0; round < 20; round++) {
    crowd.hear();
    await turnsPass(3);
    crowd.hear();
    await turnsPass(3);
    assert.deepEqual(crowd.flushes, []);
    crowd.hear();
    await turnsPass(2);
    assert.deepEqual(crowd.flushes, [3], "all three have spoken");
  }
});

test("who does not speak again is waited for less each time", async () => {
  const crowd = await Crowd.warm();
  for (const times of [1, 3]) for (let n = 0; n < times; n++) crowd.hear();
  await turnsPass(3);
  crowd.clock.waited();
  assert.deepEqual(crowd.flushes, [4]);
  for (let left = 3; left > 0; left--) {
    crowd.hear();
    await turnsPass(3);
    assert.equal(crowd.clock.waited(), 5);
    assert.deepEqual(crowd.flushes, [1]);
  }
});

test("where one alone speaks to many, fewer and fewer flushes pause", async () => {
  const crowd = await Crowd.warm();
  let paused = 0;
  for (let round = 0; round < 17 + 33 + 65; round++) {
    crowd.hear();
    await turnsPass(3);
    if (crowd.clock.waiting) {
      paused++;
      crowd.clock.waited();
    }
    assert.deepEqual(crowd.flushes, [1]);
  }
  assert.equal(paused, 3);
});

test("a pause ends where much waits already", async () => {
  const crowd = await Crowd.warm();
  crowd.hear();
  await turnsPass(3);
  crowd.hear(true);
  await turnsPass(2);
  assert.deepEqual(crowd.flushes, [2]);
  crowd.clock.waited();
  await turnsPass(2);
  assert.deepEqual(crowd.flushes, [], "and once");
});
