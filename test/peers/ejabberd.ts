import { execFileSync, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client, connectClient } from "../../core/testing/client.js";
import { xml } from "../../core/xmpp/element.js";
import { serialise } from "../../core/xmpp/template.js";
import { startChild, type Child } from "../support/child.js";
import { freePorts, untilListening } from "../support/ports.js";
import type { Account, Peer, PeerOptions } from "./peer.js";

const ERLANG = "/usr/bin/erl";
const ERLANG_LIBRARIES = "/usr/lib/erlang/lib";
/** Debian for x86-64 and for ARM. */
const LIBRARIES = ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu"];

/** Keeps waiting schedulers from burning time, so that the time of the processor is that of the work. */
const NO_SPINNING = ["+sbwt", "none", "+sbwtdcpu", "none", "+sbwtdio", "none"];

const ACCOUNT_MODULES = `  mod_register: {ip_access: all, access: everybody}
  mod_roster: {}
  mod_vcard: {search: false}
  mod_vcard_xupdate: {}`;

const ARCHIVES = `  mod_private: {}
  mod_mam: {}`;

async function librariesWithEjabberd(): Promise<string | undefined> {
  for (const folder of LIBRARIES.filter((name) => existsSync(name))) {
    if ((await readdir(folder)).some((name) => name.startsWith("ejabberd-"))) return folder;
  }
  return undefined;
}

/** Why Debian's ejabberd cannot be used here, or `undefined`. */
export async function ejabberdIsMissing(): Promise<string | undefined> {
  if (!existsSync(ERLANG)) return `${ERLANG} is not installed`;
  return (await librariesWithEjabberd()) === undefined ? "ejabberd is not installed" : undefined;
}

/** What only ejabberd can do. */
export interface EjabberdOptions {
  /** A file of SQLite to keep everything in, and whether its tables say of which host a row is. */
  readonly sqlite?: { readonly file: string; readonly hasServerHost: boolean };
}

/** Why Debian's ejabberd cannot use SQLite here, or `undefined`. */
export async function sqliteIsMissing(): Promise<string | undefined> {
  const names = existsSync(ERLANG_LIBRARIES) ? await readdir(ERLANG_LIBRARIES) : [];
  if (!names.some((name) => name.startsWith("p1_sqlite3-"))) return "erlang-p1-sqlite3 is not installed";
  return spawnSync("sqlite3", ["--version"]).status === 0 ? undefined : "sqlite3 is not installed";
}

/** Statements that make ejabberd's tables in SQLite. */
async function schemaFile(hasServerHost: boolean): Promise<string> {
  const libraries = (await librariesWithEjabberd()) ?? "";
  const ejabberd = (await readdir(libraries)).find((name) => name.startsWith("ejabberd-")) ?? "";
  return join(libraries, ejabberd, "priv", "sql", hasServerHost ? "lite.new.sql" : "lite.sql");
}

const PLAIN = "auth_method: internal\nauth_password_format: plain";

/** Where all is kept, passwords as keys. @param unused a database that is there, as `export2sql` wants one */
function keptIn(sqlite: EjabberdOptions["sqlite"], unused: string): string {
  return `auth_method: ${sqlite === undefined ? "internal" : "sql"}
auth_password_format: scram
sql_type: sqlite
sql_database: "${sqlite?.file ?? unused}"
default_db: ${sqlite === undefined ? "mnesia" : "sql"}
new_sql_schema: ${sqlite?.hasServerHost === true}`;
}

/** An ejabberd that also does what `ejabberdctl` asks. */
export interface EjabberdPeer extends Peer {
  /** One command of `ejabberdctl`, over loopback. @throws Error with what it answered, unless it was done */
  command(name: string, args: Readonly<Record<string, string>>): Promise<unknown>;
}

/**
 * Starts Debian's ejabberd as the server that holds the accounts. The Erlang machine is started without distribution,
 * so there is no node name to collide and no port mapper left behind.
 *
 * With `ownRooms`, lines of YAML below `mod_muc`, it has the rooms itself, with archives, and keys in place of passwords.
 */
