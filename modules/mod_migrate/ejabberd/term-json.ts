import type { Json } from "chorus-muc";
import { Atom, ImproperList, isBinary, Opaque, TermMap, Tuple, type Term } from "./term.js";
import { decodeUtf8, TextError } from "./text-error.js";

/**
 * A term as JSON, to be kept where nobody here knows what it is for: atoms and text are strings, `true` and `false` are
 * themselves, `undefined` is null, tuples and lists are lists, a map is a list of pairs; bytes that are no text are
 * `{ "base64": … }`.
 */
export function termToJson(term: Term): Json {
  if (term instanceof Atom) {
    if (term.name === "undefined") return null;
    return term.name === "true" || term.name === "false" ? term.name === "true" : term.name;
  }
  if (isBinary(term)) return binaryToJson(term);
  if (term instanceof Tuple) return term.items.map(termToJson);
  if (term instanceof TermMap) return term.entries.map((pair) => pair.map(termToJson));
  if (term instanceof ImproperList) return [...term.items, term.tail].map(termToJson);
  if (term instanceof Opaque) return term.text;
  if (typeof term === "object") return term.map(termToJson);
  return typeof term === "bigint" ? String(term) : term;
}

function binaryToJson(bytes: Uint8Array): Json {
  try {
    return decodeUtf8(bytes);
  } catch (error) {
    if (error instanceof TextError) return { base64: Buffer.from(bytes).toString("base64") };
    throw error;
  }
}
