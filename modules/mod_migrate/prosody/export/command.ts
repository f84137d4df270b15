import { dirname, resolve } from "node:path";
import {
  ConfigError,
  EXIT_USAGE,
  nameprep,
  type Clock,
  type Command,
  type CommandContext,
  type CommandIo,
  type Config,
  type Hosts,
  type ModuleApi,
} from "chorus-muc";
import type { SourceHost } from "../source.js";
import { readExportCall, type ExportCall } from "./command-line.js";
import { openDestination, type Destination } from "./destination.js";
import { ExportRun } from "./run.js";

const USAGE =
  "export prosody --to DIR|--sql DATABASE|--config PROSODY_CONFIG [--data-path DIR] [--from CONFIG] [--host HOST]… [--for 0.12|13.0] [--merge|--replace] [--dry-run] [--json]";

/** The command `export prosody`: the way back. */
export function exportCommand(module: ModuleApi, config: Config, hosts: Hosts, clock: Clock): Command {
  const ownPath = (): string => {
    const path = config.get("*", "data_path");
    return resolve(dirname(config.file), typeof path === "string" ? path : "data");
  };
  return {
    name: "export prosody",
    summary: "write rooms, archives and accounts as Prosody keeps them",
    usage: USAGE,
    run: (args, io, context) => runExport(args, io, context, { module, hosts, clock, ownPath: ownPath() }),
  };
}

/** The Chorus that is exported. */
interface ExportContext {
  readonly module: ModuleApi;
  readonly hosts: Hosts;
  readonly clock: Clock;
  /** Its data folder. */
  readonly ownPath: string;
}

async function runExport(
  args: readonly string[],
  io: CommandIo,
  { cwd, online }: CommandContext,
  { module, hosts, clock, ownPath }: ExportContext,
): Promise<number> {
  const call = readExportCall(args);
  if (typeof call === "string") {
    io.error(call);
    return EXIT_USAGE;
  }
  const refuse = (problems: readonly string[]): number => {
    for (const problem of problems) io.error(problem);
    io.error("nothing was written");
    return 1;
  };
  const chosen = chooseHosts(call, hosts);
  if (typeof chosen[0] === "string") return refuse(chosen as readonly string[]);
  let destination;
  try {
    destination = await openDestination(call, { cwd, now: clock.now(), hosts: chosen as readonly SourceHost[] });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    destination = error.message.split("\n");
  }
  if (!isDestination(destination)) return refuse(destination);
  if (destination.targets().some(({ place }) => place === ownPath)) {
    return refuse([`${ownPath} is Chorus's own data_path: name another folder`]);
  }
  const present = call.over === undefined ? await presentIn(destination) : [];
  if (present.length > 0 && !call.isDryRun) return refuse(present);
  for (const problem of present) io.error(problem);
  const run = new ExportRun(destination, clock.now() / 1000, !online, call, io);
  let kept: readonly string[] = [];
  const status = await run.finish(async () => {
    kept = await run.all(module, hosts);
  });
  for (const line of kept) (call.isJson ? io.error : io.print)(line);
  return status;
}

/** Hosts that there is something to export of. @returns what is wrong with those that are named, if anything is */
function chooseHosts(call: ExportCall, hosts: Hosts): readonly SourceHost[] | readonly string[] {
  const all = [...hosts].flatMap((host): SourceHost[] => {
    if (host.type === "local") return [{ name: host.name, kind: "accounts" }];
    return host.hasModule("muc") ? [{ name: host.name, kind: "muc" }] : [];
  });
  const unknown = call.hosts.filter((name) => !all.some((host) => host.name === nameprep(name)));
  if (unknown.length > 0) return unknown.map((name) => `--host: this Chorus has no rooms and no accounts of ${name}`);
  if (all.length === 0) return ["this Chorus has neither rooms nor accounts"];
  const wanted = new Set(call.hosts.map((name) => nameprep(name)));
  return wanted.size === 0 ? all : all.filter(({ name }) => wanted.has(name as never));
}

/** What would be written over. */
async function presentIn({ hosts, targets }: Destination): Promise<string[]> {
  const problems: string[] = [];
  for (const target of targets()) {
    for (const { name } of hosts) {
      const stores = await target.present(name);
      if (stores.length === 0) continue;
      problems.push(
        `${target.place} has data of ${name} already (${stores.join(", ")}): --replace puts the export in its place, --merge puts it in between`,
      );
    }
  }
  return problems;
}

function isDestination(destination: Destination | readonly string[]): destination is Destination {
  return !Array.isArray(destination);
}
