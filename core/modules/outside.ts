/** Loads TypeScript and JavaScript from outside this package, without a build. */
import "reflect-metadata";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { createJiti } from "jiti";
import { packageRoot } from "../package.js";
import { dependenciesOf } from "./files.js";

let virtual: Promise<Record<string, unknown>> | undefined;

/**
 * Compiles a file and evaluates it afresh, with all its helper files. It shares `chorus-muc`, `@xmpp/xml` and
 * `tsyringe` with the core, wherever it is; what else it imports is looked for from its own folder.
 * @returns its exports
 */
export async function loadOutside(path: string): Promise<unknown> {
  virtual ??= publicImports();
  const jiti = createJiti(pathToFileURL(path).href, {
    moduleCache: false,
    fsCache: false,
    interopDefault: true,
    virtualModules: await virtual,
    nativeModules: dependenciesOf(path),
  });
  // Not at once `jiti.import`: it leaves ECMAScript modules to Node, which keeps helper files of an earlier load.
  try {
    return jiti(path);
  } catch (error) {
    if (!isAsynchronous(error)) throw error;
    return jiti.import(path);
  }
}

/** Whether a file cannot be evaluated at once: it, or what it imports, has an `await` outside of functions. */
function isAsynchronous(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return (error as { code?: unknown }).code === "ERR_REQUIRE_ASYNC_MODULE" || /\bawait\b/.test(error.message);
}

/** What a module outside the package may import without having it installed beside it. */
async function publicImports(): Promise<Record<string, unknown>> {
  const root = packageRoot();
  const { name, exports } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
    name: string;
    exports: Record<string, { default: string }>;
  };
  const found: Record<string, unknown> = {
    "@xmpp/xml": await import("@xmpp/xml"),
    tsyringe: await import("tsyringe"),
  };
  for (const [path, { default: file }] of Object.entries(exports)) {
    found[name + path.slice(1)] = await import(pathToFileURL(join(root, file)).href);
  }
  return found;
}
