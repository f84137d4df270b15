import { StanzaError, type BareJid, type LogLevel } from "chorus-muc";
import type { ActionAnswer, ActionRequest, Muc, RoomAction } from "chorus-muc/muc";

/** An action on the rooms of one host. Published as an item, so that a command finds those of all hosts. */
export interface BoundAction {
  readonly action: RoomAction;
  readonly host: string;
  readonly muc: Muc;
  /** @param jid the room; `undefined` for actions about a host */
  run(jid: BareJid | undefined, request: ActionRequest): Promise<ActionAnswer | StanzaError>;
}

/** What an action is bound to. */
export interface ActionPlace {
  readonly host: string;
  readonly muc: Muc;
  log(level: LogLevel, format: string, ...args: unknown[]): void;
}

/** Binds an action to a host: the room is found, what is refused comes back as its answer, and changes are logged. */
export function bindAction(action: RoomAction, place: ActionPlace): BoundAction {
  return {
    action,
    host: place.host,
    muc: place.muc,
    run: async (jid, request) => {
      let answer;
      try {
        answer = await perform(action, place.muc, jid, request);
      } catch (error) {
        if (!(error instanceof StanzaError)) throw error;
        answer = error;
      }
      if (action.isChange === true && !(answer instanceof StanzaError) && answer.kind === "done") {
        place.log("info", "%s: muc %s: %s", request.actor, action.name, answer.text);
      }
      return answer;
    },
  };
}

async function perform(
  action: RoomAction,
  muc: Muc,
  jid: BareJid | undefined,
  request: ActionRequest,
): Promise<ActionAnswer | StanzaError> {
  if (action.target === "host") return action.run(request);
  if (jid === undefined) throw new TypeError(`${action.name}: a room is needed`);
  if (action.target === "address") return action.run({ ...request, jid });
  const room = await muc.getRoomFromJid(jid);
  return room ? action.run({ ...request, room }) : refusal("item-not-found", `there is no room ${jid}`);
}

/** A refusal with its reason. */
export function refusal(
  condition: "conflict" | "item-not-found" | "not-acceptable" | "not-allowed" | "resource-constraint",
  text: string,
): StanzaError {
  return new StanzaError({ type: "cancel", condition, text });
}

/** A refusal in words. */
export function textOf({ text, condition }: StanzaError): string {
  return text ?? condition;
}
