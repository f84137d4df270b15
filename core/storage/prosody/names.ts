import { join } from "node:path";
import { decodeUtf8 } from "./lua-data.js";

/** A host or user as a name of a file: every byte but ASCII letters and digits is `%xx`. */
export function encodeName(text: string): string {
  return encode(text, /[A-Za-z0-9]/);
}

/** A store as a name of a folder: the same, and `_` stays. */
export function encodeStore(text: string): string {
  return encode(text, /[A-Za-z0-9_]/);
}

function encode(text: string, plain: RegExp): string {
  return [...Buffer.from(text)]
    .map((byte) => {
      const char = String.fromCharCode(byte);
      return plain.test(char) ? char : `%${byte.toString(16).padStart(2, "0")}`;
    })
    .join("");
}

/** What a name of a file stands for; `undefined` when its bytes are no UTF-8. */
export function decodeName(name: string): string | undefined {
  const bytes = Buffer.from(name).toString("latin1");
  const latin = bytes.replace(/%([\da-fA-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return decodeUtf8(Buffer.from(latin, "latin1"));
}

/** The files of one store of one host. */
export interface StoreFiles {
  /** Data of the host itself. */
  readonly host: string;
  /** Folder of the data of users. */
  readonly folder: string;
}

/** Where Prosody's `internal` driver keeps a store. */
export function storeFiles(dataPath: string, host: string, store: string): StoreFiles {
  const folder = join(dataPath, encodeName(host), encodeStore(store));
  return { host: `${folder}.dat`, folder };
}
