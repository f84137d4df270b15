#!/usr/bin/env node
/** `chorusctl`: everything but the server itself. */
import { explain } from "../modules/module-error.js";
import { dispatch } from "./dispatcher.js";
import { TerminalIo } from "./terminal.js";

const args = process.argv.slice(2);
const io = new TerminalIo({ passwordFromStdin: args.includes("--password-stdin") });
// A reader that has gone away, as in `chorusctl help | head`, is no failure.
process.stdout.on("error", () => process.exit(0));
let status;
try {
  status = await dispatch(args, io);
} catch (error) {
  io.error(`chorusctl: ${explain(error)}`);
  status = 1;
}
process.exit(status);
