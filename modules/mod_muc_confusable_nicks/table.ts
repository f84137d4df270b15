/**
 * The text form of the table of confusables: for each prototype the characters that look like it.
 *
 * `prototype:source source…;…`, all code points in base 36: those of a prototype joined by `.`, sources as distances from
 * the one before, a run of neighbours as `distance-length`.
 */

const code = (text: string): number => Number.parseInt(text, 36);

/** Reads the table. @returns prototypes by character */
export function readTable(text: string): Map<string, string> {
  const prototypes = new Map<string, string>();
  for (const group of text.split(";")) {
    const [target = "", sources = ""] = group.split(":");
    const prototype = String.fromCodePoint(...target.split(".").map(code));
    let at = 0;
    for (const source of sources.split(" ")) {
      const [distance = "", length = "1"] = source.split("-");
      at += code(distance);
      const end = at + code(length);
      for (; at < end; at++) prototypes.set(String.fromCodePoint(at), prototype);
      at--;
    }
  }
  return prototypes;
}

/** Writes what {@link readTable} reads. */
export function writeTable(prototypes: ReadonlyMap<string, string>): string {
  const groups = new Map<string, number[]>();
  for (const [source, prototype] of prototypes) {
    const sources = groups.get(prototype) ?? [];
    sources.push(source.codePointAt(0) as number);
    groups.set(prototype, sources);
  }
  return [...groups].map(([prototype, sources]) => writeGroup(prototype, sources)).join(";");
}

function writeGroup(prototype: string, sources: number[]): string {
  const runs: { start: number; length: number }[] = [];
  for (const source of sources.sort((a, b) => a - b)) {
    const last = runs.at(-1);
    if (last && last.start + last.length === source) last.length++;
    else runs.push({ start: source, length: 1 });
  }
  let at = 0;
  const written = runs.map(({ start, length }) => {
    const distance = (start - at).toString(36);
    at = start + length - 1;
    return length === 1 ? distance : `${distance}-${length.toString(36)}`;
  });
  const target = [...prototype].map((character) => (character.codePointAt(0) as number).toString(36)).join(".");
  return `${target}:${written.join(" ")}`;
}
