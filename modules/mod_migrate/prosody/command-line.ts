import type { Mode } from "../config/chorus-config.js";
import type { ImportOptions } from "../import-run.js";

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
  let config: string | undefined;
  let dataPath: string | undefined;
  const hosts: string[] = [];
  const switches = new Set<string>();
  for (let at = 0; at < args.length; at++) {
    const [name = "", ...rest] = (args[at] ?? "").split("=");
    if (SWITCHES.includes(name)) {
      if (rest.length > 0) return `${name} takes no value`;
      switches.add(name);
      continue;
    }
    if (name !== "--config" && name !== "--data-path" && name !== "--host") return `unexpected: ${args[at] ?? ""}`;
    const value = rest.length > 0 ? rest.join("=") : args[++at];
    if (value === undefined || value === "") return `${name}: expected a value, got nothing`;
    if (name === "--host") hosts.push(value);
    else if (name === "--config") config = value;
    else dataPath = value;
  }
  if (config === undefined) return "--config: expected Prosody's configuration, got nothing";
  const modes = MODES.filter((mode) => switches.has(`--${mode}`));
  if (modes.length > 1) return "--attached, --standalone: expected one of them, got both";
  return {
    config,
    dataPath,
    hosts,
    isDryRun: switches.has("--dry-run"),
    isJson: switches.has("--json"),
    mode: modes[0],
    showSecrets: switches.has("--show-secrets"),
  };
}
