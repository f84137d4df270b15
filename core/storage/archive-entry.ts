/** An entry of an archive, as ordered records and rows of databases have it. */

/** An entry as stored. */
export interface StoredEntry {
  readonly id: string;
  readonly when: number;
  readonly with: string;
  readonly xml: string;
}

/** The text that an entry is stored as. */
export function entryText({ id, when, with: withValue, xml }: StoredEntry): string {
  return JSON.stringify([id, when, withValue, xml]);
}

/** The entry of a text that {@link entryText} made; `undefined`: it is none. @throws SyntaxError when it is no JSON */
export function readEntry(text: string): StoredEntry | undefined {
  const fields = JSON.parse(text) as unknown;
  if (!Array.isArray(fields)) return undefined;
  const [id, when, withValue, xml] = fields as unknown[];
  const isEntry = typeof id === "string" && typeof when === "number" && typeof withValue === "string";
  return isEntry && typeof xml === "string" ? { id, when, with: withValue, xml } : undefined;
}
