import { resolve } from "node:path";
import { readSqlOptions, type SqlOptions } from "chorus-muc";

const DRIVERS: ReadonlyMap<string, string> = new Map([
  ["postgresql:", "PostgreSQL"],
  ["postgres:", "PostgreSQL"],
  ["mysql:", "MySQL"],
]);
const EXPECTED = "expected sqlite:FILE, postgresql://USER@HOST/DATABASE or mysql://USER@HOST/DATABASE";

/** Reads the address of a database. @returns what is wrong with it, without a password that it may have */
export function readAddress(address: string, cwd: string): SqlOptions | string {
  if (address.startsWith("sqlite:")) {
    const file = address.slice("sqlite:".length).replace(/^\/\/(?=\/)/, "");
    return file === "" ? EXPECTED : { driver: "SQLite3", database: resolve(cwd, file) };
  }
  let url;
  try {
    url = new URL(address);
  } catch {
    return EXPECTED;
  }
  const driver = DRIVERS.get(url.protocol);
  const database = decodeURIComponent(url.pathname.slice(1));
  if (driver === undefined || database === "") return EXPECTED;
  const parts = { username: url.username, password: url.password, host: url.hostname, port: url.port };
  const given = Object.entries(parts).filter(([, text]) => text !== "");
  return readSqlOptions(
    { driver, database, ...Object.fromEntries(given.map(([name, text]) => [name, decodeURIComponent(text)])) },
    cwd,
  );
}
