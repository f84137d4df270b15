/** The package itself: where it is, what version it is. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** Root of this package, found from where this file was built to: the folder of `package.json` and the example. */
export function packageRoot(): string {
  let folder = import.meta.dirname;
  while (!existsSync(join(folder, "package.json"))) folder = dirname(folder);
  return folder;
}

/** Version of the module API: grows when something is taken away or comes to mean something else. */
export const API_VERSION = 1;

/** Version of this package, as in `package.json`. */
export function packageVersion(): string {
  const { version } = JSON.parse(readFileSync(join(packageRoot(), "package.json"), "utf8")) as { version: string };
  return version;
}
