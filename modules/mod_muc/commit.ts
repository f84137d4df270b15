import type { LiveRoom } from "./room.js";
import type { Step } from "./step.js";

/** Written when it can be: a temporary room waits for nothing. */
const UNSYNCED = { sync: false };

/**
 * Issues what a step has to write, in one turn, so that it is one atomic batch.
 * @returns what the step must wait for: the writes of a room that is persistent, or was
 */
export function commitStep(room: LiveRoom, step: Step): Promise<unknown> | undefined {
  if (step.save === "no" && !step.sessions) return undefined;
  const writes: Promise<unknown>[] = [];
  const wasDurable = room.stored === "durable";
  if (step.save !== "no") writes.push(...storeRoom(room, step));
  if (room.isTracked && step.sessions) writes.push(...room.service.records.write(room, step.sessions));
  if (writes.length === 0) return undefined;
  const written = Promise.all(writes);
  if ((wasDurable || room.stored === "durable" || room.successor) && step.save !== "no") return written;
  written.catch((error: unknown) => {
    room.service.module.log("error", "%s: could not be written: %s", room.jid, error);
  });
  (step.unwritten ??= []).push(written);
  return undefined;
}

function storeRoom(room: LiveRoom, step: Step): Promise<unknown>[] {
  const { stores, records, publicRooms } = room.service;
  if (!room.isTracked) return removeRoom(room, step);
  publicRooms.set(room.jid, !room.getHidden(), step);
  if (room.getPersistent()) {
    putBackOnFailure(room, step);
    setStored(room, step, "durable");
    return [stores.put(room)];
  }
  if (records.isOn) {
    const options = room.stored === "durable" ? undefined : UNSYNCED;
    setStored(room, step, "temporary");
    return [stores.put(room, options)];
  }
  if (room.stored === "no" || step.save !== "forced") return [];
  setStored(room, step, "no");
  return [stores.remove(room)];
}

function removeRoom(room: LiveRoom, step: Step): Promise<unknown>[] {
  const { stores, publicRooms } = room.service;
  publicRooms.set(room.jid, false, step);
  if (room.stored === "no" && !room.successor) return [];
  const options = room.stored === "temporary" ? UNSYNCED : undefined;
  const writes = [stores.remove(room, options)];
  setStored(room, step, "no");
  if (room.successor) {
    room.successor.stored = "durable";
    writes.push(stores.put(room.successor));
  }
  return writes;
}

/** What a module changed in `_data` without saying so is put back to what is stored. */
function putBackOnFailure(room: LiveRoom, step: Step): void {
  const before = room.storedData;
  if (before !== undefined && step.dataBefore === undefined) {
    step.onRollbackLast(() => {
      room.putBackData(before);
    });
  }
  room.storedData = JSON.stringify(room._data);
  step.onRollback(() => {
    room.storedData = before;
  });
}

function setStored(room: LiveRoom, step: Step, stored: LiveRoom["stored"]): void {
  const before = room.stored;
  room.stored = stored;
  step.onRollback(() => {
    room.stored = before;
  });
}
