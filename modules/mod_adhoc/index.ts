import {
  childElements,
  ClockToken,
  domainOf,
  getChild,
  inject,
  injectable,
  ModuleApiToken,
  NS_DATA_FORM,
  StanzaError,
  xml,
  type AdhocAction,
  type AdhocCommand,
  type AdhocResult,
  type Clock,
  type Element,
  type ModuleApi,
} from "chorus-muc";
import { AdhocSessions, type AdhocSession } from "./sessions.js";

const NS_COMMANDS = "http://jabber.org/protocol/commands";
const ACTIONS: ReadonlySet<unknown> = new Set<AdhocAction>(["execute", "prev", "next", "complete", "cancel"]);

function badRequest(condition: string): StanzaError {
  return new StanzaError({
    type: "modify",
    condition: "bad-request",
    extra: { tag: xml(condition, { xmlns: NS_COMMANDS }) },
  });
}

function notAvailable(): StanzaError {
  return new StanzaError({
    type: "auth",
    condition: "forbidden",
    text: "This command is not available to you",
  });
}

/**
 * Commands of a host that clients find by disco and use by filling in forms (XEP-0050). Modules add theirs by
 * `module.provides("adhoc", command)`; see `AdhocCommand`.
 */
@injectable()
export default class Adhoc {
  readonly #commands = new Map<string, AdhocCommand>();
  readonly #sessions: AdhocSessions;

  constructor(
    @inject(ModuleApiToken) private readonly module: ModuleApi,
    @inject(ClockToken) clock: Clock,
  ) {
    this.#sessions = new AdhocSessions(clock);
  }

  load(): void {
    this.module.addFeature(NS_COMMANDS);
    this.module.handleItems<AdhocCommand>(
      "adhoc-provider",
      (command) => {
        this.#commands.set(command.node, command);
      },
      (command) => {
        this.#commands.delete(command.node);
      },
    );

    this.module.hook("host-disco-info-node", (event) => {
      const from = String(event.stanza.attrs["from"]);
      const command = this.#commands.get(event.node);
      if (event.node === NS_COMMANDS) {
        event.query.append(xml("identity", { category: "automation", type: "command-list", name: "Ad-Hoc Commands" }));
        event.exists = true;
      } else if (command) {
        if (!this.#mayUse(command, from)) return notAvailable();
        event.query.append(
          xml("identity", { category: "automation", type: "command-node", name: command.name }),
          xml("feature", { var: NS_COMMANDS }),
          xml("feature", { var: NS_DATA_FORM }),
        );
        event.exists = true;
      }
      return undefined;
    });

    this.module.hook("host-disco-items-node", (event) => {
      if (event.node !== NS_COMMANDS) return undefined;
      const from = String(event.stanza.attrs["from"]);
      for (const { node, name, permission } of this.#sorted()) {
        if (!this.#mayUse({ permission }, from)) continue;
        event.query.append(xml("item", { jid: this.module.host, node, name }));
      }
      event.exists = true;
      return undefined;
    });

    // Well before modules that answer whatever else comes to a host.
    this.module.hook(`iq-set/host/${NS_COMMANDS}:command`, ({ stanza }) => this.#handle(stanza), 500);
  }

  #sorted(): AdhocCommand[] {
    return [...this.#commands.values()].sort((a, b) => (a.node < b.node ? -1 : 1));
  }

  #mayUse({ permission }: Pick<AdhocCommand, "permission">, from: string): boolean {
    const role = this.module.roleOf(from);
    switch (permission) {
      case "any":
        return true;
      case "local_user":
        return domainOf(from) === this.module.host || role !== "prosody:guest";
      case "admin":
        return role === "prosody:admin" || role === "prosody:operator";
      case "global_admin":
        return role === "prosody:operator";
      default:
        return permission satisfies never;
    }
  }

  #handle(stanza: Element): Element | StanzaError | Promise<Element | StanzaError> {
    const element = childElements(stanza)[0] as Element;
    const { node, sessionid, action = "execute" } = element.attrs as Record<string, string | undefined>;
    const from = String(stanza.attrs["from"]);
    const command = this.#commands.get(node ?? "");
    if (!command) return new StanzaError({ type: "cancel", condition: "item-not-found" });
    if (!this.#mayUse(command, from)) return notAvailable();
    if (!ACTIONS.has(action)) return badRequest("malformed-action");
    const session = sessionid === undefined ? undefined : this.#sessions.take(sessionid, from, command.node);
    if (sessionid !== undefined && !session) return badRequest("bad-sessionid");
    const step = action === "execute" && session ? session.defaultAction : action;
    if (session && step !== "cancel" && !session.actions.has(step)) {
      this.#sessions.keep(session);
      return badRequest("bad-action");
    }
    return this.#run(command, session, {
      from,
      to: this.module.host,
      action: step as AdhocAction,
      form: getChild(element, "x", NS_DATA_FORM),
    });
  }

  async #run(
    command: AdhocCommand,
    session: AdhocSession | undefined,
    request: Parameters<AdhocCommand["handler"]>[0],
  ): Promise<Element | StanzaError> {
    const id = session?.id ?? this.#sessions.newId();
    const result = await command.handler(request, session?.state);
    if (result instanceof StanzaError) return result;
    if (request.action === "cancel") return xml("iq", {}, commandElement(command, id, { status: "canceled" }));
    if (result.status === "executing") {
      const actions = result.actions ?? (["complete"] as const);
      this.#sessions.keep({
        id,
        node: command.node,
        from: request.from,
        actions: new Set<string>(actions),
        defaultAction: result.defaultAction ?? actions.at(-1) ?? "complete",
        state: result.state,
      });
    }
    return xml("iq", {}, commandElement(command, id, result));
  }
}

function commandElement({ node }: AdhocCommand, sessionid: string, result: AdhocResult): Element {
  const { status } = result;
  const element = xml("command", { xmlns: NS_COMMANDS, node, sessionid, status });
  if (status === "canceled") return element;
  if (status === "executing") {
    const actions = result.actions ?? (["complete"] as const);
    const execute = result.defaultAction ?? actions.at(-1);
    element.append(xml("actions", { execute }, ...actions.map((action) => xml(action))));
  }
  for (const { type, text } of result.notes ?? []) element.append(xml("note", { type }, text));
  if (result.form) element.append(result.form);
  return element;
}
