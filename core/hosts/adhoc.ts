import type { Element } from "../xmpp/element.js";
import type { StanzaError } from "../xmpp/stanza-error.js";

/** What a requester may do with a command that is under way (XEP-0050 §3.4). */
export type AdhocAction = "execute" | "prev" | "next" | "complete" | "cancel";

/** Who may use a command: anybody, users of this host, its admins, or the admins of the whole server. */
export type AdhocPermission = "any" | "local_user" | "admin" | "global_admin";

/** A request to a command. */
export interface AdhocRequest {
  /** Full JID of the requester. */
  readonly from: string;
  /** Where the command is: a host, or a bare JID such as a room's. */
  readonly to: string;
  /** `execute` only at the first stage; later ones have the action that it stands for. */
  readonly action: AdhocAction;
  /** The `<x xmlns='jabber:x:data'/>` that came with it, if any. */
  readonly form: Element | undefined;
}

/** A note for humans, beside or instead of a form. */
export interface AdhocNote {
  readonly type: "info" | "warn" | "error";
  readonly text: string;
}

/** What a stage of a command ends with. A refusal is a `StanzaError`. */
export type AdhocResult =
  | {
      readonly status: "executing";
      /** To be filled in: `<x xmlns='jabber:x:data' type='form'/>`. */
      readonly form: Element;
      /** Default: `complete` only. */
      readonly actions?: readonly ("prev" | "next" | "complete")[];
      /** The one of them that `execute` stands for; default: the last. */
      readonly defaultAction?: "prev" | "next" | "complete";
      /** Handed in with the next request of this session. */
      readonly state?: unknown;
      readonly notes?: readonly AdhocNote[];
    }
  | { readonly status: "completed"; readonly notes?: readonly AdhocNote[]; readonly form?: Element }
  | { readonly status: "canceled" };

/**
 * An ad-hoc command (XEP-0050) of a host; a module adds it by `module.provides("adhoc", command)`.
 *
 * The request that begins a command may bring the filled-in form at once; handlers that can go on with it should.
 * A requester who cancels is answered without the handler's doing, which is called for its own tidying up only.
 */
export interface AdhocCommand {
  /** For humans. */
  readonly name: string;
  readonly node: string;
  readonly permission: AdhocPermission;
  /**
   * Does one stage.
   * @param state what the stage before left; `undefined` at the first
   */
  handler(request: AdhocRequest, state: unknown): AdhocResult | StanzaError | Promise<AdhocResult | StanzaError>;
}

/** What is asked of a command, whoever offers it: everything of {@link AdhocCommand} but who may use it. */
export type AdhocConversation = Pick<AdhocCommand, "name" | "node" | "handler">;

/**
 * What `module.depends("adhoc")` returns: the protocol of commands (XEP-0050), for modules that have them elsewhere than
 * at the host. Who may use which is the caller's to say.
 */
export interface AdhocService {
  /**
   * Answers an iq with a `<command/>`.
   * @param find the command of that node, what the requester is refused it with, or `undefined`: there is none
   * @returns a promise only where the command's handler returned one
   */
  answer(
    stanza: Element,
    find: (node: string) => AdhocConversation | StanzaError | undefined,
  ): Element | StanzaError | Promise<Element | StanzaError>;
  /** What disco#info says of a command under its node. */
  describe(command: AdhocConversation, query: Element): void;
  /** What disco#info says of the list of commands. */
  describeList(query: Element): void;
}
