/** Makes docs/events.md: what the declarations of events say, and who handles them in a service with every module. */
import { EventDeclarations, type DeclaredEvent, type PayloadField } from "./event-declarations.js";
import { liveHandlers, type LiveHandler } from "./handlers.js";
import { anchorOf } from "./markdown.js";
import { moduleNames, Sources } from "./sources.js";

const INTRODUCTION = `# Events

<!-- Made by "npm run docs:events" from the declarations in core/events/events.ts, modules/mod_muc/muc-events.ts and the
     modules' own, and from a service with every module loaded. Change those, not this page. -->

Modules hook events by name: \`module.hook(event, handler, priority, options)\`. Names and meaning are Prosody's where Prosody has the event. A handler is given one plain object, the same for all handlers of one fire; what may be replaced in it says so below, and stanzas and forms are changed in place.

**Order.** Higher priority first; equal ones in order of module load, which a reload does not change, then of registration. \`undefined\` lets the next handler run.

| Kind | What a handler may return | A promise | A handler that throws |
| --- | --- | --- | --- |
| tells | \`undefined\` only: something has happened | does not compile; at run time it is logged as that module's error and counts as \`undefined\` | is logged, and the next one runs |
| stoppable | a value ends the chain | as above | is logged; what the event asks for is refused with \`internal-server-error\` |
| suspendable | a value ends the chain | is awaited, and the stanza parked: later ones of the same sender to the same room wait, everybody else's go on | as above; so does a promise that rejects |

**Stanzas.** What every stanza brings: \`origin\`, where it came from, with \`send\`; \`stanza\`, the element itself; \`toSelf\`, true when it had no \`to\` or the sender's own bare JID. A request (\`iq\` of type get or set) also brings \`defer()\`, which takes it over: the handler returns \`true\` and answers later; without an answer after 120 seconds the requester gets \`wait/recipient-unavailable\`. Whoever works on a stanza after the handler has returned says so by \`const over = origin.backlog?.keep(stanza)\`, and calls \`over?.()\` in the end: while a peer has more under way than its backlog takes, nothing more is read from it. The engine does it for what waits for rooms, and the core for promises that handlers of an \`iq\` return.

**Results.** A \`StanzaError\` refuses: the core addresses and sends it, once. Of an iq also a result element, whose id, from and to are filled in, or \`true\`: answered by \`origin.send\`, or taken over by \`event.defer()\`. Any other value, \`false\` included, ends the chain without an answer. A \`StanzaError\` that is thrown is a refusal like one that is returned.

**Deadline.** A promise has \`muc_hook_timeout\` (default 5 seconds; on the events of the whole server always 5), or \`deadlineMs\` of the hook's options. Then the stanza is refused with \`wait/resource-constraint\`, unless the options say \`onTimeout: "continue"\`. At most 64 stanzas of a room are parked.

**Own events.** A module declares its events by merging into \`HostEvents\`, fires them with \`module.fireEvent\` or \`fireEventAsync\`, and says by \`module.declareEvents\` which are stoppable or suspendable.

Handlers are listed as a service with every module has them. Those of \`mod_muc\` are the room engine itself.
`;

const KINDS = {
  notify: "tells",
  stoppable: "stoppable, at once",
  suspendable: "suspendable, may be asynchronous",
} as const;

interface HandlerEntry extends LiveHandler {
  readonly what: string;
  readonly place: string;
}

interface Section {
  readonly title: string;
  readonly events: readonly DeclaredEvent[];
}

/** The text of the page. */
export async function eventsPage(project: string): Promise<string> {
  const sources = new Sources(project);
  const modules = moduleNames(project);
  const live = await liveHandlers(modules);
  const page = new EventsPage(sources, modules, live);
  return page.text();
}

/** The events that are declared, each with where. */
export function declaredEvents(sources: Sources, modules: readonly string[]): Map<string, DeclaredEvent[]> {
  const declarations = new EventDeclarations(sources);
  return new Map(
    ["muc", "core", ...modules.filter((name) => name !== "muc")].map((part) => [part, declarations.of(part)]),
  );
}

class EventsPage {
  readonly #sources: Sources;
  readonly #modules: readonly string[];
  readonly #live: readonly LiveHandler[];
  readonly #declared: ReadonlyMap<string, DeclaredEvent[]>;

  constructor(sources: Sources, modules: readonly string[], live: readonly LiveHandler[]) {
    this.#sources = sources;
    this.#modules = modules;
    this.#live = live;
    this.#declared = declaredEvents(sources, modules);
  }

