import type { ImportOptions } from "../../import-run.js";

/** What becomes of data that is there already where an export goes. */
export type OverPresent = "merge" | "replace";

/** How an export is called. */
export interface ExportCall extends ImportOptions {
  /** A data folder, a database by its address, or where a configuration of Prosody's says. */
  readonly to:
    | { readonly kind: "folder"; readonly path: string }
    | { readonly kind: "database"; readonly address: string }
    | { readonly kind: "config"; readonly file: string; readonly dataPath: string | undefined };
  /** Hosts to export; none: all. */
  readonly hosts: readonly string[];
  /** The version of Prosody that is to read it. */
  readonly version: "0.12" | "13.0";
  /** `undefined`: nothing may be there. */
  readonly over: OverPresent | undefined;
}

const FLAGS = ["--dry-run", "--json", "--merge", "--replace"];
const VALUES = ["--to", "--sql", "--config", "--data-path", "--host", "--for"];

/** Takes the words behind `export prosody` apart. @returns what is wrong with them, if they cannot be understood */
export function readExportCall(args: readonly string[]): ExportCall | string {
  const flags = new Set<string>();
  const values = new Map<string, string[]>();
  for (let at = 0; at < args.length; at++) {
    const [name = "", ...rest] = (args[at] ?? "").split("=");
    if (FLAGS.includes(name)) {
      if (rest.length > 0) return `${name} takes no value`;
      flags.add(name);
      continue;
    }
    if (!VALUES.includes(name)) return `unexpected: ${args[at] ?? ""}`;
    const value = rest.length > 0 ? rest.join("=") : args[++at];
    if (value === undefined || value === "") return `${name}: expected a value, got nothing`;
    values.set(name, [...(values.get(name) ?? []), value]);
  }
  const one = (name: string): string | undefined => values.get(name)?.at(-1);
  const [folder, address, file] = ["--to", "--sql", "--config"].map(one);
  const [dataPath, version = "0.12"] = ["--data-path", "--for"].map(one);
  if ([folder, address, file].filter((place) => place !== undefined).length !== 1) {
    return "expected one of --to DIR, --sql DATABASE and --config PROSODY_CONFIG";
  }
  if (dataPath !== undefined && file === undefined) return "--data-path: expected together with --config only";
  if (version !== "0.12" && version !== "13.0") return `--for: expected 0.12 or 13.0, got ${version}`;
  if (flags.has("--merge") && flags.has("--replace")) return "expected --merge or --replace, got both";
  let to: ExportCall["to"];
  if (folder !== undefined) to = { kind: "folder", path: folder };
  else if (address !== undefined) to = { kind: "database", address };
  else to = { kind: "config", file: file ?? "", dataPath };
  return {
    to,
    hosts: values.get("--host") ?? [],
    version,
    over: flags.has("--merge") ? "merge" : flags.has("--replace") ? "replace" : undefined,
    isDryRun: flags.has("--dry-run"),
    isJson: flags.has("--json"),
  };
}
