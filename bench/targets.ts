/** What Chorus is to reach, and whether it does. */
import type { Measurement } from "./workloads/workload.js";

/** A figure of Chorus is to be at most so many times that of another server. */
export interface Target {
  readonly workload: string;
  readonly figure: string;
  readonly against: string;
  /** Chorus' figure divided by the other's. */
  readonly atMost: number;
}

const CPU = "cpuMicrosPerDelivery";

function against(workload: string, prosody: number, ejabberd: number, bare: number): Target[] {
  return [
    { workload, figure: CPU, against: "prosody", atMost: 1 / prosody },
    { workload, figure: CPU, against: "ejabberd", atMost: 1 / ejabberd },
    { workload, figure: CPU, against: "bare", atMost: bare },
  ];
}

export const TARGETS: readonly Target[] = [
  ...against("room-100, 1 in flight", 10, 3, 1.6),
  ...against("room-100, 10 in flight", 25, 10, 2.5),
  ...against("room-1000", 30, 8, 2),
  ...against("rooms-200", 10, 2.5, 2),
  ...against("join-1000", 25, 8, 3),
  { workload: "rooms-200", figure: "rssPerOccupantBytes", against: "prosody", atMost: 1 },
  { workload: "rooms-200", figure: "rssPerOccupantBytes", against: "ejabberd", atMost: 0.5 },
];

/** A target with what was measured. */
export interface Verdict extends Target {
  readonly chorus: number;
  readonly other: number;
  readonly ratio: number;
  readonly met: boolean;
}

/** The targets of which both sides were measured. */
export function judge(medians: readonly Measurement[]): Verdict[] {
  const figure = (server: string, { workload, figure: name }: Target): number | undefined =>
    medians.find((one) => one.server === server && one.workload === workload)?.figures[name];
  return TARGETS.flatMap((target) => {
    const chorus = figure("chorus", target);
    const other = figure(target.against, target);
    if (chorus === undefined || other === undefined) return [];
    const ratio = chorus / other;
    return [{ ...target, chorus, other, ratio, met: ratio <= target.atMost }];
  });
}
