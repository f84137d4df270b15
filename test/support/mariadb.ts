import { existsSync } from "node:fs";
import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runUnprivileged, serverFolder, startServer, type DatabaseServer } from "./database-server.js";
import { freePorts } from "./ports.js";

const PROGRAM = "/usr/sbin/mariadbd";
const INSTALL = "/usr/bin/mariadb-install-db";
const USER = "chorus";
const PASSWORD = "tell-nobody-this";

/** Why Debian's MariaDB cannot be used here, or `undefined`. */
export function mariadbIsMissing(): string | undefined {
  return existsSync(PROGRAM) && existsSync(INSTALL) ? undefined : "MariaDB is not installed";
}

/** Starts a MariaDB with a folder of its own, which asks for a password. */
export async function startMariadb(): Promise<DatabaseServer> {
  const folder = await serverFolder("mariadb");
  const data = join(folder, "data");
  const [port = 0] = await freePorts(1);
  await runUnprivileged([
    INSTALL,
    "--no-defaults",
    `--datadir=${data}`,
    "--auth-root-authentication-method=normal",
    "--skip-test-db",
  ]);
  const setup = join(folder, "setup.sql");
  const statements = [
    `CREATE DATABASE IF NOT EXISTS ${USER}`,
    `CREATE USER IF NOT EXISTS '${USER}'@'%' IDENTIFIED BY '${PASSWORD}'`,
    `GRANT ALL ON *.* TO '${USER}'@'%'`,
  ];
  await writeFile(setup, statements.map((statement) => `${statement};\n`).join(""));
  await chmod(setup, 0o644);
  return startServer({
    name: "MariaDB",
    admin: { driver: "MySQL", database: USER, username: USER, password: PASSWORD, host: "127.0.0.1", port },
    folder,
    command: [
      PROGRAM,
      "--no-defaults",
      `--datadir=${data}`,
      `--port=${port}`,
      "--bind-address=127.0.0.1",
      `--socket=${join(folder, "socket")}`,
      `--init-file=${setup}`,
      "--innodb-flush-log-at-trx-commit=2", // the machine is not going to lose its power within a test
    ],
    ready: /ready for connections/,
    signal: "SIGKILL",
  });
}
