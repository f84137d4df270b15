import type { ImportOptions } from "../import-run.js";
import { readWords } from "../words.js";
import type { Quoting } from "./sql-statement.js";

/** How ejabberd quotes text for a database, by its option `sql_type`. */
const QUOTINGS: Readonly<Record<string, Quoting>> = {
  mysql: "backslash",
  pgsql: "backslash",
  odbc: "backslash",
  sqlite: "standard",
  mssql: "standard",
};
const SOURCES = ["--dump", "--sql", "--database"] as const;

/** How an import is called. */
export interface ImportCall extends ImportOptions {
  readonly source: { readonly kind: (typeof SOURCES)[number]; readonly name: string };
  /** How the statements of `--sql` quote; `undefined`: to be found out. */
  readonly quoting: Quoting | undefined;
  /** Hosts to bring over; none: all. */
  readonly hosts: readonly string[];
}

/** Takes the words behind `import ejabberd` apart. @returns what is wrong with them, if they cannot be understood */
export function readCall(args: readonly string[]): ImportCall | string {
  const words = readWords(args, {
    flags: ["--dry-run", "--json"],
    options: [...SOURCES, "--sql-type", "--host"],
  });
  if (typeof words === "string") return words;
  const { flags, values } = words;
  const sources = SOURCES.flatMap((kind) => (values.get(kind) ?? []).map((name) => ({ kind, name })));
  const [source] = sources;
  if (!source || sources.length > 1) return `expected one of ${SOURCES.join(", ")}, got ${sources.length} of them`;
  const type = values.get("--sql-type")?.at(-1);
  if (type !== undefined && !Object.hasOwn(QUOTINGS, type)) {
    return `--sql-type: expected one of ${Object.keys(QUOTINGS).join(", ")}, got ${type}`;
  }
  return {
    source,
    quoting: type === undefined ? undefined : QUOTINGS[type],
    hosts: values.get("--host") ?? [],
    isDryRun: flags.has("--dry-run"),
    isJson: flags.has("--json"),
  };
}
