import {
  ClockToken,
  getChild,
  inject,
  injectable,
  joinJid,
  ModuleApiToken,
  nodeOf,
  StanzaError,
  type BareJid,
  type Clock,
  type Element,
  type KeyvalStore,
  type ModuleApi,
} from "chorus-muc";
import { invalidField, isAtLeast, type Room } from "chorus-muc/muc";

const FIELD = "muc#roomconfig_slow_mode_duration";
const INFO_FIELD = "muc#roominfo_slow_mode_duration";
/** A week: longer than that nobody means it. */
const MAX_SECONDS = 604_800;

declare module "chorus-muc/muc" {
  interface Room {
    /** Seconds between two messages of one user; 0: no limit. */
    getSlowModeDuration(): number;
    /** `undefined`: what the service says. @returns false when it was so already */
    setSlowModeDuration(seconds: number | undefined): boolean;
  }
}

/** When users last spoke, in milliseconds; the longest ago comes first. */
type Spoken = Map<BareJid, number>;

/**
 * Has users wait between two messages to a room (XEP-0500 0.1.1): `muc_slow_mode_duration` (seconds, default 0: they need
 * not), which an owner may change for the room.
 *
 * Counted are messages with a body, by bare JID, under whatever nick and from whatever session, also after leaving and
 * coming again. Owners and admins are free. When somebody spoke last is stored on a stop, and so forgotten by a crash only.
 */
@injectable()
export default class MucSlowMode {
  static readonly requires = ["muc"];

  /** How to forget of a message that it was counted. */
  readonly #counted = new WeakMap<Element, () => void>();
  /** By room, so that a room may leave memory meanwhile. */
  readonly #spoken = new Map<BareJid, Spoken>();
  readonly #store: KeyvalStore<Record<string, number>>;

  constructor(
    @inject(ModuleApiToken) private readonly module: ModuleApi,
    @inject(ClockToken) private readonly clock: Clock,
  ) {
    this.#store = module.openStore<Record<string, number>>();
  }

  async load(): Promise<void> {
    const { module } = this;
    await this.#restore();
    const byDefault = module.getOptionInteger("muc_slow_mode_duration", 0, 0, MAX_SECONDS);
    const durations = module.roomState<number>("slow_mode_duration", { persist: true });
    module.roomMethods({
      getSlowModeDuration() {
        return durations.get(this) ?? byDefault;
      },
      setSlowModeDuration(seconds) {
        return durations.set(this, seconds);
      },
    });

    module.hook("muc-disco#info", ({ room, form }) => {
      form.push({ name: INFO_FIELD, type: "text-single", value: String(room.getSlowModeDuration()) });
    });
    this.#form();

    // Last, so that only what all others let pass is counted.
    module.hook(
      "muc-occupant-groupchat",
      ({ room, occupant, stanza }) => {
        if (!occupant || !getChild(stanza, "body") || room.getSlowModeDuration() === 0) return undefined;
        if (isAtLeast(room.getAffiliation(occupant.bareJid), "admin")) return undefined;
        const times = this.#spoken.get(room.jid) ?? new Map<BareJid, number>();
        this.#spoken.set(room.jid, times);
        return this.#count(room, times, occupant.bareJid, stanza);
      },
      -1000,
    );
    // Before anybody keeps the message back.
    module.hook(
      "muc-broadcast-message",
      ({ stanza, onFailure }) => {
        const forget = this.#counted.get(stanza);
        if (forget) onFailure(forget);
        return undefined;
      },
      1000,
    );
    module.hook("muc-room-destroyed", ({ room }) => {
      room.onCommit(() => this.#spoken.delete(room.jid));
    });
    module.hookGlobal("server-stopping", () => this.#save().then(() => undefined));
  }

  unload(): Promise<void> {
    return this.#save();
  }

  /** What was stored on the last stop; it is not stored any longer, so that no later start finds it. */
  async #restore(): Promise<void> {
    for await (const node of this.#store.users()) {
      const stored = Object.entries((await this.#store.get(node)) ?? {}) as [BareJid, number][];
      this.#spoken.set(joinJid(node, this.module.host) as BareJid, new Map(stored.sort(([, a], [, b]) => a - b)));
      await this.#write(node, undefined);
    }
  }

  async #save(): Promise<void> {
    const tooOld = this.clock.now() - MAX_SECONDS * 1000;
    const rooms = [...this.#spoken];
    this.#spoken.clear();
    await Promise.all(
      rooms.map(([jid, times]) => {
        const recent = [...times].filter(([, when]) => when > tooOld);
        return recent.length === 0 ? undefined : this.#write(nodeOf(jid) ?? "", Object.fromEntries(recent));
      }),
    );
  }

  #write(node: string, times: Record<string, number> | undefined): Promise<void> {
    return this.#store.set(node, times, { sync: false }).catch((error: unknown) => {
      this.module.log("warn", "%s: who spoke when could not be stored: %s", node, error);
    });
  }

  #form(): void {
    // Among what is said of conversation: who may change the subject (78).
    this.module.hook(
      "muc-config-form",
      ({ room, form }) => {
        form.push({
          name: FIELD,
          type: "text-single",
          datatype: "xs:integer",
          range: { min: 0, max: MAX_SECONDS },
          label: "Slow mode: seconds between two messages of one user",
          desc: "0: no limit. Owners and admins need not wait",
          value: String(room.getSlowModeDuration()),
        });
      },
      75,
    );
    this.module.hook(`muc-config-submitted/${FIELD}`, ({ room, value, statusCodes }) => {
      if (typeof value !== "string" || value === "") return invalidField(FIELD, "Required value missing");
      const seconds = Number(value);
      if (seconds === room.getSlowModeDuration()) return undefined;
      room.setSlowModeDuration(seconds);
      statusCodes.add("104");
      return undefined;
    });
  }

  #count(room: Room, times: Spoken, jid: BareJid, stanza: Element): StanzaError | undefined {
    const seconds = room.getSlowModeDuration();
    const now = this.clock.now();
    const before = times.get(jid);
    const left = before === undefined ? 0 : before + seconds * 1000 - now;
    if (left > 0) {
      this.module.log("debug", "%s: %s spoke again too soon", room.jid, jid);
      const text = `Slow mode: there are ${seconds} seconds between two messages. ${Math.ceil(left / 1000)} to go.`;
      return new StanzaError({ type: "wait", condition: "policy-violation", text, by: room.jid });
    }
    for (const [other, when] of times) {
      if (when + seconds * 1000 > now) break;
      times.delete(other);
    }
    times.delete(jid);
    times.set(jid, now);
    const forget = (): void => {
      if (times.get(jid) === now) times.delete(jid);
    };
    room.onRollback(forget);
    this.#counted.set(stanza, forget);
    return undefined;
  }
}
