import { createReadStream } from "node:fs";
import { readStatement, type Quoting, type SqlStatement } from "./sql-statement.js";
import type { RecordFormat } from "./text-records.js";

const BORDER = /\n(?=(?:insert|replace|delete|update|create|begin|commit)\b|-- )/gi;
/** In quotes: what must have a backslash before it where backslashes escape, with those that it has. */
const EVIDENCE = /'|\\*"|\\+|[\n\r\t\0]/g;

/** A text of SQL statements. @param isWanted of which tables to read; statements of none are always read */
export function sqlFormat(quoting: Quoting, isWanted: (table: string) => boolean): RecordFormat<SqlStatement> {
  return {
    border: BORDER,
    isWanted(piece) {
      const table = tableIn(piece.slice(0, 200));
      if (table === undefined || isWanted(table)) return true;
      // Where quotes do not end, the next piece belongs to this one, too.
      return piece.split("'").length % 2 === 0;
    },
    read: (text, from) => readStatement(text, from, quoting),
  };
}

/** The table that a statement brings rows for. */
export function tableIn(text: string): string | undefined {
  return /^\s*(?:insert|replace)\s+into\s+["`[]?(?:\w+\.)?(\w+)/i.exec(text)?.[1]?.toLowerCase();
}

/**
 * How a text quotes, by the first that tells: where backslashes escape, as with MySQL, a quotation mark or the end of a
 * line is never without one in text.
 */
export async function quotingOf(file: string): Promise<Quoting> {
  let isText = false;
  let rest = "";
  for await (const chunk of createReadStream(file, { encoding: "latin1" }) as AsyncIterable<string>) {
    const text = rest + chunk;
    let end = 0;
    for (const found of text.matchAll(EVIDENCE)) {
      // Backslashes may go on in the next chunk.
      if (found.index + found[0].length === text.length && found[0].startsWith("\\")) break;
      end = found.index + found[0].length;
      if (found[0] === "'") isText = !isText;
      else if (isText && found[0].endsWith('"')) return found[0].length % 2 === 0 ? "backslash" : "standard";
      else if (isText && !found[0].startsWith("\\")) return "standard";
    }
    const tail = /\\+$/.exec(text.slice(Math.max(end, text.length - 64)));
    rest = tail?.[0] ?? "";
  }
  return "backslash";
}
