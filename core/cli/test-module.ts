/** `chorusctl module test`: the tests of modules, in TypeScript or JavaScript, without a build. */
import { spawn } from "node:child_process";
import { existsSync, readdirSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import type { CommandIo } from "./command.js";

function testsIn(place: string): string[] {
  if (!existsSync(place)) return [];
  if (statSync(place).isFile()) return [place];
  return readdirSync(place, { withFileTypes: true })
    .flatMap((entry) => {
      const path = join(place, entry.name);
      if (entry.isDirectory()) return entry.name === "node_modules" ? [] : testsIn(path);
      return /\.test\.(ts|js|mjs)$/.test(entry.name) ? [path] : [];
    })
    .sort();
}

/** @returns 0 when all tests pass */
export async function testModule(args: readonly string[], io: CommandIo): Promise<number> {
  const files: string[] = [];
  for (const place of args.length === 0 ? ["."] : args) {
    const found = testsIn(resolve(place));
    if (found.length === 0) {
      io.error(`${place}: expected a test, or a folder with files *.test.ts, *.test.js or *.test.mjs`);
      return 1;
    }
    files.push(...found);
  }
  // A process of its own: `node:test` has its say when that ends, and modules under test cannot keep this one.
  const program = join(import.meta.dirname, "test-files.js");
  const child = spawn(process.execPath, ["--test-reporter=spec", program, ...files], { stdio: "inherit" });
  return new Promise((done, failed) => {
    child.once("error", failed);
    child.once("close", (code) => {
      done(code === 0 ? 0 : 1);
    });
  });
}