export async function startEjabberd({
  secret,
  ownRooms,
  lean,
  sqlite,
  launch = startChild,
}: PeerOptions & EjabberdOptions): Promise<EjabberdPeer> {
  const folder = await mkdtemp(join(tmpdir(), "chorus-ejabberd-"));
  const [clientPort = 0, componentPort = 0, commandPort = 0] = await freePorts(3);
  const config = join(folder, "ejabberd.yml");
  if (sqlite) execFileSync("sqlite3", [sqlite.file, `.read ${await schemaFile(sqlite.hasServerHost)}`]);
  await writeFile(
    config,
    `
hosts: [localhost]
loglevel: ${lean === undefined ? "info" : "error"}
registration_timeout: infinity
${lean ?? (ownRooms === undefined ? PLAIN : keptIn(sqlite, join(folder, "unused.sqlite")))}
access_rules:
  everybody: {allow: all}
api_permissions:
  here: {from: [mod_http_api], who: all, what: "*"}
listen:
  - {port: ${clientPort}, ip: "127.0.0.1", module: ejabberd_c2s, access: everybody, starttls: false, backlog: 1024}
  - port: ${componentPort}
    ip: "127.0.0.1"
    module: ejabberd_service
    access: everybody
    hosts:
      ${ownRooms === undefined ? "conference" : "elsewhere"}.localhost: {password: "${secret}"}
  - {port: ${commandPort}, ip: "127.0.0.1", module: ejabberd_http, request_handlers: {/api: mod_http_api}}
modules:
  mod_disco: {}
  mod_ping: {}
${lean === undefined ? ACCOUNT_MODULES : ""}
${ownRooms === undefined ? "" : `${lean === undefined ? ARCHIVES : ""}\n  mod_muc:\n${ownRooms}\n`}`,
  );
  const database = ["-mnesia", "dir", `"${join(folder, "db")}"`];
  const options = ["-noinput", "+K", "true", ...(lean === undefined ? [] : NO_SPINNING), ...database];
  const env = {
    ...process.env,
    HOME: folder,
    ERL_LIBS: (await librariesWithEjabberd()) ?? "",
    ERL_CRASH_DUMP: join(folder, "crash.dump"),
    EJABBERD_CONFIG_PATH: config,
    EJABBERD_LOG_PATH: join(folder, "ejabberd.log"),
  };
  const start = async (): Promise<Child> => {
    const started = launch(ERLANG, [...options, "-s", "ejabberd"], { cwd: folder, env });
    try {
      for (const port of [clientPort, componentPort, commandPort]) await untilListening(port, started);
      return started;
    } catch (error) {
      await started.stop("SIGKILL");
      throw error;
    }
  };
  let child = await start();
  const known = new Set<string>();
  return {
    name: "ejabberd",
    get pid() {
      return child.pid;
    },
    clientPort,
    componentPort,
    get output() {
      return child.output;
    },
    async addAccounts(accounts) {
      for (const account of accounts) {
        if (known.has(account.user)) continue;
        known.add(account.user);
        await addAccount(account, clientPort);
      }
    },
    async command(name, args) {
      const answer = await fetch(`http://127.0.0.1:${commandPort}/api/${name}`, {
        method: "POST",
        body: JSON.stringify(args),
      });
      const text = await answer.text();
      if (!answer.ok) throw new Error(`${name}: ${answer.status} ${text}`);
      return JSON.parse(text) as unknown;
    },
    async stop() {
      await child.stop();
      await rm(folder, { recursive: true, force: true });
    },
    async kill() {
      await child.stop("SIGKILL");
    },
    async restart() {
      child = await start();
    },
  };
}

/** Registers in band (XEP-0077), and stores a vCard that has no PHOTO. */
async function addAccount({ user, password }: Account, port: number): Promise<void> {
  const form = xml("query", "jabber:iq:register", xml("username", {}, user), xml("password", {}, password));
  const stranger = await Client.open({ jid: "localhost", port });
  await stranger.openStream();
  stranger.send(xml("iq", { type: "set", id: "register", to: "localhost" }, form));
  const registered = await stranger.receive();
  if (registered.attrs["type"] !== "result") throw new Error(`register ${user}: ${serialise(registered)}`);
  await stranger.disconnect();
  const owner = await connectClient({ jid: `${user}@localhost`, password, port });
  owner.send(xml("iq", { type: "set", id: "vcard" }, xml("vCard", "vcard-temp", xml("FN", {}, user))));
  const stored = await owner.receive();
  if (stored.attrs["type"] !== "result") throw new Error(`store the vCard of ${user}: ${serialise(stored)}`);
  await owner.disconnect();
}
