/** The program of the bare server: prints its port, and runs until it is ended. */
import { BareServer } from "./bare-server.js";

console.log(`bare server on ${await new BareServer().listen()}`);
