import { StanzaError, StanzaTemplate, type Element } from "chorus-muc";
import type { LiveRoom } from "./room.js";
import { SentMessage } from "./sent-message.js";

/** See `Room.broadcastMessage`. Within a step. */
export function sendMessage(
  room: LiveRoom,
  stanza: Element,
  onFailure: ((error: StanzaError) => void) | undefined,
): void {
  const { module, router } = room.service;
  const message = new SentMessage(stanza);
  let holds: Promise<unknown>[] | undefined;
  let undos: (() => void)[] | undefined;
  let told: (() => void)[] | undefined;
  const stopped = module.fireEvent("muc-broadcast-message", {
    room,
    stanza,
    sent: message,
    holdUntil: (promise) => {
      (holds ??= []).push(promise);
    },
    onFailure: (undo) => {
      (undos ??= []).push(undo);
    },
    onSent: (fn) => {
      (told ??= []).push(fn);
    },
  });
  const takeBack = (): void => {
    for (const undo of undos?.reverse() ?? []) undo();
  };
  if (stopped !== undefined) {
    void Promise.allSettled(holds ?? []); // whoever kept it for the room is told, and looks after that
    takeBack();
    if (stopped instanceof StanzaError) onFailure?.(stopped);
    return;
  }
  stanza.attrs["from"] ??= room.jid;
  const template = new StanzaTemplate(stanza);
  message.became(template);
  const send = (): void => {
    module.deliver(template, room.occupancy.targets);
  };
  if (!holds) {
    send();
    for (const fn of told ?? []) fn();
    return;
  }
  router.hold(room.holds.until(holds, told ?? []), send, (cause) => {
    module.log("error", "%s: a message was not sent, as it could not be kept: %s", room.jid, cause);
    takeBack();
    onFailure?.(new StanzaError({ type: "cancel", condition: "internal-server-error", cause }));
  });
}