  text(): string {
    const sections = this.#sections();
    const parts = [INTRODUCTION, contents(sections), this.#doorOrder()];
    for (const { title, events } of sections) {
      parts.push(`## ${title}\n`, ...events.map((event) => this.#entry(event)));
    }
    return parts.join("\n");
  }

  #sections(): Section[] {
    const rooms = grouped(this.#declared.get("muc") ?? [], "Rooms");
    const own = this.#modules.filter((name) => name !== "muc").flatMap((name) => this.#declared.get(name) ?? []);
    const core = this.#declared.get("core") ?? [];
    const isServer = ({ name }: DeclaredEvent): boolean => /^(server|config|host-activated|user)\b/.test(name);
    const host = core.filter((event) => !isServer(event));
    const sections = [...rooms, { title: "Of single modules", events: own }, ...grouped(host, "Stanzas that arrive")];
    return [...merge(sections), { title: "The whole server", events: core.filter(isServer) }].filter(
      ({ events }) => events.length > 0,
    );
  }

  #entry(event: DeclaredEvent): string {
    const firedBy = this.#firedBy(event.name);
    const facts = [
      `*${KINDS[event.kind]}*`,
      ...(event.result === undefined ? [] : [`returns \`${event.result}\``]),
      `fired by ${firedBy}`,
    ];
    const lines = [`### \`${event.name}\``, "", event.text, "", facts.join(" · "), ""];
    if (event.payload.length > 0) lines.push("Payload:", "", ...payloadLines(event.payload), "");
    const handlers = this.#handlersOf(event.name);
    lines.push(...(handlers.length === 0 ? ["No built-in handlers."] : handlerTable(handlers, event.name)), "");
    return lines.join("\n");
  }

  #firedBy(name: string): string {
    const parts = ["core", ...this.#modules].filter((part) =>
      [...this.#sources.eventsFiredBy(part)].some((fired) => isOf(fired, name)),
    );
    if (parts.length === 0) return "the core";
    return parts.map((part) => (part === "core" ? "the core" : `\`mod_${part}\``)).join(", ");
  }

  #handlersOf(name: string): HandlerEntry[] {
    return this.#live.filter(({ event }) => isOf(event, name)).map((handler) => this.#entryOf(handler));
  }

  /** What is said of the handler, else of its module, which mostly does one thing. */
  #entryOf(handler: LiveHandler): HandlerEntry {
    const { module, event, priority } = handler;
    const hooks = this.#sources
      .hooksOf(module)
      .filter((hook) => hook.event === event && (hook.priority === priority || Number.isNaN(hook.priority)));
    const what = joined(hooks.map((hook) => hook.what));
    const own = module === "muc" ? "" : this.#sources.summaryOf(module);
    return { ...handler, what: what === "" ? own : what, place: joined(hooks.map(({ place }) => place)) };
  }

  /** Who decides about a join, by number. */
  #doorOrder(): string {
    const name = "muc-occupant-pre-join";
    return `## Who decides about a join

The order on \`${name}\`. A condition of your own goes where its answer tells no more than those before it did: who is banned does not learn that there is a password.

${handlerTable(this.#handlersOf(name), name).join("\n")}
`;
  }
}

/** Whether an event's name is this one, or one of this family. */
export function isOf(event: string, name: string): boolean {
  const [start = "", ...rest] = name.split(/<[^>]*>/);
  if (rest.length === 0) return event === name;
  return event.startsWith(start) && event.length > start.length && isOfAddress(event.slice(start.length), name, start);
}

/** `iq/<address>` is not `iq/<address>/<payload>`. */
function isOfAddress(tail: string, name: string, start: string): boolean {
  if (!name.startsWith(`${start}<address>`)) return true;
  const address = "(full|bare|host|self|<…>)";
  return new RegExp(name.endsWith("<address>") ? `^${address}$` : `^${address}/.`).test(tail);
}

function grouped(events: readonly DeclaredEvent[], fallback: string): Section[] {
  return merge(events.map((event) => ({ title: event.group ?? fallback, events: [event] })));
}

function merge(sections: readonly Section[]): Section[] {
  const titles = [...new Set(sections.map(({ title }) => title))];
  return titles.map((title) => ({
    title,
    events: sections.filter((section) => section.title === title).flatMap(({ events }) => events),
  }));
}

function contents(sections: readonly Section[]): string {
  const link = ({ name }: DeclaredEvent): string => `[\`${name}\`](#${anchorOf(name)})`;
  const lines = sections.map(({ title, events }) => `- ${title}: ${events.map(link).join(", ")}`);
  return `${lines.join("\n")}\n`;
}

/** Interfaces whose fields are said once, in the introduction. */
const COMMON: Readonly<Record<string, string | undefined>> = {
  StanzaEvent: "of every stanza",
  IqEvent: "of every request",
};

function payloadLines(fields: readonly PayloadField[]): string[] {
  const isCommon = ({ declaredIn = "" }: PayloadField): boolean => COMMON[declaredIn] !== undefined;
  const common = Object.entries(COMMON).flatMap(([name, whose]) => {
    const names = fields.filter(({ declaredIn }) => declaredIn === name).map((field) => `\`${field.name}\``);
    return names.length === 0 ? [] : [`- ${names.join(", ")}: ${whose ?? ""}`];
  });
  return [...fields.filter((field) => !isCommon(field)).map(payloadLine), ...common];
}

function payloadLine({ name, type, optional, writable, text }: PayloadField): string {
  const field = `\`${name}${optional ? "?" : ""}: ${type.replaceAll("`", "'")}\``;
  const change = writable ? " (may be replaced)" : "";
  return `- ${field}${change}${text === "" ? "" : `: ${text}`}`;
}

function handlerTable(handlers: readonly HandlerEntry[], name: string): string[] {
  const columns: readonly (readonly [title: string, cell: (handler: HandlerEntry) => string, isShown: boolean])[] = [
    ["Priority", ({ priority }) => String(priority), true],
    ["Module", ({ module }) => `\`mod_${module}\``, true],
    ["Event", ({ event }) => `\`${event}\``, name.includes("<")],
    ["On", ({ host }) => host, !name.startsWith("muc-") && handlers.some(({ host }) => host !== "server")],
    ["What it does", ({ what }) => cell(what), true],
    ["Note", ({ place }) => cell(place), handlers.some(({ place }) => place !== "")],
  ];
  const shown = columns.filter(([, , isShown]) => isShown);
  const rows = handlers.map((handler) => shown.map(([, value]) => value(handler)));
  const head = shown.map(([title]) => title);
  return [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`);
}

function joined(texts: readonly string[]): string {
  return [...new Set(texts.filter((text) => text !== ""))].join("; ");
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|");
}
