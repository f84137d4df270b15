/** Runs every compiled `*.test.js`, those of the examples too, or those whose path contains one of the arguments. */
import { existsSync, readdirSync } from "node:fs";
import { join, relative } from "node:path";
import { run } from "node:test";
import { spec } from "node:test/reporters";
import { pathToFileURL } from "node:url";

const compiled = join(import.meta.dirname, "..");
const wanted = process.argv.slice(2);
const files = ["test", "examples"]
  .map((folder) => join(compiled, folder))
  .filter((folder) => existsSync(folder))
  .flatMap((folder) => readdirSync(folder, { recursive: true, encoding: "utf8" }).map((name) => join(folder, name)))
  .filter((file) => file.endsWith(".test.js"))
  .filter((file) => wanted.length === 0 || wanted.some((part) => relative(compiled, file).includes(part)))
  .sort();

if (files.length === 0) {
  console.error(`no test file matches ${wanted.join(" ")}`);
  process.exit(1);
}

// By the environment, as it is the one way that holds for all versions of Node.
const { NODE_OPTIONS: options = "" } = process.env;
const withRunner = pathToFileURL(join(import.meta.dirname, "support/with-runner.js"));
withRunner.searchParams.set("options", options);
process.env["NODE_OPTIONS"] = `${options} --import=${withRunner.href}`;

let failed = false;
run({ files, concurrency: 2, timeout: 300_000 })
  .on("test:fail", (event) => {
    // A subtest marked `todo` does not fail the run; there are none, so every failure counts.
    failed = event.todo === undefined || failed;
  })
  .on("end", () => {
    process.exitCode = failed ? 1 : 0;
  })
  .pipe(new spec())
  .pipe(process.stdout);
