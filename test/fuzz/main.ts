/** `npm run fuzz -- [--runs N] [--seed S] [--only TARGET]` */
import { parseArgs } from "node:util";
import { fuzz, TARGETS } from "./fuzz.js";

const { values } = parseArgs({
  options: { runs: { type: "string" }, seed: { type: "string" }, only: { type: "string" } },
});
const runs = Number(values.runs ?? 100_000);
const seed = Number(values.seed ?? Date.now() % 2 ** 31);
const targets = TARGETS.filter(({ name }) => values.only === undefined || name === values.only);
if (!Number.isInteger(runs) || runs < 1 || !Number.isInteger(seed) || seed < 0 || targets.length === 0) {
  console.error(`usage: npm run fuzz -- [--runs N] [--seed S] [--only ${TARGETS.map(({ name }) => name).join("|")}]`);
  process.exit(2);
}

const isAlone = values.only !== undefined;
const { crashes, differences } = await fuzz({ targets, runs, seed, isAlone, say: (line) => console.log(line) });
console.log(`${crashes} crashes, ${differences} differences unexplained`);
process.exit(crashes + differences === 0 ? 0 : 1);
