import { archive } from "./archive.js";
import { attached } from "./attached.js";
import { durable } from "./durable.js";
import { importProsody } from "./import.js";
import { room100 } from "./room-100.js";
import { room1000 } from "./room-1000.js";
import { roomsIdle } from "./rooms-idle.js";
import { rooms200 } from "./rooms-200.js";
import { scale } from "./scale.js";
import type { Workload } from "./workload.js";

/** All workloads, in the order in which they run. */
export const WORKLOADS: readonly Workload[] = [
  room100,
  room1000,
  rooms200,
  attached,
  durable,
  importProsody,
  archive,
  roomsIdle,
  scale,
];
