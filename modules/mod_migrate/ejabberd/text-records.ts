import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { decodeUtf8, TextError } from "./text-error.js";

/** Characters that one record may have. */
const MAX_RECORD = 64 * 1024 * 1024;
/** Pieces that are joined to see whether they are one record. */
const MAX_JOINED = 16;
/** Characters of a border that the end of a chunk may cut. */
const BORDER_LENGTH = 32;
const CHUNK = 256 * 1024;
const HEAD_LENGTH = 200;

/** How records stand in a text. */
export interface RecordFormat<T> {
  /** Global: the end of a line, in front of one that begins a record. Within a record that is rare, and allowed. */
  readonly border: RegExp;
  /** Default: `latin1`, in which characters are bytes. */
  readonly encoding?: "latin1" | "utf8";
  /** Whether to read what begins so; default: everything. */
  isWanted?(piece: string): boolean;
  /** Reads the next record. @returns `undefined` when none is left @throws TextError */
  read(text: string, from: number): { readonly value: T; readonly end: number } | undefined;
}

/** One record of a text, or why it cannot be read. */
export interface TextRecord<T> {
  /** Line on which it begins, from 1. */
  readonly line: number;
  readonly value: T | TextError;
  /** How its text begins. */
  readonly head: string;
  /** How much of the file was read by then, of 1. */
  readonly fraction: number;
}

/**
 * The records of a text in order, read piece by piece: no more than a few are in memory.
 *
 * A damaged record does not take those behind it along: reading goes on with the next line that begins one.
 */
export async function* readRecords<T>(file: string, format: RecordFormat<T>): AsyncGenerator<TextRecord<T>> {
  const { size } = await stat(file);
  let passed = 0;
  for await (const record of recordsIn(file, format, (characters) => (passed += characters))) {
    yield { ...record, fraction: size === 0 ? 1 : passed / size };
  }
}

type Unplaced<T> = Omit<TextRecord<T>, "fraction">;

/** @param tell is told the length of each piece */
async function* recordsIn<T>(
  file: string,
  format: RecordFormat<T>,
  tell: (length: number) => void,
): AsyncGenerator<Unplaced<T>> {
  let text = "";
  let line = 1;
  let joined = 0;
  const pass = (length: number): void => {
    line += linesIn(text, length);
    text = text.slice(length);
    joined = 0;
  };
  const read = function* (isEnd: boolean): Generator<Unplaced<T>> {
    while (text !== "") {
      try {
        const next = format.read(text, 0);
        if (!next) return pass(text.length);
        yield { line: line + linesIn(text, text.search(/\S/)), value: next.value, head: headOf(text) };
        pass(next.end);
      } catch (error) {
        if (!(error instanceof TextError)) throw error;
        // It may be the text within the record that looks like the beginning of another.
        if (error.code === "EJABBERD_TRUNCATED" && !isEnd && joined < MAX_JOINED) return;
        yield { line: line + linesIn(text, error.at), value: error, head: headOf(text) };
        format.border.lastIndex = 0;
        const border = format.border.exec(text);
        if (!border) return pass(text.length);
        pass(border.index + 1);
      }
    }
  };
  for await (const piece of pieces(file, format.border)) {
    if (piece instanceof TextError) {
      yield* read(true);
      yield { line, value: piece, head: "" };
      continue;
    }
    tell(piece.length);
    if (text === "" && format.isWanted?.(piece) === false) {
      line += linesIn(piece, piece.length);
      continue;
    }
    const decoded = format.encoding === "utf8" ? decoded8(piece) : piece;
    if (decoded instanceof TextError) {
      yield* read(true);
      yield { line, value: decoded, head: headOf(piece) };
      line += linesIn(piece, piece.length);
      continue;
    }
    text += decoded;
    joined++;
    yield* read(false);
  }
  yield* read(true);
}

function decoded8(piece: string): string | TextError {
  try {
    return decodeUtf8(Buffer.from(piece, "latin1"));
  } catch (error) {
    if (error instanceof TextError) return error;
    throw error;
  }
}

/** Long texts are kept in memory by any part of them that is kept. */
function headOf(text: string): string {
  return text.slice(0, HEAD_LENGTH);
}

function linesIn(text: string, end: number): number {
  let lines = 0;
  for (let at = text.indexOf("\n"); at !== -1 && at < end; at = text.indexOf("\n", at + 1)) lines++;
  return lines;
}

/** A file, cut in front of each line that begins a record. */
async function* pieces(file: string, border: RegExp): AsyncGenerator<string | TextError> {
  const pattern = new RegExp(border);
  let rest = "";
  let isOverlong = false;
  for await (const chunk of createReadStream(file, {
    encoding: "latin1",
    highWaterMark: CHUNK,
  }) as AsyncIterable<string>) {
    // Looked through once: the border may only straddle the two, or need what stands behind it to be one.
    pattern.lastIndex = Math.max(0, rest.length - BORDER_LENGTH);
    rest += chunk;
    let from = 0;
    for (let found = pattern.exec(rest); found; found = pattern.exec(rest)) {
      if (!isOverlong) yield rest.slice(from, found.index + 1);
      isOverlong = false;
      from = found.index + 1;
    }
    rest = rest.slice(from);
    if (rest.length <= MAX_RECORD) continue;
    if (!isOverlong) yield new TextError("EJABBERD_SYNTAX", `expected the next record within ${MAX_RECORD} characters`);
    isOverlong = true;
    rest = rest.slice(-BORDER_LENGTH);
  }
  if (!isOverlong && rest !== "") yield rest;
}
