/** What Chorus is to reach, and whether it does. */
import type { Measurement } from "./workloads/workload.js";

/** A bound for a figure of Chorus: for its ratio to another figure, or for itself. */
export interface Target {
  readonly workload: string;
  readonly figure: string;
  /** Whose figure it is divided by: another server's, or Chorus' own under another workload. */
  readonly against?: { readonly server: string; readonly workload?: string };
  readonly atMost?: number;
  readonly atLeast?: number;
}

const CPU = "cpuMicrosPerDelivery";
/** What counts as the same, as no two runs cost the same. */
const SAME = 1.25;

function against(workload: string, prosody: number, ejabberd: number, bare: number): Target[] {
  return [
    { workload, figure: CPU, against: { server: "prosody" }, atMost: 1 / prosody },
    { workload, figure: CPU, against: { server: "ejabberd" }, atMost: 1 / ejabberd },
    { workload, figure: CPU, against: { server: "bare" }, atMost: bare },
  ];
}

const IN_FLIGHT = ["1 in flight", "10 in flight"];

export const TARGETS: readonly Target[] = [
  ...against("room-100, 1 in flight", 10, 3, 1.6),
  ...against("room-100, 10 in flight", 25, 10, 2.5),
  ...against("room-1000", 30, 8, 2),
  ...against("rooms-200", 10, 2.5, 2),
  ...against("join-1000", 25, 8, 3),
  { workload: "rooms-200", figure: "rssPerOccupantBytes", against: { server: "prosody" }, atMost: 1 },
  { workload: "rooms-200", figure: "rssPerOccupantBytes", against: { server: "ejabberd" }, atMost: 0.5 },
  ...IN_FLIGHT.map((inFlight) => ({
    workload: `room-100 archived, ${inFlight}`,
    figure: CPU,
    against: { server: "chorus", workload: `room-100 persistent, ${inFlight}` },
    atMost: 2,
  })),
  ...["last", "middle", "by id"].map((kind) => ({
    workload: `archive, ${kind} page`,
    figure: "cpuMicrosPerPage",
    against: { server: "chorus", workload: "archive, first page" },
    atMost: SAME,
  })),
  ...["first", "last", "middle", "by id"].map((kind) => ({
    workload: `archive, ${kind} page`,
    figure: "cpuMicrosPerPage",
    against: { server: "prosody" },
    atMost: 1,
  })),
  {
    workload: "rooms-idle, stored",
    figure: "startCpuMs",
    against: { server: "chorus", workload: "rooms-idle, none stored" },
    atMost: SAME,
  },
  { workload: "rooms-idle, stored", figure: "addedRssBytes", atMost: 10 * 1024 ** 2 },
  { workload: "rooms-idle, stored", figure: "bytesPerLiveRoom", atMost: 8 * 1024 },
  { workload: "durable", figure: "changesPerFsync", atLeast: 10 },
  ...["prosody", "ejabberd"].flatMap((host) =>
    IN_FLIGHT.map((inFlight) => ({
      workload: `attached to ${host}, ${inFlight}`,
      figure: CPU,
      against: { server: "bare" },
      atMost: 1.2,
    })),
  ),
];

/** A target with what was measured. */
export interface Verdict extends Target {
  readonly chorus: number;
  /** What it is divided by, if it is. */
  readonly other?: number;
  /** The ratio, or the figure itself. */
  readonly value: number;
  readonly met: boolean;
}

/** The targets for which all has been measured. */
export function judge(medians: readonly Measurement[], targets: readonly Target[] = TARGETS): Verdict[] {
  const find = (server: string, workload: string, figure: string): number | undefined =>
    medians.find((one) => one.server === server && one.workload === workload)?.figures[figure];
  return targets.flatMap((target) => {
    const { workload, figure, against: other, atMost = Infinity, atLeast = -Infinity } = target;
    const chorus = find("chorus", workload, figure);
    const divisor = other && find(other.server, other.workload ?? workload, figure);
    if (chorus === undefined || (other && divisor === undefined)) return [];
    const value = chorus / (divisor ?? 1);
    const met = value <= atMost && value >= atLeast;
    return [{ ...target, chorus, ...(divisor !== undefined && { other: divisor }), value, met }];
  });
}
