import {
  childText,
  ClockToken,
  getChild,
  inject,
  injectable,
  ModuleApiToken,
  StanzaError,
  xml,
  type Clock,
  type Element,
  type Jid,
  type ModuleApi,
} from "chorus-muc";
import { delayElement, hasRole, isLongerThan, type Room } from "chorus-muc/muc";

const FIELD = "muc#roomconfig_changesubject";

declare module "chorus-muc/muc" {
  interface Room {
    /** Occupant JID of who set the subject (the room's JID when nobody did), and the subject. */
    getSubject(): readonly [from: Jid, subject: string | undefined];
    /**
     * Sets the subject and tells the room; empty text removes it.
     * @param from JID in whose name: an occupant's, or the room's
     * @param message the occupant's message that asks for it, which is sent on; without, one is made where it is needed
     * @returns false when both were the same already
     */
    setSubject(from: Jid, subject: string | undefined, message?: Element): boolean;
    /** Sends the subject to a session, as to who enters. */
    sendSubject(to: string): void;
    /** Whether participants may change the subject, not moderators alone. */
    getChangesubject(): boolean;
    /** Whether participants may set the subject, or moderators only. @returns false when it was so already */
    setChangesubject(isAllowed: boolean): boolean;
  }
}

declare module "chorus-muc" {
  interface HostEvents {
    /** The present subject is sent to somebody who enters: what belongs to it is added to `stanza`. */
    "muc-build-subject": { readonly room: Room; readonly stanza: Element };
  }
}

/** A message that changes the subject has neither body nor thread (XEP-0045 §8.1). */
function isSubjectChange(message: Element): boolean {
  return getChild(message, "subject") !== undefined && !getChild(message, "body") && !getChild(message, "thread");
}

function subjectMessage(from: Jid, subject: string | undefined): Element {
  const content = subject === undefined ? xml("subject") : xml("subject", {}, subject);
  return xml("message", { type: "groupchat", from }, content);
}

/**
 * Keeps the subject of a room: set by moderators, or by participants where the owner allows it (XEP-0045 §8.1), and
 * sent to whoever enters, after the history (§7.2.15).
 *
 * New rooms: `muc_room_default_change_subject` (default false: moderators). A subject has up to `muc_max_subject`
 * characters (default 10000).
 */
@injectable()
export default class MucSubject {
  static readonly requires = ["muc"];

  constructor(
    @inject(ModuleApiToken) private readonly module: ModuleApi,
    @inject(ClockToken) private readonly clock: Clock,
  ) {}

  load(): void {
    this.#methods();
    const max = this.module.getOptionInteger("muc_max_subject", 10_000, 1);
    const isOpenByDefault = this.module.getOptionBoolean("muc_room_default_change_subject", false);

    this.module.hook("muc-room-defaults", ({ room }) => {
      room.setChangesubject(isOpenByDefault);
    });

    this.module.hook("muc-disco#info", ({ room, form, showsDetails }) => {
      const isChangeable = room.getChangesubject();
      form.push({ name: FIELD, type: "boolean", value: isChangeable || undefined });
      form.push({ name: "muc#roominfo_subjectmod", type: "boolean", value: isChangeable });
      if (!showsDetails) return;
      const [, subject] = room.getSubject();
      form.push({ name: "muc#roominfo_subject", type: "text-single", value: subject ?? "" });
    });

    this.module.hook(
      "muc-config-form",
      ({ room, form }) => {
        form.push({
          name: FIELD,
          type: "boolean",
          label: "Allow anyone to set the room's subject",
          desc: "Otherwise only moderators may",
          value: room.getChangesubject() || undefined,
        });
      },
      79,
    );

    this.module.hook(`muc-config-submitted/${FIELD}`, ({ updateOption }) => {
      updateOption("changesubject", FIELD);
    });

    // After the history (50).
    this.module.hook(
      "muc-occupant-session-new",
      ({ room, jid }) => {
        room.sendSubject(jid);
      },
      20,
    );

    // After the check of the role (50).
    this.module.hook(
      "muc-occupant-groupchat",
      ({ room, stanza, occupant }) => {
        if (!isSubjectChange(stanza)) return undefined;
        if (occupant && !hasRole(occupant.role, room.getChangesubject() ? "participant" : "moderator")) {
          const text = "You are not allowed to change the subject";
          return new StanzaError({ type: "auth", condition: "forbidden", text });
        }
        const subject = childText(stanza, "subject");
        if (isLongerThan(subject, max)) {
          const text = `The subject is longer than ${max} characters`;
          return new StanzaError({ type: "modify", condition: "not-acceptable", text });
        }
        room.setSubject(occupant?.nick ?? room.jid, subject, stanza);
        return true;
      },
      20,
    );
  }

  #methods(): void {
    const { clock } = this;
    const fire = (room: Room, stanza: Element): void => {
      this.module.fireEvent("muc-build-subject", { room, stanza });
    };
    const subjects = this.module.roomState<string>("subject", { persist: true });
    const setters = this.module.roomState<Jid>("subject_from", { persist: true });
    const times = this.module.roomState<number>("subject_time", { persist: true });
    const changeable = this.module.roomState<boolean>("changesubject", { persist: true, default: false });
    const current = (room: Room): readonly [Jid, string | undefined] => [
      setters.get(room) ?? room.jid,
      subjects.get(room),
    ];
    this.module.roomMethods({
      getSubject() {
        return current(this);
      },
      setSubject(from, subject, message) {
        const text = subject || undefined;
        const [oldFrom, oldText] = current(this);
        if (message) message.attrs["from"] = from;
        if (from === oldFrom && text === oldText) {
          // It changes nothing, and its sender waits for it all the same (XEP-0045 §8.1).
          if (message) this.broadcastMessage(message);
          return false;
        }
        subjects.set(this, text);
        setters.set(this, from);
        times.set(this, Math.floor(clock.now() / 1000));
        this.broadcastMessage(message ?? subjectMessage(from, text));
        return true;
      },
      sendSubject(to) {
        const [from, subject] = current(this);
        const message = subjectMessage(from, subject);
        message.attrs["to"] = to;
        fire(this, message);
        const time = times.get(this);
        if (time !== undefined) message.append(delayElement(this.jid, time));
        this.routeStanza(message);
      },
      getChangesubject() {
        return changeable.get(this);
      },
      setChangesubject(isAllowed) {
        return changeable.set(this, isAllowed);
      },
    });
  }
}
