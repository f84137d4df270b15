/** The chart of the README: what a delivery costs, each workload on a scale of its own. */
import type { Measurement } from "./workloads/workload.js";

const FIGURE = "cpuMicrosPerDelivery";

/** Workloads with what they are called for readers; servers from the top, with a colour. */
const GROUPS: readonly (readonly [workload: string, title: string])[] = [
  ["room-100, 1 in flight", "100 occupants, one message under way"],
  ["room-100, 10 in flight", "100 occupants, ten messages under way"],
  ["room-1000", "1,000 occupants, five senders"],
  ["rooms-200", "200 rooms of 10 occupants"],
  ["join-1000", "1,000 users enter one room (per presence)"],
];
const BARS: readonly (readonly [server: string, label: string, colour: string])[] = [
  ["bare", "bytes only", "#8c959f"],
  ["chorus", "Chorus", "#1a7f37"],
  ["ejabberd", "ejabberd 23.01", "#9a6700"],
  ["prosody", "Prosody 0.12", "#0969da"],
];

const WIDTH = 720;
const LEFT = 120;
const RIGHT = 70;
const BAR = 18;
const TITLE = 26;
const GAP = 14;
const HEAD = 52;

function amount(micros: number): string {
  return `${micros >= 100 ? Math.round(micros) : micros.toPrecision(2)} µs`;
}

/** Draws it, as SVG. Workloads and servers that were not measured are left out. */
export function drawChart(medians: readonly Measurement[]): string {
  const value = (workload: string, server: string): number | undefined =>
    medians.find((one) => one.workload === workload && one.server === server)?.figures[FIGURE];
  const parts: string[] = [];
  let y = HEAD;
  for (const [workload, title] of GROUPS) {
    const bars = BARS.flatMap(([server, label, colour]) => {
      const micros = value(workload, server);
      return micros === undefined ? [] : [{ label, colour, micros }];
    });
    if (bars.length === 0) continue;
    const longest = Math.max(...bars.map(({ micros }) => micros));
    parts.push(`<text x="${LEFT}" y="${y + 14}" font-weight="600">${title}</text>`);
    y += TITLE;
    for (const { label, colour, micros } of bars) {
      const length = Math.max(1, (micros / longest) * (WIDTH - LEFT - RIGHT));
      const middle = y + BAR - 6;
      parts.push(
        `<text x="${LEFT - 8}" y="${middle}" text-anchor="end">${label}</text>`,
        `<rect x="${LEFT}" y="${y + 1}" width="${length.toFixed(1)}" height="${BAR - 4}" fill="${colour}"/>`,
        `<text x="${(LEFT + length + 6).toFixed(1)}" y="${middle}">${amount(micros)}</text>`,
      );
      y += BAR;
    }
    y += GAP;
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y}" width="${WIDTH}" height="${y}" font-family="sans-serif" font-size="12" fill="#1f2328" role="img" aria-label="Processor time per delivery">
<rect width="${WIDTH}" height="${y}" fill="#ffffff"/>
<text x="${LEFT}" y="24" font-size="16" font-weight="600">Processor time per delivery (less is better)</text>
${parts.join("\n")}
</svg>
`;
}
