import {
  domainOf,
  EXIT_USAGE,
  nameprep,
  nodeOf,
  parseBareJid,
  StanzaError,
  type BareJid,
  type Command,
  type CommandIo,
  type Hosts,
} from "chorus-muc";
import type { ActionRequest, ActionTable } from "chorus-muc/muc";
import { textOf, type BoundAction } from "./bound-action.js";
import { commandUsage, readWords, UsageError, type Call } from "./command-line.js";
import { printAnswer, printTable, rowsOf } from "./print.js";

/** Key of the items that are {@link BoundAction}s. */
export const BOUND_ACTION = "muc-bound-action";

/** A command could be understood, and is not done all the same. */
class RefusedError extends Error {
  override readonly name = "RefusedError";
}

/** Makes a command of `chorusctl` of an action: for the rooms of every host that has one of this name. */
export function commandOf({ action }: BoundAction, hosts: Hosts): Command {
  return {
    name: `muc ${action.name}`,
    summary: action.summary,
    usage: commandUsage(action),
    run: async (words, io, { online }) => {
      try {
        const call = readWords(action, words);
        const bound = [...hosts].flatMap((host) =>
          host.items<BoundAction>(BOUND_ACTION).filter((each) => each.action.name === action.name),
        );
        if (action.target === "host") await runOnHosts(chosenHosts(bound, call), call, io, online);
        else await runOnRoom(bound, call, io, online);
        return 0;
      } catch (error) {
        if (!(error instanceof UsageError || error instanceof RefusedError)) throw error;
        io.error(error.message);
        return error instanceof UsageError ? EXIT_USAGE : 1;
      }
    },
  };
}

function requestOf({ host }: BoundAction, { texts, flags, settings }: Call, online: boolean): ActionRequest {
  return { actor: host, online, texts, flags, settings };
}

function hostNames(bound: readonly BoundAction[]): string {
  return bound.map(({ host }) => host).join(", ");
}

function chosenHosts(bound: readonly BoundAction[], { target }: Call): readonly BoundAction[] {
  if (target === undefined) return bound;
  const chosen = bound.filter(({ host }) => host === nameprep(target));
  if (chosen.length > 0) return chosen;
  throw new RefusedError(`${target} has no rooms here; these have: ${hostNames(bound)}`);
}

async function runOnHosts(bound: readonly BoundAction[], call: Call, io: CommandIo, online: boolean): Promise<void> {
  const tables: ActionTable[] = [];
  for (const each of bound) {
    const answer = await each.run(undefined, requestOf(each, call, online));
    if (answer instanceof StanzaError) throw new RefusedError(`${each.host}: ${textOf(answer)}`);
    if (answer.kind === "table") tables.push(answer);
  }
  await printTable(io, tables[0]?.columns ?? {}, rowsOf(tables), call.isJson);
}

async function runOnRoom(bound: readonly BoundAction[], call: Call, io: CommandIo, online: boolean): Promise<void> {
  const jid = roomAddress(call.target ?? "", bound);
  const own = bound.find(({ host }) => host === domainOf(jid));
  if (!own) throw new RefusedError(`${domainOf(jid)} has no rooms here; these have: ${hostNames(bound)}`);
  const answer = await own.run(jid, requestOf(own, call, online));
  if (answer instanceof StanzaError) throw new RefusedError(textOf(answer));
  if (answer.kind === "table") await printTable(io, answer.columns, rowsOf([answer]), call.isJson);
  else printAnswer(io, answer, call.isJson);
}

/** A room names its host. */
function roomAddress(text: string, bound: readonly BoundAction[]): BareJid {
  const jid = parseBareJid(text);
  if (jid !== undefined && nodeOf(jid) !== undefined) return jid;
  throw new UsageError(`"${text}" is not the address of a room, as ROOM@${bound[0]?.host ?? "HOST"}`);
}
