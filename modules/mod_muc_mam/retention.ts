import { joinJid, type BareJid, type Clock, type KeyvalStore, type ModuleApi, type ModuleExports } from "chorus-muc";
import type { FrozenRoom, Muc, RoomData } from "chorus-muc/muc";
import type { RoomArchives } from "./archive.js";

/** Seconds after the start until the first round: the server has other things to do then. */
const FIRST_ROUND = 60;

/** How long messages are kept. */
export interface RetentionOptions {
  /** Seconds that a room with that data keeps messages; `Infinity`: for good. */
  readonly ageOf: (data: RoomData) => number;
  /** Seconds of rooms of which nothing more is known. */
  readonly byDefault: number;
  /** Seconds between two rounds. */
  readonly period: number;
}

/** Removes messages that are too old, and the archives of rooms that are gone. */
export class Retention {
  readonly #configs: KeyvalStore<FrozenRoom>;

  constructor(
    private readonly module: ModuleApi,
    private readonly muc: Muc,
    private readonly archives: RoomArchives,
    private readonly histories: ModuleExports["muc_history"],
    private readonly clock: Clock,
    private readonly options: RetentionOptions,
  ) {
    // Stored rooms are looked at where the engine keeps them, so that a round loads none.
    this.#configs = module.openStore<FrozenRoom>("config");
  }

  load(): void {
    // Not in a command that works with the data of a stopped server, an import above all.
    void this.module.onReady(() => {
      this.module.addTimer(FIRST_ROUND, () => {
        void this.#round();
        return this.options.period;
      });
    });
    this.module.hook("muc-room-destroyed", ({ room }) => {
      const { user } = this.archives.placeOf(room);
      // Nobody can reach it any more; if the process ends before, a later round finds it.
      room.onCommit(() => {
        this.archives.clear(user).catch(this.#report(user));
      });
    });
  }

  async #round(): Promise<void> {
    try {
      for await (const user of this.archives.store.users()) await this.#visit(user).catch(this.#report(user));
    } catch (error) {
      this.#report("the archives")(error);
    }
  }

  async #visit(user: string): Promise<void> {
    const [node = "", instance] = user.split("/");
    const jid = joinJid(node, this.module.host) as BareJid;
    const data = this.muc.getLiveRoomFromJid(jid)?._data ?? (await this.#configs.get(node))?._data;
    const isOfRoom = data !== undefined && this.archives.userOf(jid, data) === user;
    // What came without a room from elsewhere is not for us to throw away before its time.
    if (!isOfRoom && instance !== undefined) {
      await this.archives.clear(user);
      return;
    }
    const age = isOfRoom ? this.options.ageOf(data) : this.options.byDefault;
    if (age === Infinity) return;
    const end = this.clock.now() / 1000 - age;
    // First, so that a crash in between leaves something to come back for.
    if (isOfRoom) await this.histories.forget(jid, end);
    const removed = await this.archives.clear(user, end);
    if (removed > 0) this.module.log("debug", "%s: %d messages were too old", jid, removed);
  }

  #report(what: string): (error: unknown) => void {
    return (error) => {
      this.module.log("error", "%s: old messages could not be removed: %s", what, error);
    };
  }
}
