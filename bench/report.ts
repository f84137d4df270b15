/** What the bench prints. */
import type { Verdict } from "./targets.js";
import type { Measurement } from "./workloads/workload.js";

/** Rows of cells under a head. */
export interface Table {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

function short(value: number): string {
  return Math.abs(value) >= 999.5 ? Math.round(value).toLocaleString("en") : value.toPrecision(3);
}

/** For a terminal; the first two columns are names. */
export function asText({ head, rows }: Table): string {
  const widths = head.map((cell, column) => Math.max(cell.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => (column < 2 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join("  ");
  return [head, widths.map((width) => "-".repeat(width)), ...rows].map(line).join("\n");
}

/** For a page. */
export function asMarkdown({ head, rows }: Table): string {
  return [head, head.map(() => "---"), ...rows].map((row) => `| ${row.join(" | ")} |`).join("\n");
}

/** Every figure, with all servers beside each other. */
export function figuresTable(medians: readonly Measurement[]): Table {
  const servers = [...new Set(medians.map(({ server }) => server))];
  const rows = new Map<string, string[]>();
  for (const { workload, server, figures } of medians) {
    for (const [figure, value] of Object.entries(figures)) {
      const key = `${workload}\n${figure}`;
      const row = rows.get(key) ?? [workload, figure, ...servers.map(() => "")];
      row[2 + servers.indexOf(server)] = short(value);
      rows.set(key, row);
    }
  }
  return { head: ["workload", "figure", ...servers], rows: [...rows.values()] };
}

/** Each target: met or missed. */
export function targetsTable(verdicts: readonly Verdict[]): Table {
  const rows = verdicts.map(({ workload, figure, against, chorus, other, value, atMost, atLeast, met }) => [
    workload,
    figure,
    against === undefined ? "" : `${against.server}${against.workload === undefined ? "" : `: ${against.workload}`}`,
    short(chorus),
    other === undefined ? "" : short(other),
    other === undefined ? short(value) : value.toFixed(3),
    atLeast === undefined ? `≤ ${short(atMost ?? NaN)}` : `≥ ${short(atLeast)}`,
    met ? "met" : "MISSED",
  ]);
  return { head: ["workload", "figure", "against", "Chorus", "other", "ratio", "target", ""], rows };
}

/** How many targets are met. */
export function summary(verdicts: readonly Verdict[]): string {
  const met = verdicts.filter((verdict) => verdict.met).length;
  return `${met} of ${verdicts.length} targets met`;
}
