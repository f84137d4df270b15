import { StanzaError, StanzaTemplate, type Element } from "chorus-muc";
import { added } from "./lists.js";
import type { LiveRoom } from "./room.js";
import { SentMessage } from "./sent-message.js";

/** See `Room.broadcastMessage`. Within a step. */
export function sendMessage(
  room: LiveRoom,
  stanza: Element,
  onFailure: ((error: StanzaError) => void) | undefined,
): void {
  const { module } = room.service;
  const message = new SentMessage(stanza);
  let holds: Promise<unknown>[] | undefined;
  let undos: (() => void)[] | undefined;
  let told: (() => void)[] | undefined;
  const stopped = module.fireEvent("muc-broadcast-message", {
    room,
    stanza,
    sent: message,
    holdUntil: (promise) => {
      holds = added(holds, promise);
    },
    onFailure: (undo) => {
      undos = added(undos, undo);
    },
    onSent: (fn) => {
      told = added(told, fn);
    },
  });
  if (stopped !== undefined) {
    void Promise.allSettled(holds ?? []); // whoever kept it for the room is told, and looks after that
    takeBack(undos);
    if (stopped instanceof StanzaError) onFailure?.(stopped);
    return;
  }
  stanza.attrs["from"] ??= room.jid;
  const template = new StanzaTemplate(stanza);
  message.became(template);
  if (holds) {
    sendLater(room, template, { holds, undos, told, onFailure });
    return;
  }
  module.deliver(template, room.occupancy.recipients);
  if (told) for (const fn of told as readonly (() => void)[]) fn();
}

/** What has to come first, and what is told of what came of it. */
interface Condition {
  readonly holds: Promise<unknown>[];
  readonly undos: (() => void)[] | undefined;
  readonly told: (() => void)[] | undefined;
  readonly onFailure: ((error: StanzaError) => void) | undefined;
}

function sendLater(room: LiveRoom, template: StanzaTemplate, { holds, undos, told, onFailure }: Condition): void {
  const { module, router } = room.service;
  const send = (): void => {
    module.deliver(template, room.occupancy.recipients);
  };
  router.hold(room.holds.until(holds, told ?? []), send, (cause) => {
    module.log("error", "%s: a message was not sent, as it could not be kept: %s", room.jid, cause);
    takeBack(undos);
    onFailure?.(new StanzaError({ type: "cancel", condition: "internal-server-error", cause }));
  });
}

function takeBack(undos: (() => void)[] | undefined): void {
  if (undos) for (const undo of undos.reverse()) undo();
}
