import { join } from "node:path";
import type { Launch } from "./launch.js";
import type { BenchServer } from "./server.js";

/** Starts the server that only copies bytes. */
export async function startBare(launch: Launch): Promise<BenchServer> {
  const child = launch(process.execPath, [join(import.meta.dirname, "bare-main.js")]);
  const clientPort = Number((await child.printed(/bare server on (\d+)/))[1]);
  return {
    name: "bare",
    get pid() {
      return child.pid;
    },
    clientPort,
    login: "ANONYMOUS",
    compiles: true,
    get output() {
      return child.output;
    },
    async stop() {
      await child.stop();
    },
  };
}
