import { connect, createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { Child } from "./child.js";

/** Loopback ports that nothing listened on a moment ago, for programs that cannot pick one themselves. */
export async function freePorts(count: number): Promise<number[]> {
  // All are held at once, so that they differ.
  const servers = await Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise<ReturnType<typeof createServer>>((resolve, reject) => {
          const server = createServer().once("error", reject);
          server.listen(0, "127.0.0.1", () => resolve(server));
        }),
    ),
  );
  const ports = servers.map((server) => {
    const address = server.address();
    return typeof address === "object" && address !== null ? address.port : 0;
  });
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

/** Resolves when something listens on a port of loopback. @throws Error with its output when the process ends before */
export async function untilListening(port: number, child: Child): Promise<void> {
  const ended = child.exited.then((status) => {
    throw new Error(`it ended (${status}) before it listened on ${port}:\n${child.output}`);
  });
  ended.catch(() => undefined);
  const listening = async (): Promise<boolean> =>
    new Promise((resolve) => {
      const socket = connect({ port, host: "127.0.0.1" }, () => {
        socket.destroy();
        resolve(true);
      }).once("error", () => resolve(false));
    });
  while (!(await Promise.race([listening(), ended]))) await sleep(10);
}
