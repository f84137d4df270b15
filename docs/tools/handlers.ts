/** Who handles which event, asked of a service that has every module loaded. */
import type { EventKind } from "../../core/events/bus.js";
import { startService, type TestService } from "../../core/testing/service.js";
import MucModule from "../../modules/mod_muc/mod_muc.js";

const ACCOUNTS = "example";
const ROOMS = "rooms.example";

/** A handler of an event, as the bus has it. */
export interface LiveHandler {
  readonly event: string;
  readonly priority: number;
  readonly module: string;
  /** Where it is hooked: on components with rooms, on hosts with accounts, on both, or for the whole server. */
  readonly host: "component" | "VirtualHost" | "both" | "server";
}

/** Whether a module is for rooms, and so of no use on a host with accounts. */
function isForRooms(module: string): boolean {
  return module === "muc" || module.startsWith("muc_");
}

function config(modules: readonly string[]): string {
  const list = (names: readonly string[]): string => `{ ${names.map((name) => JSON.stringify(name)).join(", ")} }`;
  return `
    allow_registration = true
    muc_log_presences = true
    enforce_registered_nickname = true
    VirtualHost "${ACCOUNTS}"
      modules_enabled = ${list(modules.filter((name) => !isForRooms(name)))}
    Component "${ROOMS}" "muc"
      modules_enabled = ${list(modules.filter((name) => isForRooms(name) && name !== "muc"))}
  `;
}

/** The handlers of a service with these modules: in order of events, then of call. */
export function liveHandlers(modules: readonly string[]): Promise<LiveHandler[]> {
  return withService(modules, handlersOf);
}

/** What results of these events mean in a service with these modules. */
export function liveKinds(modules: readonly string[], events: readonly string[]): Promise<Map<string, EventKind>> {
  return withService(modules, (service) => {
    const ofServer = service.service.hosts.events;
    const ofRooms = service.host(ROOMS).events;
    return new Map(
      events.map((event) => [event, (event.startsWith("server-") ? ofServer : ofRooms).kindOf(event)] as const),
    );
  });
}

/** Names of the events that a service with these modules declares; those ending in `*` are prefixes. */
export function liveDeclarations(modules: readonly string[]): Promise<string[]> {
  return withService(modules, (service) => [
    ...service.host(ROOMS).events.declaredEvents(),
    ...service.service.hosts.events.declaredEvents(),
  ]);
}

async function withService<T>(modules: readonly string[], look: (service: TestService) => T): Promise<T> {
  await using service = await startService({ config: config(inLoadOrder(modules)), listen: false });
  return look(service);
}

function handlersOf(service: TestService): LiveHandler[] {
  const { events: rooms } = service.host(ROOMS);
  const { events: accounts } = service.host(ACCOUNTS);
  const { events: server } = service.service.hosts;
  const names = [...new Set([...rooms.hookedEvents(), ...accounts.hookedEvents()])].sort();
  const onHosts = names.flatMap((event) =>
    merged(
      rooms.handlersOf(event).map((handler) => ({ event, ...handler, host: "component" as const })),
      accounts.handlersOf(event).map((handler) => ({ event, ...handler, host: "VirtualHost" as const })),
    ),
  );
  const global = [...server.hookedEvents()].sort().flatMap((event) => {
    const host = "server" as const;
    return merged(
      server.handlersOf(event).map((handler) => ({ event, ...handler, host })),
      [],
    );
  });
  return [...onHosts, ...global];
}

/** One list of the handlers of an event on two hosts, in order of call on either. */
function merged(first: readonly LiveHandler[], second: readonly LiveHandler[]): LiveHandler[] {
  const all: LiveHandler[] = [];
  for (const handler of [...first, ...second]) {
    const isSame = (other: LiveHandler): boolean =>
      other.module === handler.module && other.priority === handler.priority;
    const at = all.findIndex(isSame);
    if (at < 0) all.push(handler);
    else if (all[at]?.host !== handler.host) all[at] = { ...handler, host: "both" };
  }
  return all.sort((a, b) => b.priority - a.priority);
}

/** The standard set of rooms, then the others by name: the order in which a service loads them. */
function inLoadOrder(modules: readonly string[]): string[] {
  const standard = MucModule.standardModules.filter((name) => modules.includes(name));
  return [...standard, ...modules.filter((name) => !standard.includes(name))];
}
