/** A heap that mostly has garbage in it stays small while it is asked to. */
import assert from "node:assert/strict";
import { resolve } from "node:path";
import { test } from "node:test";
import { startChild } from "../../support/child.js";

const MODULE = resolve(import.meta.dirname, "../../../modules/mod_migrate/heap-growth.js");

/** Keeps 64 MB, replaces them thirty times, and prints the most bytes that the heap had. */
function work(before: string): string {
  return `
    import { keepHeapSmall } from ${JSON.stringify(MODULE)};
    ${before}
    const kept = [];
    let most = 0;
    for (let number = 0; number < 2000; number++) {
      kept[number % 64] = new Array(131_072).fill(number + 0.5);
      most = Math.max(most, process.memoryUsage().heapUsed);
    }
    console.log(most);`;
}

async function mostBytes(before = ""): Promise<number> {
  const child = startChild(process.execPath, ["--single-threaded-gc", "--input-type=module", "--eval", work(before)]);
  assert.equal(await child.exited, 0, child.output);
  return Number(child.output);
}

test("the heap stays smaller than by itself, until it may grow again", async () => {
  const [byItself, small, after] = await Promise.all([
    mostBytes(),
    mostBytes("keepHeapSmall();"),
    mostBytes("keepHeapSmall()();"),
  ]);
  assert.ok(small < 0.7 * byItself, `${small} bytes, and ${byItself} by itself`);
  assert.ok(small < 0.7 * after, `${small} bytes, and ${after} afterwards`);
});
