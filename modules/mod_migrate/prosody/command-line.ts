import type { ImportOptions } from "../import-run.js";

/** How an import is called. */
export interface ImportCall extends ImportOptions {
  /** Prosody's configuration. */
  readonly config: string;
  readonly dataPath: string | undefined;
  /** Hosts to bring over; none: all. */
  readonly hosts: readonly string[];
}

/** Takes the words behind `import prosody` apart. @returns what is wrong with them, if they cannot be understood */
export function readCall(args: readonly string[]): ImportCall | string {
  let config: string | undefined;
  let dataPath: string | undefined;
  const hosts: string[] = [];
  let isDryRun = false;
  let isJson = false;
  for (let at = 0; at < args.length; at++) {
    const [name = "", ...rest] = (args[at] ?? "").split("=");
    if (name === "--dry-run" || name === "--json") {
      if (rest.length > 0) return `${name} takes no value`;
      if (name === "--json") isJson = true;
      else isDryRun = true;
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
  return { config, dataPath, hosts, isDryRun, isJson };
}
