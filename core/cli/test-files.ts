/** The process in which `chorusctl module test` runs test files: `node:test` runs what they register. */
import { loadOutside } from "../modules/outside.js";

for (const file of process.argv.slice(2)) await loadOutside(file);
