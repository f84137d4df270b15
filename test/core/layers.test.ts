import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { dirname, join, relative, resolve } from "node:path";
import { describe, it } from "node:test";
import ts from "typescript";

const root = resolve(import.meta.dirname, "../../..");

function sources(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => join(folder, name));
}

/**
 * What a file imports, be it types only, `import()`, `require` or the augmentation of a module: package names as they
 * are, files by their path from the root.
 */
function importsOf(file: string): string[] {
  const { importedFiles } = ts.preProcessFile(readFileSync(join(root, file), "utf8"), true, true);
  return importedFiles.map(({ fileName }) =>
    fileName.startsWith(".") ? relative(root, resolve(root, dirname(file), fileName)) : fileName,
  );
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
const PUBLIC = new Set(["chorus-muc", "chorus-muc/muc"]);
const { dependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
  readonly dependencies: Readonly<Record<string, string>>;
};

/** `@xmpp/xml/lib/x.js` is of `@xmpp/xml`. */
function packageOf(imported: string): string {
  return imported
    .split("/")
    .slice(0, imported.startsWith("@") ? 2 : 1)
    .join("/");
}

describe("arrows between the parts", () => {
  it("core imports nothing of modules, and only LevelDB's driver imports level", () => {
    check("core", (imported, file) => {
      if (imported.startsWith("modules/") || imported.startsWith("chorus-muc")) return false;
      if (imported === "level" || imported === "memory-level") return file.startsWith("core/storage/");
      return imported !== "ltx";
    });
  });

  it("a module imports the public API, packages that are installed with Chorus, and files of its own folder", () => {
    check("modules", (imported, file) => {
      if (isBuiltin(imported)) return imported.startsWith("node:");
      if (PUBLIC.has(imported)) return true;
      // The core's database is reached through stores, and there is one class of elements.
      if (packageOf(imported) in dependencies) return imported !== "level" && imported !== "memory-level";
      // Read by the compiler alone.
      if (file === DECLARATIONS) return true;
      const [, folder = "", ...rest] = file.split("/");
      return rest.length > 0 && imported.startsWith(`modules/${folder}/`);
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

  it("sees every way of importing", () => {
    const found = importsOf("test/core/layers.test.ts");
    assert.deepEqual(found.slice(0, 3), ["node:assert/strict", "node:fs", "node:module"]);
    const text =
      'import a from "a"; import type { B } from "b"; type C = import("c").C; void import("d"); export * from "e";';
    assert.deepEqual(
      ts.preProcessFile(text, true, true).importedFiles.map(({ fileName }) => fileName),
      ["a", "b", "c", "d", "e"],
    );
    assert.ok(sources("modules").length > 100);
  });
});
