import { join } from "node:path";
import { startEjabberd } from "../../test/peers/ejabberd.js";
import type { Peer } from "../../test/peers/peer.js";
import { startProsody } from "../../test/peers/prosody.js";
import type { Bench } from "../workloads/workload.js";
import { startChorus } from "./chorus.js";
import { EJABBERD_SETTINGS } from "./ejabberd.js";
import type { BenchServer } from "./server.js";

const SECRET = "a secret between servers";

/** Servers that may hold the users of an attached one. */
export const HOSTS = ["prosody", "ejabberd"] as const;
export type HostName = (typeof HOSTS)[number];

/** A component with the server that has its users. */
export interface AttachedServer extends BenchServer {
  readonly host: BenchServer;
}

/** Starts a server for the users, and attaches Chorus, or a component that only copies text, as its rooms. */
export async function startAttached(
  { launch, profile }: Bench,
  component: "chorus" | "bare",
  host: HostName,
): Promise<AttachedServer> {
  const peer = await (host === "prosody"
    ? startProsody({ secret: SECRET, lean: "", launch })
    : startEjabberd({ secret: SECRET, lean: EJABBERD_SETTINGS, launch }));
  try {
    const upstream = { port: peer.componentPort, secret: SECRET };
    const attached = component === "chorus" ? await startChorus(launch, { upstream, profile }) : undefined;
    const running = attached ?? (await startBareComponent(launch, upstream));
    return withHost(running, peer, host === "prosody" ? "PLAIN" : "ANONYMOUS");
  } catch (error) {
    await peer.stop();
    throw error;
  }
}

async function startBareComponent(
  launch: Bench["launch"],
  { port, secret }: { readonly port: number; readonly secret: string },
): Promise<BenchServer> {
  const child = launch(process.execPath, [join(import.meta.dirname, "bare-component.js"), String(port), secret]);
  await child.printed(/bare component attached/);
  return {
    name: "bare component",
    pid: child.pid,
    clientPort: 0,
    login: "PLAIN",
    compiles: true,
    output: "",
    async stop() {
      await child.stop();
    },
  };
}

function withHost(component: BenchServer, peer: Peer, login: BenchServer["login"]): AttachedServer {
  const { name, pid, clientPort } = peer;
  return {
    ...component,
    pid: component.pid,
    clientPort,
    login,
    host: { name, pid, clientPort, login, compiles: false, output: "", stop: () => peer.stop() },
    async stop() {
      await component.stop();
      await peer.stop();
    },
  };
}
