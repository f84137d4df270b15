/** `npm run torture -- --kills N [--seed S]` */
import { parseArgs } from "node:util";
import { torture } from "./torture.js";

const { values } = parseArgs({ options: { kills: { type: "string" }, seed: { type: "string" } } });
const kills = Number(values.kills ?? 300);
const seed = Number(values.seed ?? Date.now() % 2 ** 31);
if (!Number.isInteger(kills) || kills < 1 || !Number.isInteger(seed)) {
  console.error("usage: npm run torture -- [--kills N] [--seed S]");
  process.exit(2);
}

let told = 0;
const report = await torture({
  kills,
  seed,
  onCheck: (done, acknowledged) => {
    if (done < told + 25) return;
    told = done;
    console.log(`${done} kills, ${acknowledged} acknowledged`);
  },
});
for (const difference of report.differences) console.error(difference);
if (report.differences.length > 0) console.error(`seed ${seed}: npm run torture -- --kills ${kills} --seed ${seed}`);
const lost = report.differences.length;
console.log(
  `${report.kills} kills, ${report.acknowledged} changes acknowledged, ${report.heard} messages received, ${lost} lost`,
);
process.exit(lost === 0 ? 0 : 1);
