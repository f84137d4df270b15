import { StanzaError, type Element } from "chorus-muc";
import type { LiveRoom } from "./room.js";

/** Seconds that a message may be kept back: a module that forgets about it must not silence the room for good. */
const LONGEST_HOLD_SECONDS = 30;

/** See `Room.broadcastMessage`. Within a step. */
export function sendMessage(
  room: LiveRoom,
  stanza: Element,
  onFailure: ((error: StanzaError) => void) | undefined,
): void {
  const holds: Promise<unknown>[] = [];
  const undos: (() => void)[] = [];
  const { module, router } = room.service;
  const stopped = module.fireEvent("muc-broadcast-message", {
    room,
    stanza,
    holdUntil: (promise) => {
      holds.push(promise);
    },
    onFailure: (undo) => {
      undos.push(undo);
    },
  });
  if (stopped !== undefined) return;
  const send = (): void => {
    room.broadcast(stanza);
  };
  if (holds.length === 0) {
    send();
    return;
  }
  router.hold(withDeadline(room, Promise.all(holds)), send, (cause) => {
    module.log("error", "%s: a message was not sent, as it could not be kept: %s", room.jid, cause);
    for (const undo of undos.reverse()) undo();
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
