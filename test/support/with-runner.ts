/**
 * Loaded into each test process by `run.ts`: ends it when the runner is gone, as nobody is there any more who would be
 * told of the tests.
 */
const CHECK_MS = 250;

// What loads it is for this process, and not for those that it starts: they get what the runner was given.
process.env["NODE_OPTIONS"] = new URL(import.meta.url).searchParams.get("options") ?? "";

const runner = process.ppid;
setInterval(() => {
  if (process.ppid !== runner) process.exit(1);
}, CHECK_MS).unref();
