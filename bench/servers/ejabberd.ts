import { ejabberdIsMissing, startEjabberd } from "../../test/peers/ejabberd.js";
import type { Launch } from "./launch.js";
import { ROOMS, type BenchServer } from "./server.js";

export { ejabberdIsMissing };

/** Anybody may log in, with a name that is made up; no shapers, no limits. */
export const EJABBERD_SETTINGS = `
auth_method: anonymous
anonymous_protocol: sasl_anon
allow_multiple_connections: true
max_fsm_queue: 1000000
`;

/** Debian's ejabberd with its own rooms: only errors logged, nothing limited. */
export async function startEjabberdRooms(launch: Launch): Promise<BenchServer> {
  const peer = await startEjabberd({
    secret: "",
    ownRooms: `    host: ${ROOMS}
    max_users: 100000
    max_users_presence: 100000
    max_user_conferences: 100000
    default_room_options: {max_users: 100000}`,
    lean: EJABBERD_SETTINGS,
    launch,
  });
  return {
    name: "ejabberd",
    get pid() {
      return peer.pid;
    },
    clientPort: peer.clientPort,
    login: "ANONYMOUS",
    compiles: false,
    get output() {
      return peer.output;
    },
    stop: () => peer.stop(),
  };
}
