/** What is in the package, and how its commands are found. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { promisify } from "node:util";
import { packageRoot } from "../../core/package.js";

const manifest = JSON.parse(readFileSync(join(packageRoot(), "package.json"), "utf8")) as {
  readonly bin: Readonly<Record<string, string>>;
  readonly exports: Readonly<Record<string, Readonly<Record<string, string>>>>;
};

describe("the package", () => {
  it("has the program, its types, the example and the texts, and no tests", async () => {
    const { stdout } = await promisify(execFile)("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], {
      cwd: packageRoot(),
      maxBuffer: 16 * 1024 * 1024,
    });
    const [pack] = JSON.parse(stdout) as [{ files: { path: string }[] }];
    const files = pack.files.map(({ path }) => path);
    const wanted = [
      ...["README.md", "CHANGELOG.md", "LICENSE", "package.json", "prosody.cfg.lua.example"],
      ...Object.values(manifest.bin),
      ...Object.values(manifest.exports).flatMap((paths) => Object.values(paths).map((path) => path.replace("./", ""))),
      "dist/modules/autoload.js",
    ];
    for (const path of wanted) assert.ok(files.includes(path), `${path} is missing`);
    assert.deepEqual(
      files.filter((path) => !/^(dist\/(core|modules)\/|[^/]+$)/.test(path) || path.includes(".test.")),
      [],
    );
  });

  it("has commands that can be run", () => {
    for (const path of Object.values(manifest.bin)) {
      const file = join(packageRoot(), path);
      assert.match(readFileSync(file, "utf8"), /^#!\/usr\/bin\/env node\n/);
      assert.ok(statSync(file).mode & 0o111, `${path} is not executable: was it built by "npm run build"?`);
    }
  });

  it("says nothing in its lock file about where packages come from", () => {
    assert.doesNotMatch(readFileSync(join(packageRoot(), "package-lock.json"), "utf8"), /"resolved"/);
  });
});
