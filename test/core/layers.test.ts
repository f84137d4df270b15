import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { describe, it } from "node:test";

const root = resolve(import.meta.dirname, "../../..");

function sources(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => join(folder, name));
}

/** What a file imports: package names as they are, files by their path from the root. */
function importsOf(file: string): string[] {
  const text = readFileSync(join(root, file), "utf8");
  const found = text.matchAll(/^\s*(?:import|export)\b[^;"']*?from\s*["']([^"']+)["']|^\s*import\s*["']([^"']+)["']/gm);
  return [...found].map(([, from, bare]) => {
    const name = (from ?? bare) as string;
    return name.startsWith(".") ? relative(root, resolve(root, dirname(file), name)) : name;
  });
}

function check(folder: string, allowed: (imported: string, file: string) => boolean): void {
  const wrong = sources(folder).flatMap((file) =>
    importsOf(file)
      .filter((imported) => !allowed(imported, file))
      .map((imported) => `${file} imports ${imported}`),
  );
  assert.deepEqual(wrong, []);
}

const DECLARATIONS = "modules/declarations.ts";
const PUBLIC = new Set(["chorus-muc", "chorus-muc/muc", "@xmpp/xml", "tsyringe"]);

describe("arrows between the parts", () => {
  it("core imports nothing of modules, and only LevelDB's driver imports level", () => {
    check("core", (imported, file) => {
      if (imported.startsWith("modules/") || imported.startsWith("chorus-muc")) return false;
      if (imported === "level" || imported === "memory-level") return file.startsWith("core/storage/");
      return imported !== "ltx";
    });
  });

  it("a module imports the public API, npm packages, and files of its own folder", () => {
    check("modules", (imported, file) => {
      if (!imported.startsWith("core/") && !imported.startsWith("modules/")) {
        const isOurs = imported.startsWith("chorus-muc");
        const isTestKit = imported === "chorus-muc/testing" && file.endsWith("/testing.ts");
        return (!isOurs || PUBLIC.has(imported) || isTestKit) && imported !== "ltx" && imported !== "level";
      }
      // Read by the compiler alone.
      if (file === DECLARATIONS) return true;
      const [, folder, ...rest] = file.split("/");
      return rest.length > 0 && imported.startsWith(`modules/${folder as string}/`);
    });
  });

  it("what modules declare beside their own files is seen by who imports chorus-muc/muc", () => {
    const declaring = sources("modules").filter(
      (file) =>
        !file.startsWith("modules/mod_muc/") && /^declare module "/m.test(readFileSync(join(root, file), "utf8")),
    );
    const listed = importsOf(DECLARATIONS).map((file) => file.replace(/\.js$/, ".ts"));
    assert.deepEqual(listed.slice(1).sort(), declaring.sort());
  });
});
