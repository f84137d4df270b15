import { existsSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../package.js";

/** Which configuration a command works with. */
export interface ConfigChoice {
  /** As problems name it: relative to the current folder, if it was named so. */
  readonly file: string;
  /** Nobody named one, and the folder has none: it is the example that comes with the package. */
  readonly isExample: boolean;
}

/** What `--config` named, else `prosody.cfg.lua` of the current folder, else the example that comes with the package. */
export function chooseConfig(named: string | undefined): ConfigChoice {
  if (named !== undefined) return { file: named, isExample: false };
  if (existsSync("prosody.cfg.lua")) return { file: "prosody.cfg.lua", isExample: false };
  return { file: join(packageRoot(), "prosody.cfg.lua.example"), isExample: true };
}
