/** What the bench prints. */
import type { Verdict } from "./targets.js";
import type { Measurement } from "./workloads/workload.js";

function short(value: number): string {
  return value >= 1000 ? Math.round(value).toLocaleString("en") : value.toPrecision(3);
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((cell, column) => Math.max(cell.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => (column < 2 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join("  ");
  return [head, widths.map((width) => "-".repeat(width)), ...rows].map(line).join("\n");
}

/** Every figure, with all servers beside each other. */
export function figuresTable(medians: readonly Measurement[]): string {
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
  return table(["workload", "figure", ...servers], [...rows.values()]);
}

/** Each target: met or missed. */
export function targetsTable(verdicts: readonly Verdict[]): string {
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
  return table(["workload", "figure", "against", "Chorus", "other", "ratio", "target", ""], rows);
}

/** How many targets are met. */
export function summary(verdicts: readonly Verdict[]): string {
  const met = verdicts.filter((verdict) => verdict.met).length;
  return `${met} of ${verdicts.length} targets met`;
}
