import { StorageError, type LuaTable, type ProsodyMessage } from "chorus-muc";

/**
 * Where an export goes: a data folder, or a database. What is written is seen by nobody until {@link ExportTarget.commit}.
 * Everything that fails is a `StorageError`.
 */
export interface ExportTarget {
  /** For people. */
  readonly place: string;
  /** Stores that a host has anything in already. */
  present(host: string): Promise<readonly string[]>;
  /** Called once for each host, before anything of it is written. Refuses where there is data that must stay. */
  begin(host: string): Promise<void>;
  /** The value of a user, `null`: of the host itself; what is there of that name is replaced. */
  put(host: string, store: string, user: string | null, table: LuaTable): Promise<void>;
  /** The archive of a user, message by message; what is there of that name is replaced. */
  archive(host: string, store: string, user: string, messages: AsyncIterable<ProsodyMessage>): Promise<void>;
  /** Who has a value in a store as it was written; `null`: the host itself. */
  writtenValues(host: string, store: string): Promise<ReadonlySet<string | null | undefined>>;
  /** How many messages each archive of a store has as it was written. */
  writtenMessages(host: string, store: string): Promise<ReadonlyMap<string, number>>;
  /** Puts everything in place. @returns what was there before, and where it is now, a line each */
  commit(): Promise<readonly string[]>;
  /** Leaves everything as it was. */
  abandon(): Promise<void>;
}

/** Why nothing is written where nobody has said what becomes of what is there. */
export function dataPresent(place: string, host: string): StorageError {
  return new StorageError("STORAGE_WRITE_FAILED", `${place} has data of ${host} already: say --replace or --merge`);
}
