import { attachedTarget } from "./attached/target.js";
import { configTarget } from "./config/target.js";
import { dataTarget } from "./foreign/target.js";
import { parserTarget } from "./parser/target.js";
import { stanzasTarget } from "./stanzas/target.js";
import type { Finding, Target } from "./target.js";

/** Everything that is fuzzed. */
export const TARGETS: readonly Target[] = [parserTarget, stanzasTarget, attachedTarget, configTarget, dataTarget];

/** Findings of one target after which it is left. */
const ENOUGH = 5;

/** What to fuzz, and how much. */
export interface FuzzOptions {
  readonly targets: readonly Target[];
  readonly runs: number;
  readonly seed: number;
  /** The one target gets all of the runs, not its share of them. */
  readonly isAlone: boolean;
  /** Takes a line for whoever is watching. */
  readonly say: (line: string) => void;
}

/** Gives each target its inputs; ends with the numbers of what was found. */
export async function fuzz({ targets, runs, seed, isAlone, say }: FuzzOptions): Promise<{
  readonly crashes: number;
  readonly differences: number;
}> {
  const findings: Finding[] = [];
  for (const target of targets) {
    const missing = target.missing?.();
    if (missing !== undefined) throw new Error(`${target.name} cannot be fuzzed: ${missing}`);
    const inputs = isAlone ? runs : Math.max(1, Math.ceil(runs * target.share));
    say(`${target.name}: ${inputs} inputs, seed ${seed}`);
    const before = findings.length;
    const found = (finding: Finding): void => {
      findings.push(finding);
      say(
        `${finding.kind}: ${finding.what}\nagain: npm run fuzz -- --only ${target.name} --runs ${finding.inputs} --seed ${finding.seed}`,
      );
      if (findings.length - before >= ENOUGH) throw new Enough();
    };
    let told = 0;
    const progress = (done: number): void => {
      if (done - told < inputs / 10) return;
      told = done;
      say(`${target.name}: ${done} inputs`);
    };
    try {
      say(await target.fuzz({ seed, inputs, found, progress }));
    } catch (error) {
      if (!(error instanceof Enough)) throw error;
    }
  }
  const crashes = findings.filter(({ kind }) => kind === "crash").length;
  return { crashes, differences: findings.length - crashes };
}

/** Thrown out of a target that was found wrong often enough. */
class Enough extends Error {}
