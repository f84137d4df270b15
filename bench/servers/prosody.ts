import { prosodyIsMissing, startProsody } from "../../test/peers/prosody.js";
import type { Launch } from "./launch.js";
import type { BenchServer } from "./server.js";

export { prosodyIsMissing };

/** Debian's Prosody with its own rooms: nothing logged but errors, nothing limited, everybody may log in. */
export async function startProsodyRooms(launch: Launch, rooms = ""): Promise<BenchServer> {
  const peer = await startProsody({
    secret: "",
    ownRooms: `  muc_room_locking = false\n${rooms}`,
    lean: "",
    launch,
  });
  return {
    name: "Prosody",
    get pid() {
      return peer.pid;
    },
    clientPort: peer.clientPort,
    login: "PLAIN",
    compiles: false,
    get output() {
      return peer.output;
    },
    stop: () => peer.stop(),
  };
}
