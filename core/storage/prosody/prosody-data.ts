/** What a Prosody has stored, wherever it keeps it: read, and never written to. */
import type { Element } from "../../xmpp/element.js";
import type { DataError } from "./data-error.js";
import type { LuaTable } from "./lua-data.js";

/** Something of one user, or room, or of a host itself. */
export interface ProsodyRecord {
  /** As it is written there; `null`: the host's own; `undefined`: its bytes are no UTF-8. */
  readonly user: string | null | undefined;
  /** Where it stands, for people: a file, or a table of a database. */
  readonly place: string;
}

/** The value of a user in a store of type `keyval`. */
export interface ProsodyValue extends ProsodyRecord {
  /** @throws DataError when it is damaged, or what the file system throws */
  read(): Promise<LuaTable>;
}

/** A message of an archive. */
export interface ProsodyMessage {
  readonly id: string;
  readonly stanza: Element;
  /** Unix seconds, as exactly as they are stored. */
  readonly when: number;
  readonly with: string;
}

/** The archive of a user. */
export interface ProsodyArchive extends ProsodyRecord {
  /**
   * In the order in which they were stored, a few of them in memory at a time. What is damaged is told in its place.
   * @throws what the file system throws
   */
  messages(): AsyncIterable<ProsodyMessage | DataError>;
  /** How much there is of it, and how much was read so far, in a unit of its own: for telling how far one is. */
  readonly extent?: { readonly all: number; readonly read: number };
  /** What is amiss with what stands beside the messages, and whether it mattered. @param count how many were read */
  check(count: number): Promise<ProsodyRemark | undefined>;
}

/** Something worth knowing. */
export interface ProsodyRemark {
  readonly place: string;
  readonly reason: string;
}

/** Where a Prosody keeps its data: a folder, or a database. */
export interface ProsodyData {
  /** For people. */
  readonly place: string;
  /** Names of the stores that a host has anything in, in order. @throws what keeps it from being read */
  stores(host: string): Promise<readonly string[]>;
  /** The values of a store, in order of name, the host's own first. @throws what keeps it from being read */
  values(host: string, store: string): Promise<readonly ProsodyValue[]>;
  /** The archives of a store, in order of name. @throws what keeps it from being read */
  archives(host: string, store: string): Promise<readonly ProsodyArchive[]>;
  /** Called once, when nothing is being read. */
  close(): Promise<void>;
}
