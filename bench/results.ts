import { mkdirSync, writeFileSync } from "node:fs";
import { arch, cpus, platform, release, totalmem } from "node:os";
import { dirname, join } from "node:path";
import { drawChart } from "./chart.js";
import { medians } from "./medians.js";
import { asMarkdown, figuresTable, summary, targetsTable } from "./report.js";
import { judge, type Verdict } from "./targets.js";
import type { Measurement, ServerName } from "./workloads/workload.js";

/** How a run went. */
export interface Circumstances {
  /** As in ISO 8601. */
  readonly began: string;
  /** Whether servers and load had a processor each. */
  readonly pinned: boolean;
  readonly rounds: number;
  /** Servers that could not be measured, and why. */
  readonly leftOut: Readonly<Partial<Record<ServerName, string>>>;
}

/** What a run has found out, and where. */
export interface Results extends Circumstances {
  readonly node: string;
  readonly machine: {
    readonly cpu: string | undefined;
    readonly cpus: number;
    readonly memoryBytes: number;
    readonly os: string;
  };
  readonly medians: readonly Measurement[];
  readonly verdicts: readonly Verdict[];
}

export function summarise(circumstances: Circumstances, measurements: readonly Measurement[]): Results {
  const middle = medians(measurements);
  return {
    ...circumstances,
    node: process.version,
    machine: {
      cpu: cpus()[0]?.model,
      cpus: cpus().length,
      memoryBytes: totalmem(),
      os: `${platform()} ${release()} ${arch()}`,
    },
    medians: middle,
    verdicts: judge(middle),
  };
}

/** As JSON, with every single measurement. */
export function writeResults(file: string, results: Results, measurements: readonly Measurement[]): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify({ ...results, measurements }, undefined, 2)}\n`);
}

/** For readers: a page, and the chart on it. */
export function writePage(folder: string, results: Results): void {
  writeFileSync(join(folder, "full.svg"), drawChart(results.medians));
  writeFileSync(join(folder, "README.md"), page(results));
}

/** Targets and figures of a complete run. */
function page({ began, node, machine, pinned, rounds, medians, verdicts }: Results): string {
  return `# Results of the bench

Made by \`npm run bench\` on ${began.slice(0, 10)}: ${rounds === 1 ? "one round" : `medians of ${rounds} rounds`}, the servers taking turns in each. Node ${node}, ${machine.cpus} × ${machine.cpu ?? "a processor"}, ${machine.os}; ${pinned ? "servers on one processor and the load on another" : "no process pinned"}. What is measured, and what it means, is in [performance](../../docs/performance.md).

![processor time per delivery](full.svg)

## Targets

${summary(verdicts)}.

${asMarkdown(targetsTable(verdicts))}

## Figures

Names end in the unit. CPU time is user and system time of all threads; of \`attached\` that of the component, \`host…\` being that of the server that has the users; \`bare\` is there a component that only copies text.

${asMarkdown(figuresTable(medians))}
`;
}
