import { inject, injectable, ModuleApiToken, type BareJid, type ModuleApi } from "chorus-muc";
import type { Room } from "chorus-muc/muc";

type Voice = "visitor" | "participant";
type KeptVoice = readonly [jid: BareJid, role: Voice];

function isVoice(role: string): role is Voice {
  return role === "visitor" || role === "participant";
}

/**
 * Keeps voice that moderators gave or took over later visits (XEP-0045 §5.1, for moderated rooms): who was let speak may
 * speak after a lost connection, and who was silenced does not get around it by entering again. A kick, and any change of
 * affiliation, makes it forgotten.
 *
 * `muc_kept_voices` (people, default 1000): most that one room remembers; the oldest go first.
 */
@injectable()
export default class MucKeepVoice {
  static readonly requires = ["muc"];

  constructor(@inject(ModuleApiToken) private readonly module: ModuleApi) {}

  load(): void {
    const limit = this.module.getOptionInteger("muc_kept_voices", 1000, 1);
    const voices = this.module.roomState<readonly KeptVoice[]>("kept_voices", { persist: true, default: [] });
    const keep = (room: Room, jid: BareJid, role: Voice | undefined): void => {
      const others = voices.get(room).filter(([other]) => other !== jid);
      voices.set(room, role === undefined ? others : [...others, [jid, role] as const].slice(-limit));
    };

    this.module.hook("muc-set-role", ({ room, occupant, role }) => {
      const { bareJid } = occupant;
      const isOwn = isVoice(role) && role !== room.getDefaultRole(room.getAffiliation(bareJid));
      keep(room, bareJid, isOwn ? role : undefined);
    });
    this.module.hook("muc-set-affiliation", ({ room, jid, affiliation, previousAffiliation }) => {
      if (affiliation !== previousAffiliation) keep(room, jid, undefined);
    });

    // When all others have let them in, whatever that takes.
    this.module.hook(
      "muc-occupant-pre-join",
      ({ room, bareJid, occupant, isFirstSession }) => {
        const kept = voices.get(room).find(([jid]) => jid === bareJid)?.[1];
        if (kept !== undefined && isFirstSession && isVoice(occupant.role)) occupant.role = kept;
        return undefined;
      },
      -40,
    );
  }
}
