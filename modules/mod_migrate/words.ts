/** The words behind a command, taken apart. */
export interface Words {
  readonly flags: ReadonlySet<string>;
  /** Values by the names of their options, in order. */
  readonly values: ReadonlyMap<string, readonly string[]>;
}

/**
 * Takes the words behind a command apart: `--flag`, `--option VALUE`, `--option=VALUE`.
 * @returns what is wrong with them, if they cannot be understood
 */
export function readWords(
  args: readonly string[],
  known: { readonly flags: readonly string[]; readonly options: readonly string[] },
): Words | string {
  const flags = new Set<string>();
  const values = new Map<string, string[]>();
  for (let at = 0; at < args.length; at++) {
    const [name = "", ...rest] = (args[at] ?? "").split("=");
    if (known.flags.includes(name)) {
      if (rest.length > 0) return `${name} takes no value`;
      flags.add(name);
      continue;
    }
    if (!known.options.includes(name)) return `unexpected: ${args[at] ?? ""}`;
    const value = rest.length > 0 ? rest.join("=") : args[++at];
    if (value === undefined || value === "") return `${name}: expected a value, got nothing`;
    values.set(name, [...(values.get(name) ?? []), value]);
  }
  return { flags, values };
}
