import type { Bench, ServerName } from "../workloads/workload.js";
import { startBare } from "./bare.js";
import { startChorus } from "./chorus.js";
import { ejabberdIsMissing, startEjabberdRooms } from "./ejabberd.js";
import { prosodyIsMissing, startProsodyRooms } from "./prosody.js";
import type { BenchServer } from "./server.js";

/** Why a server cannot be measured here, or `undefined`. */
export async function isMissing(server: ServerName): Promise<string | undefined> {
  switch (server) {
    case "prosody":
      return prosodyIsMissing();
    case "ejabberd":
      return ejabberdIsMissing();
    case "chorus":
    case "bare":
      return undefined;
  }
}

/** Starts a server that has clients and rooms, and nothing else. */
export async function startRooms(server: ServerName, { launch, profile }: Bench): Promise<BenchServer> {
  switch (server) {
    case "chorus":
      return startChorus(launch, { profile });
    case "prosody":
      return startProsodyRooms(launch);
    case "ejabberd":
      return startEjabberdRooms(launch);
    case "bare":
      return startBare(launch);
  }
}
