import { StanzaError, StanzaTemplate, type Element } from "chorus-muc";
import type { LiveRoom } from "./room.js";
import { SentMessage } from "./sent-message.js";

/** Seconds that a message may be kept back: a module that forgets about it must not silence the room for good. */
const LONGEST_HOLD_SECONDS = 30;

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
  const tell = (): void => {
    for (const fn of told ?? []) fn();
  };
  if (!holds) {
    send();
    tell();
    return;
  }
  const written = withDeadline(room, Promise.all(holds));
  written.then(tell, () => undefined);
  router.hold(written, send, (cause) => {
    module.log("error", "%s: a message was not sent, as it could not be kept: %s", room.jid, cause);
    takeBack();
    onFailure?.(new StanzaError({ type: "cancel", condition: "internal-server-error", cause }));
  });
}

function withDeadline(room: LiveRoom, all: Promise<unknown>): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const timer = room.service.module.addTimer(LONGEST_HOLD_SECONDS, () => {
      reject(new Error(`kept back for more than ${LONGEST_HOLD_SECONDS} seconds`));
      return undefined;
    });
    const stop = (): void => {
      timer.stop();
    };
    all.then(stop, stop);
    all.then(resolve, reject);
  });
}
