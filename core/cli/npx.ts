/** How often it is looked whether npx is still there. */
const LOOK_EVERY_MS = 500;

/**
 * Calls back when the `npx` that started this process is gone. It runs commands through a shell, and hands a signal on
 * to that shell alone: who ends `npx chorus` would end everything but the server.
 */
export function onNpxGone(callback: () => void): void {
  if (process.env["npm_lifecycle_event"] !== "npx") return;
  const shell = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === shell) return;
    clearInterval(timer);
    callback();
  }, LOOK_EVERY_MS);
  timer.unref();
}
