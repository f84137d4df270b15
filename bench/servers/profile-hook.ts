/** Loaded by a server (`node --import`) that is to be profiled: SIGUSR2 begins a profile, the next one writes it. */
import { writeFileSync } from "node:fs";
import { Session } from "node:inspector";
import { join } from "node:path";

const folder = process.env["BENCH_PROFILE_DIR"] ?? ".";
const session = new Session();
session.connect();
session.post("Profiler.enable");
session.post("Profiler.setSamplingInterval", { interval: 200 }); // microseconds
let number = 0;
let running = false;

process.on("SIGUSR2", () => {
  running = !running;
  if (running) {
    session.post("Profiler.start", () => console.log(`profile ${++number} begun`));
    return;
  }
  session.post("Profiler.stop", (error, result) => {
    if (error) throw error;
    writeFileSync(join(folder, `${process.pid}-${number}.cpuprofile`), JSON.stringify(result.profile));
    console.log(`profile ${number} written`);
  });
});
