import {
  ClockToken,
  domainOf,
  inject,
  injectable,
  ModuleApiToken,
  StanzaError,
  xml,
  type AdhocCommand,
  type AdhocService,
  type Clock,
  type ModuleApi,
} from "chorus-muc";
import { Conversations, NS_COMMANDS } from "./conversations.js";

declare module "chorus-muc" {
  interface ModuleExports {
    adhoc: AdhocService;
  }
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
 * `module.provides("adhoc", command)`; see `AdhocCommand`. Those of rooms are in mod_muc_commands.
 */
@injectable()
export default class Adhoc {
  readonly #commands = new Map<string, AdhocCommand>();
  readonly #conversations: Conversations;
  readonly exports: AdhocService;

  constructor(
    @inject(ModuleApiToken) private readonly module: ModuleApi,
    @inject(ClockToken) clock: Clock,
  ) {
    this.exports = this.#conversations = new Conversations(clock);
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
      const command = this.#commands.get(event.node);
      if (event.node === NS_COMMANDS) {
        this.#conversations.describeList(event.query);
        event.exists = true;
      } else if (command) {
        if (!this.#mayUse(command, String(event.stanza.attrs["from"]))) return notAvailable();
        this.#conversations.describe(command, event.query);
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
    this.module.hook(
      `iq-set/host/${NS_COMMANDS}:command`,
      ({ stanza }) =>
        this.#conversations.answer(stanza, (node) => {
          const command = this.#commands.get(node);
          return !command || this.#mayUse(command, String(stanza.attrs["from"])) ? command : notAvailable();
        }),
      500,
    );
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
}
