/** What can be wrong with a file of Prosody's data. `docs/errors.md` has cause and remedy of each. */
export type DataErrorCode =
  /** Not what Prosody's serialiser writes. */
  | "PROSODY_SYNTAX"
  /** The file, or its last record, ends too early. */
  | "PROSODY_TRUNCATED"
  /** Text that is not UTF-8. */
  | "PROSODY_ENCODING"
  /** It reads well, and is not what belongs there. */
  | "PROSODY_SHAPE";

/** A file of Prosody's data, or a record of it, that cannot be used. */
export class DataError extends Error {
  override readonly name = "DataError";

  constructor(
    readonly code: DataErrorCode,
    /** What is wrong, without the place. */
    readonly what: string,
    /** Byte in the file, from 0; `undefined`: it is in a database. */
    readonly offset: number | undefined,
  ) {
    super(offset === undefined ? what : `${what} (byte ${offset})`);
  }
}
