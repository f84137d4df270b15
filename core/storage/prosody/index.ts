/** Prosody's data formats: what its files and databases hold, and how to read them. */
export * from "./data-error.js";
export { decodeUtf8, type LuaKey, type LuaTable, type LuaValue } from "./lua-data.js";
export { listOf, toJson } from "./lua-json.js";
export { toElement } from "./stanza.js";
export type * from "./prosody-data.js";
export { ProsodyFiles } from "./prosody-files.js";
