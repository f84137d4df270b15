/** Prosody's data formats: what its files and databases hold, how to read them and how to write them. */
export * from "./data-error.js";
export { decodeUtf8, type LuaKey, type LuaTable, type LuaValue } from "./lua-data.js";
export { fromJson, listOf, toJson, unescaped } from "./lua-json.js";
export { writeData, writeItem, writeValue, type EncodeText } from "./lua-writer.js";
export { fromElement, toElement } from "./stanza.js";
export { fromArchived } from "./archived.js";
export { fromRoom, toRoom, type RoomRecord, type StoredAffiliation, type TellShape } from "./room-shape.js";
export { shapeOf, toCard, toNamed, toPrivate, toRoster, type EntryShape, type StoreShape } from "./shapes.js";
export { ListWriter, writeDataFile, type ListOptions } from "./file-writer.js";
export type * from "./prosody-data.js";
export { encodeName, storeFiles, type StoreFiles } from "./names.js";
export { runningProsody } from "./running.js";
export { ProsodyFiles } from "./prosody-files.js";
export { rowsOfTable, type SqlEntry } from "./sql-values.js";
export { ProsodySql } from "./prosody-sql.js";
