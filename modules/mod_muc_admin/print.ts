import type { CommandIo, Json } from "chorus-muc";
import type { ActionAnswer, ActionRow, ActionTable } from "chorus-muc/muc";
import { alignedLine, cellText, widthsFor } from "./text-table.js";

/** Rows that are aligned together, and between which the reader is waited for. */
const BLOCK = 100;

/** Rows of tables, one after the other. */
export async function* rowsOf(tables: readonly ActionTable[]): AsyncGenerator<ActionRow> {
  for (const { rows } of tables) yield* typeof rows === "function" ? rows(undefined) : rows;
}

/** Prints what came of an action that is no table. */
export function printAnswer(io: CommandIo, answer: Exclude<ActionAnswer, ActionTable>, isJson: boolean): void {
  switch (answer.kind) {
    case "done":
      if (isJson) printJson(io, answer.data);
      else io.print(answer.text);
      return;
    case "record":
      if (isJson) printJson(io, answer.fields);
      else printRecord(io, answer.fields);
      return;
    case "value":
      if (isJson) printJson(io, { [answer.name]: answer.value });
      else printValue(io, answer.value);
      return;
    default:
      answer satisfies never;
  }
}

function printJson(io: CommandIo, value: Json): void {
  for (const line of JSON.stringify(value, null, 2).split("\n")) io.print(line);
}

function printRecord(io: CommandIo, fields: ActionRow): void {
  const lines = Object.entries(fields).map(([name, value]) => [`${name}:`, cellText(value)]);
  const widths = widthsFor(lines);
  for (const line of lines) io.print(alignedLine(line, widths));
}

/** A value alone is for scripts: as it is, each of several on a line of its own. */
function printValue(io: CommandIo, value: Json): void {
  if (value === null) return;
  if (Array.isArray(value)) for (const each of value as readonly Json[]) io.print(String(each));
  else io.print(typeof value === "object" ? JSON.stringify(value) : String(value));
}

/** Prints rows as they come: aligned under headings, or as one array. */
export async function printTable(
  io: CommandIo,
  columns: ActionTable["columns"],
  rows: AsyncIterable<ActionRow>,
  isJson: boolean,
): Promise<void> {
  if (isJson) await printJsonRows(io, rows);
  else await printRows(io, columns, rows);
}

async function printJsonRows(io: CommandIo, rows: AsyncIterable<ActionRow>): Promise<void> {
  let last: string | undefined;
  let count = 0;
  for await (const row of rows) {
    io.print(last === undefined ? "[" : `  ${last},`);
    last = JSON.stringify(row);
    if (++count % BLOCK === 0) await io.drained?.();
  }
  if (last === undefined) io.print("[]");
  else {
    io.print(`  ${last}`);
    io.print("]");
  }
}

async function printRows(
  io: CommandIo,
  columns: ActionTable["columns"],
  rows: AsyncIterable<ActionRow>,
): Promise<void> {
  let block: string[][] = [Object.values(columns)];
  let widths: number[] = [];
  const flush = async (): Promise<void> => {
    widths = widthsFor(block, widths);
    for (const line of block) io.print(alignedLine(line, widths));
    block = [];
    await io.drained?.();
  };
  for await (const row of rows) {
    block.push(Object.keys(columns).map((key) => cellText(row[key])));
    if (block.length > BLOCK) await flush();
  }
  await flush();
}
