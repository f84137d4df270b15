import type { Mode } from "../config/chorus-config.js";
import type { ImportOptions } from "../import-run.js";
import { readWords } from "../words.js";

const MODES: readonly Mode[] = ["attached", "standalone"];
const SWITCHES: readonly string[] = ["--dry-run", "--json", "--show-secrets", ...MODES.map((mode) => `--${mode}`)];

/** How an import is called. */
export interface ImportCall extends ImportOptions {
  /** Prosody's configuration. */
  readonly config: string;
  readonly dataPath: string | undefined;
  /** Hosts to bring over; none: all. */
  readonly hosts: readonly string[];
  /** What configuration to make where there is none; `undefined`: there is one. */
  readonly mode: Mode | undefined;
  /** Says secrets in what is printed. */
  readonly showSecrets: boolean;
}

/** Takes the words behind `import prosody` apart. @returns what is wrong with them, if they cannot be understood */
export function readCall(args: readonly string[]): ImportCall | string {
  const words = readWords(args, { flags: SWITCHES, options: ["--config", "--data-path", "--host"] });
  if (typeof words === "string") return words;
  const { flags, values } = words;
  const config = values.get("--config")?.at(-1);
  if (config === undefined) return "--config: expected Prosody's configuration, got nothing";
  const modes = MODES.filter((mode) => flags.has(`--${mode}`));
  if (modes.length > 1) return "--attached, --standalone: expected one of them, got both";
  return {
    config,
    dataPath: values.get("--data-path")?.at(-1),
    hosts: values.get("--host") ?? [],
    isDryRun: flags.has("--dry-run"),
    isJson: flags.has("--json"),
    mode: modes[0],
    showSecrets: flags.has("--show-secrets"),
  };
}
