import { existsSync, readdirSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runUnprivileged, serverFolder, startServer, type DatabaseServer } from "./database-server.js";
import { freePorts } from "./ports.js";

/** Where Debian puts each version. */
const VERSIONS = "/usr/lib/postgresql";
const USER = "chorus";
const PASSWORD = "tell-nobody-this";

function programs(): string | undefined {
  if (!existsSync(VERSIONS)) return undefined;
  const version = readdirSync(VERSIONS)
    .sort((a, b) => Number(b) - Number(a))
    .find((name) => existsSync(join(VERSIONS, name, "bin", "initdb")));
  return version === undefined ? undefined : join(VERSIONS, version, "bin");
}

/** Why Debian's PostgreSQL cannot be used here, or `undefined`. */
export function postgresIsMissing(): string | undefined {
  return programs() === undefined ? "PostgreSQL is not installed" : undefined;
}

/** Starts a PostgreSQL with a cluster of its own, which asks for a password. */
export async function startPostgres(): Promise<DatabaseServer> {
  const bin = programs() ?? VERSIONS;
  const folder = await serverFolder("postgres");
  const data = join(folder, "data");
  const secret = join(folder, "password");
  const [port = 0] = await freePorts(1);
  await writeFile(secret, PASSWORD);
  const auth = ["--auth=scram-sha-256", `--username=${USER}`, `--pwfile=${secret}`];
  await runUnprivileged([join(bin, "initdb"), ...auth, "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync", "-D", data]);
  const settings = {
    port,
    listen_addresses: "127.0.0.1",
    unix_socket_directories: folder,
    fsync: "off", // the machine is not going to lose its power within a test
    autovacuum: "off",
  };
  const options = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  return startServer({
    name: "PostgreSQL",
    admin: {
      driver: "PostgreSQL",
      database: "postgres",
      username: USER,
      password: PASSWORD,
      host: "127.0.0.1",
      port,
    },
    folder,
    command: [join(bin, "postgres"), "-D", data, ...options],
    ready: /database system is ready to accept connections/,
    signal: "SIGQUIT",
  });
}
