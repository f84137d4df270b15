import {
  childElements,
  inject,
  injectable,
  ModuleApiToken,
  NS_DISCO_INFO,
  NS_DISCO_ITEMS,
  StanzaError,
  xml,
  type AdhocConversation,
  type Element,
  type IqEvent,
  type ModuleApi,
} from "chorus-muc";
import { MucToken, type Muc, type Room, type RoomCommand } from "chorus-muc/muc";

const NS_COMMANDS = "http://jabber.org/protocol/commands";

/**
 * Commands of rooms (XEP-0050): clients find them by disco at the room's JID, and use them there. Modules add theirs by
 * `module.provides("room-adhoc", command)`; see `RoomCommand`.
 *
 * Who may not use a command does not see it, and gets auth/forbidden all the same when asking for it by its node.
 */
@injectable()
export default class MucCommands {
  static readonly requires = ["muc", "adhoc"];

  readonly #commands = new Map<string, RoomCommand>();

  constructor(
    @inject(ModuleApiToken) private readonly module: ModuleApi,
    @inject(MucToken) private readonly muc: Muc,
  ) {}

  load(): void {
    const adhoc = this.module.depends("adhoc");
    this.module.handleItems<RoomCommand>(
      "room-adhoc-provider",
      (command) => {
        this.#commands.set(command.node, command);
      },
      (command) => {
        this.#commands.delete(command.node);
      },
    );

    this.module.hook("muc-disco#info", ({ query }) => {
      if (this.#commands.size > 0) query.append(xml("feature", { var: NS_COMMANDS }));
    });

    this.module.hook(`iq-get/bare/${NS_DISCO_INFO}:query`, (event) => {
      const node = nodeOf(event);
      const command = this.#commands.get(node);
      if (!command && node !== NS_COMMANDS) return undefined;
      return this.muc.answerIq(event, (room) => {
        if (command && !command.isFor(room, senderOf(event))) return notAvailable();
        const query = xml("query", { xmlns: NS_DISCO_INFO, node });
        if (command) adhoc.describe(conversation(room, command), query);
        else adhoc.describeList(query);
        return xml("iq", {}, query);
      });
    });

    this.module.hook(`iq-get/bare/${NS_DISCO_ITEMS}:query`, (event) => {
      if (nodeOf(event) !== NS_COMMANDS) return undefined;
      return this.muc.answerIq(event, (room) => xml("iq", {}, this.#list(room, senderOf(event))));
    });

    this.module.hook(`iq-set/bare/${NS_COMMANDS}:command`, (event) =>
      this.muc.answerIq(event, (room) =>
        adhoc.answer(event.stanza, (node) => {
          const command = this.#commands.get(node);
          if (!command) return undefined;
          return command.isFor(room, senderOf(event)) ? conversation(room, command) : notAvailable();
        }),
      ),
    );
  }

  #list(room: Room, from: string): Element {
    const query = xml("query", { xmlns: NS_DISCO_ITEMS, node: NS_COMMANDS });
    for (const command of [...this.#commands.values()].sort((a, b) => (a.node < b.node ? -1 : 1))) {
      const { node, name } = command;
      if (command.isFor(room, from)) query.append(xml("item", { jid: room.jid, node, name }));
    }
    return query;
  }
}

function nodeOf({ stanza }: IqEvent): string {
  return String(childElements(stanza)[0]?.attrs["node"] ?? "");
}

function senderOf({ stanza }: IqEvent): string {
  return String(stanza.attrs["from"]);
}

function conversation(room: Room, command: RoomCommand): AdhocConversation {
  const { name, node } = command;
  return { name, node, handler: (request, state) => command.handler(room, request, state) };
}

function notAvailable(): StanzaError {
  return new StanzaError({ type: "auth", condition: "forbidden", text: "This command is not available to you" });
}
