/** The package itself: where it is, what version it is. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** Root of this package, found from where this file was built to: the folder of `package.json` and the example. */
export function packageRoot(): string {
  let folder = import.meta.dirname;
  while (!existsSync(join(folder, "package.json"))) folder = dirname(folder);
  return folder;
}

/** Version of this package, as in `package.json`. */
export function packageVersion(): string {
  const { version } = JSON.parse(readFileSync(join(packageRoot(), "package.json"), "utf8")) as { version: string };
  return version;
}
