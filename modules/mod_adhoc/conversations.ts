import {
  childElements,
  getChild,
  NS_DATA_FORM,
  StanzaError,
  xml,
  type AdhocAction,
  type AdhocConversation,
  type AdhocRequest,
  type AdhocResult,
  type AdhocService,
  type Clock,
  type Element,
} from "chorus-muc";
import { AdhocSessions, type AdhocSession } from "./sessions.js";

export const NS_COMMANDS = "http://jabber.org/protocol/commands";
const ACTIONS: ReadonlySet<unknown> = new Set<AdhocAction>(["execute", "prev", "next", "complete", "cancel"]);

function badRequest(condition: string): StanzaError {
  return new StanzaError({
    type: "modify",
    condition: "bad-request",
    extra: { tag: xml(condition, { xmlns: NS_COMMANDS }) },
  });
}

/** Commands under way, stage by stage (XEP-0050 §3), wherever they are. */
export class Conversations implements AdhocService {
  readonly #sessions: AdhocSessions;

  constructor(clock: Clock) {
    this.#sessions = new AdhocSessions(clock);
  }

  answer(
    stanza: Element,
    find: (node: string) => AdhocConversation | StanzaError | undefined,
  ): Element | StanzaError | Promise<Element | StanzaError> {
    const element = childElements(stanza)[0] as Element;
    const { node, sessionid, action = "execute" } = element.attrs as Record<string, string | undefined>;
    const from = String(stanza.attrs["from"]);
    const to = String(stanza.attrs["to"]);
    const command = find(node ?? "");
    if (!command) return new StanzaError({ type: "cancel", condition: "item-not-found" });
    if (command instanceof StanzaError) return command;
    if (!ACTIONS.has(action)) return badRequest("malformed-action");
    const place = { from, to, node: command.node };
    const session = sessionid === undefined ? undefined : this.#sessions.take(sessionid, place);
    if (sessionid !== undefined && !session) return badRequest("bad-sessionid");
    const step = action === "execute" && session ? session.defaultAction : action;
    if (session && step !== "cancel" && !session.actions.has(step)) {
      this.#sessions.keep(session);
      return badRequest("bad-action");
    }
    const form = getChild(element, "x", NS_DATA_FORM);
    const request: AdhocRequest = { from, to, action: step as AdhocAction, form };
    const id = session?.id ?? this.#sessions.newId();
    const result = command.handler(request, session?.state);
    // Not awaited where there is nothing to wait for: a room's step goes on with it.
    if (result instanceof Promise) return result.then((later) => this.#conclude(command, id, request, later));
    return this.#conclude(command, id, request, result);
  }

  describe({ name }: AdhocConversation, query: Element): void {
    query.append(
      xml("identity", { category: "automation", type: "command-node", name }),
      xml("feature", { var: NS_COMMANDS }),
      xml("feature", { var: NS_DATA_FORM }),
    );
  }

  describeList(query: Element): void {
    query.append(xml("identity", { category: "automation", type: "command-list", name: "Ad-Hoc Commands" }));
  }

  #conclude(
    command: AdhocConversation,
    id: string,
    request: AdhocRequest,
    result: AdhocResult | StanzaError,
  ): Element | StanzaError {
    if (result instanceof StanzaError) return result;
    if (request.action === "cancel") return xml("iq", {}, commandElement(command, id, { status: "canceled" }));
    if (result.status === "executing") this.#sessions.keep(sessionOf(command, id, request, result));
    return xml("iq", {}, commandElement(command, id, result));
  }
}

type Executing = AdhocResult & { readonly status: "executing" };

function sessionOf(command: AdhocConversation, id: string, request: AdhocRequest, result: Executing): AdhocSession {
  const actions = result.actions ?? (["complete"] as const);
  return {
    id,
    to: request.to,
    node: command.node,
    from: request.from,
    actions: new Set<string>(actions),
    defaultAction: result.defaultAction ?? actions.at(-1) ?? "complete",
    state: result.state,
  };
}

function commandElement({ node }: AdhocConversation, sessionid: string, result: AdhocResult): Element {
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
