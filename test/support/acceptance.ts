import { existsSync, readdirSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import type { Script } from "../../core/testing/scansion.js";

/** The folder with the acceptance scripts: `CHORUS_SCENARIOS`, by default beside the project. */
const FOLDER = process.env["CHORUS_SCENARIOS"] ?? resolve(import.meta.dirname, "../../../../shared/scenarios");

/** A script that Chorus has to pass. */
export interface ScriptFile {
  /** Path below the folder that it was found in. */
  readonly name: string;
  readonly file: string;
}

/** All acceptance scripts, in order of their names; none where the folder is missing. */
export function acceptanceScripts(): ScriptFile[] {
  return scriptsIn(FOLDER);
}

/** The project's own scripts. They are data and stay where they are written, while this runs from `dist`. */
export function ownScripts(): ScriptFile[] {
  return scriptsIn(resolve(import.meta.dirname, "../../../test/scenarios"));
}

/** All scripts in a folder and those below it. */
function scriptsIn(folder: string): ScriptFile[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".scs"))
    .sort()
    .map((name) => ({ name: relative(folder, join(folder, name)), file: join(folder, name) }));
}

/** Why the acceptance scripts cannot be played, or `undefined`. */
export function acceptanceScriptsAreMissing(): string | undefined {
  return acceptanceScripts().length > 0 ? undefined : `no acceptance scripts in ${FOLDER} (set CHORUS_SCENARIOS)`;
}

/**
 * The lines of the rooms' section that a script of our own needs: modules by its tags `with muc_…`, options by its tags
 * `set name = value`.
 */
export function modulesFor({ tags }: Script): string {
  const names = [...tags].flatMap((tag) => /^with (\w+)$/.exec(tag)?.[1] ?? []);
  const options = [...tags].flatMap((tag) => /^set (\w+ = .+)$/.exec(tag)?.[1] ?? []);
  if (names.length > 0) options.unshift(`modules_enabled = { ${names.map((name) => `"${name}"`).join(", ")} }`);
  return options.join("\n");
}
