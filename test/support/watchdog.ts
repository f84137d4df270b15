import { spawn } from "node:child_process";
import type { Socket } from "node:net";

/** Waits for the end of its input. Without a word before it, whoever held the other end has died: asked first, killed then. */
const SCRIPT = `
read -r _ && exit
kill -TERM "-$1" 2>/dev/null
n=0
while kill -0 "-$1" 2>/dev/null && [ $n -lt 20 ]; do sleep 0.1; n=$((n + 1)); done
kill -KILL "-$1" 2>/dev/null
`;

/**
 * Has a process group ended as soon as this process has died, however that came about, SIGKILL included: by a shell of
 * its own, which reads from a pipe that nobody but this process can write to.
 * @param group id of the group, which is the pid of the process that leads it
 * @returns calls it off: the group has ended by itself
 */
export function endWithUs(group: number): () => void {
  // In a group of its own, or else what ends this process by its group ends the watchdog, too.
  const watchdog = spawn("/bin/sh", ["-c", SCRIPT, "watchdog", String(group)], {
    stdio: ["pipe", "ignore", "ignore"],
    detached: true,
  });
  watchdog.on("error", () => undefined); // without a shell things are as they would be without a watchdog
  watchdog.unref();
  watchdog.stdin.on("error", () => undefined);
  (watchdog.stdin as unknown as Socket).unref();
  return () => {
    watchdog.stdin.end("over\n");
  };
}
