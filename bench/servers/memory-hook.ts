/** Loaded by a server (`node --import`) whose memory is to be told from what the collector has left: SIGWINCH prints it. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;
let asked = 0;

process.on("SIGWINCH", () => {
  collect();
  const { heapUsed, external } = process.memoryUsage();
  console.log(`memory ${++asked}: ${heapUsed + external}`);
});
