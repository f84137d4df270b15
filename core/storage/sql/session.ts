/** What a value can be on its way to a database, or back. */
export type SqlValue = string | number | bigint | boolean | Uint8Array | null;

/** A row, by names of columns. */
export type SqlRow = Readonly<Record<string, unknown>>;

/** What a statement came to. */
export interface SqlResult {
  readonly rows: readonly SqlRow[];
  /** Rows that were inserted, changed or removed. */
  readonly affected: number;
}

/**
 * One session with one database. Statements are written with `"quoted"` names and `?` for each value, whatever the
 * database; no `?` may stand for anything else. Errors are the library's own.
 */
export interface SqlSession {
  /** Whether it is of no use any more: the server has gone, or has hung up. */
  readonly isBroken: boolean;
  execute(text: string, values: readonly SqlValue[]): Promise<SqlResult>;
  /** Rows as they are read over, a few of them in memory. Nothing else may be asked of this session until it is done. */
  stream(text: string, values: readonly SqlValue[]): AsyncIterable<SqlRow>;
  close(): Promise<void>;
}

/** How sessions with one database are made. */
export interface SqlBackend {
  /** Whether there can be several at a time. */
  readonly isShared: boolean;
  /** Statement that begins a transaction. */
  readonly begin: string;
  connect(): Promise<SqlSession>;
  /** Once, when all sessions are closed. */
  end(): Promise<void>;
}
