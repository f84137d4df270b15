/** What can be wrong with what ejabberd wrote out. `docs/errors.md` has cause and remedy of each. */
export type TextErrorCode =
  /** Not what ejabberd writes. */
  | "EJABBERD_SYNTAX"
  /** The text, or a record of it, ends too early. */
  | "EJABBERD_TRUNCATED"
  /** Text that is not UTF-8. */
  | "EJABBERD_ENCODING"
  /** It reads well, and is not what belongs there. */
  | "EJABBERD_SHAPE";

/** A record of ejabberd's that cannot be used. */
export class TextError extends Error {
  override readonly name = "TextError";

  constructor(
    readonly code: TextErrorCode,
    what: string,
    /** Character in the text that was read, from 0. */
    readonly at = 0,
  ) {
    super(what);
  }
}

/** What is wrong with a record, for a remark. @throws the error when it is of another kind: nothing can go on then */
export function reasonOf(error: unknown): string {
  if (error instanceof TextError) return `${error.code}: ${error.message}`;
  throw error;
}

/** @returns the error, to be thrown: something reads well, and is not what belongs there */
export function misshapen(what: string): TextError {
  return new TextError("EJABBERD_SHAPE", what);
}

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Text of bytes in UTF-8. @throws TextError */
export function decodeUtf8(bytes: Uint8Array): string {
  try {
    return UTF8.decode(bytes);
  } catch {
    throw new TextError("EJABBERD_ENCODING", "expected text in UTF-8, got other bytes");
  }
}
