/** What a process and its children have used, from Linux' /proc. */
import { readFileSync, readdirSync } from "node:fs";

/** Ticks a second of the times in /proc/PID/stat: fixed for user space on Linux. */
const TICKS = 100;

/** What has been used since the start of the processes. */
export interface Usage {
  /** User and system time, in microseconds. */
  readonly cpuMicros: number;
  /** Resident memory, in bytes. */
  readonly rssBytes: number;
  /** Most resident memory so far, in bytes. */
  readonly peakRssBytes: number;
}

/** A process and all that descend from it. */
function family(pid: number): number[] {
  const children = readdirSync(`/proc/${pid}/task`).flatMap((task) =>
    readFileSync(`/proc/${pid}/task/${task}/children`, "utf8").split(" ").filter(Boolean).map(Number),
  );
  return [pid, ...children.flatMap(family)];
}

/** Of one process. The scheduler's clocks count nanoseconds; where the kernel keeps none, ticks of 10 ms do. */
function cpuMicros(pid: number): number {
  const nanos = readdirSync(`/proc/${pid}/task`).map((task) =>
    Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, "utf8").split(" ")[0]),
  );
  const total = nanos.reduce((sum, value) => sum + value, 0);
  if (total > 0) return total / 1000;
  // The name, in brackets, may have blanks; user and system time are the 12th and 13th after it.
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.split(" ") ?? [];
  return ((Number(fields[11]) + Number(fields[12])) / TICKS) * 1_000_000;
}

function kibibytes(status: string, key: string): number {
  return Number(new RegExp(`^${key}:\\s+(\\d+) kB$`, "m").exec(status)?.[1] ?? 0) * 1024;
}

/** What a process and its descendants have used. @throws Error when it has ended */
export function usageOf(pid: number): Usage {
  let usage = { cpuMicros: 0, rssBytes: 0, peakRssBytes: 0 };
  for (const member of family(pid)) {
    const status = readFileSync(`/proc/${member}/status`, "utf8");
    usage = {
      cpuMicros: usage.cpuMicros + cpuMicros(member),
      rssBytes: usage.rssBytes + kibibytes(status, "VmRSS"),
      peakRssBytes: usage.peakRssBytes + kibibytes(status, "VmHWM"),
    };
  }
  return usage;
}
