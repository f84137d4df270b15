import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import {
  childText,
  getChild,
  inject,
  injectable,
  ModuleApiToken,
  StanzaError,
  xml,
  type Element,
  type ModuleApi,
} from "chorus-muc";
import { isLongerThan, NS_MUC, NS_MUC_USER, refuseLong, type JoinCondition } from "chorus-muc/muc";

const FIELD = "muc#roomconfig_roomsecret";

declare module "chorus-muc/muc" {
  interface Room {
    /** What one needs to enter; `undefined`: nothing. */
    getPassword(): string | undefined;
    /** Empty text removes the password; who is in the room stays. @returns false when it was the password already */
    setPassword(password: string | undefined): boolean;
  }
}

/** The password that a presence brings (XEP-0045 §7.2.5). */
function passwordOf(presence: Element): string | undefined {
  const x = getChild(presence, "x", NS_MUC);
  return x && childText(x, "password", NS_MUC);
}

const key = randomBytes(32);

function digest(text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}

/** Whether two secrets are the same, in a time that says nothing of how much of them is, nor of their lengths. */
function isSameSecret(a: string, b: string): boolean {
  return timingSafeEqual(digest(a), digest(b));
}

/**
 * Lets in only who knows the room's password (XEP-0045 §4.2, Password-Protected Room; §7.2.5).
 *
 * The owner sets it as `muc#roomconfig_roomsecret` (§16.5.3; empty: no password), the creator may bring it with the
 * creating presence; up to `muc_max_password` characters (default 500). Invitations by occupants carry it (§7.8.2). No
 * log line names it.
 */
@injectable()
export default class MucPassword {
  static readonly requires = ["muc"];

  constructor(@inject(ModuleApiToken) private readonly module: ModuleApi) {}

  load(): void {
    const max = this.module.getOptionInteger("muc_max_password", 500, 1);
    const passwords = this.module.roomState<string>("password", { persist: true });
    this.module.roomMethods({
      getPassword() {
        return passwords.get(this);
      },
      setPassword(password) {
        return passwords.set(this, password || undefined);
      },
    });

    this.module.hook("muc-room-pre-create", ({ room, stanza }) => {
      const password = passwordOf(stanza);
      if (isLongerThan(password, max)) {
        const text = `The password is longer than ${max} characters`;
        return new StanzaError({ type: "modify", condition: "not-acceptable", text, by: this.module.host });
      }
      room.setPassword(password);
      return undefined;
    });

    // Who may not enter as they are learns nothing of what is inside.
    this.module.hook("muc-may-see-details", ({ room }) => (room.getPassword() !== undefined ? false : undefined));

    this.module.hook("muc-disco#info", ({ room, query }) => {
      const isProtected = room.getPassword() !== undefined;
      query.append(xml("feature", { var: isProtected ? "muc_passwordprotected" : "muc_unsecured" }));
    });

    this.module.hook(
      "muc-config-form",
      ({ room, form }) => {
        form.push({
          name: FIELD,
          type: "text-private",
          label: "Password",
          desc: "Asked for on entering; empty: none",
          value: room.getPassword() ?? "",
        });
      },
      88,
    );

    this.module.hook(`muc-config-submitted/${FIELD}`, ({ value, updateOption }) => {
      const refusal = refuseLong(FIELD, value, max);
      if (!refusal) updateOption("password", FIELD);
      return refusal;
    });

    // After the ban check (-10): who is banned may not try passwords. Before the lock (-30).
    const knowsPassword: JoinCondition = ({ room, bareJid, stanza }) => {
      const password = room.getPassword();
      if (password === undefined) return undefined;
      const given = passwordOf(stanza);
      if (given !== undefined && isSameSecret(given, password)) return undefined;
      this.module.log("debug", "%s: %s password by %s", room.jid, given === undefined ? "no" : "wrong", bareJid);
      return new StanzaError({ type: "auth", condition: "not-authorized", by: room.jid });
    };
    this.module.hook("muc-occupant-pre-join", knowsPassword, -20);
    this.module.addItem("muc-join-condition", knowsPassword);

    this.module.hook("muc-invite", ({ room, stanza, incoming }) => {
      const password = room.getPassword();
      // Only an occupant has shown to know the password, and may give it away.
      if (password === undefined || !room.getOccupantJid(String(incoming.attrs["from"]))) return;
      getChild(stanza, "x", NS_MUC_USER)?.append(xml("password", {}, password));
    });
  }
}
