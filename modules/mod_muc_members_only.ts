import { bare, inject, injectable, ModuleApiToken, nodeOf, StanzaError, xml, type ModuleApi } from "chorus-muc";
import { isAtLeast, NS_MUC_USER, type JoinCondition, type Room } from "chorus-muc/muc";

const FIELD = "muc#roomconfig_membersonly";
const FIELD_INVITES = "{http://prosody.im/protocol/muc}roomconfig_allowmemberinvites";

declare module "chorus-muc/muc" {
  interface Room {
    /** Turned on, it removes who is no member (status 322). @returns false when it was so already */
    setMembersOnly(isMembersOnly: boolean): boolean;
    /** Whether members may invite, not admins alone. */
    getAllowMemberInvites(): boolean;
    /** @returns false when it was so already */
    setAllowMemberInvites(isAllowed: boolean): boolean;
  }
}

/**
 * Lets only members in (XEP-0045 §4.2, Members-Only Room; §7.2.6). An invitation by an admin makes a member of who has
 * no affiliation (§7.8.2); members may invite where the owner allows it. Whom an admin adds to the member list while they
 * are away is sent an invitation (§9.5), unless `muc_invite_new_members` (default true) says otherwise.
 *
 * New rooms: `muc_room_default_members_only` and `muc_room_default_allow_member_invites` (default false).
 */
@injectable()
export default class MucMembersOnly {
  static readonly requires = ["muc"];

  constructor(@inject(ModuleApiToken) private readonly module: ModuleApi) {}

  load(): void {
    this.#methods();
    this.#form();

    // Who may not enter as they are learns nothing of what is inside.
    this.module.hook("muc-may-see-details", ({ room }) => (room.getMembersOnly() ? false : undefined));

    this.module.hook("muc-disco#info", ({ room, query, form }) => {
      const isMembersOnly = room.getMembersOnly();
      const isAllowed = room.getAllowMemberInvites();
      query.append(xml("feature", { var: isMembersOnly ? "muc_membersonly" : "muc_open" }));
      form.push({ name: "muc#roomconfig_allowinvites", type: "boolean", value: !isMembersOnly || isAllowed });
      form.push({ name: FIELD_INVITES, type: "boolean", value: isAllowed });
    });

    // Before the engine's roles (-1) and those of moderated rooms (1).
    this.module.hook(
      "muc-get-default-role",
      ({ room, affiliation }) => (affiliation === "none" && room.getMembersOnly() ? false : undefined),
      2,
    );

    // Before the ban check (-10), which answers outcasts: they are not told what kind of room it is.
    const isMember: JoinCondition = ({ room, bareJid }) => {
      if (!room.getMembersOnly() || room.getAffiliation(bareJid) !== "none") return undefined;
      return new StanzaError({ type: "auth", condition: "registration-required", by: room.jid });
    };
    this.module.hook("muc-occupant-pre-join", isMember, -5);
    this.module.addItem("muc-join-condition", isMember);

    this.module.hook("muc-pre-invite", ({ room, stanza }) => {
      if (!room.getMembersOnly()) return undefined;
      const affiliation = room.getAffiliation(bare(String(stanza.attrs["from"])));
      if (isAtLeast(affiliation, room.getAllowMemberInvites() ? "member" : "admin")) return undefined;
      return new StanzaError({ type: "auth", condition: "forbidden", by: room.jid });
    });

    this.module.hook("muc-invite", ({ room, stanza, incoming }) => {
      const invitee = bare(String(stanza.attrs["to"]));
      if (!room.getMembersOnly() || room.getAffiliation(invitee) !== "none") return undefined;
      const inviter = room.getOccupantJid(String(incoming.attrs["from"])) ?? bare(String(incoming.attrs["from"]));
      const reason = `Invited by ${inviter}`;
      const [isDone] = room.setAffiliation(true, invitee, "member", reason, { reason });
      // Somebody objected: an invitation that cannot be followed is not sent.
      return isDone ? undefined : false;
    });

    // XEP-0045 §9.5. Who is in the room already knows of it, and who was made a member by an invitation is being invited.
    const invitesNewMembers = this.module.getOptionBoolean("muc_invite_new_members", true);
    this.module.hook("muc-set-affiliation", ({ room, actor, jid, affiliation, previousAffiliation, inRoom }) => {
      if (!invitesNewMembers || actor === undefined || inRoom || !room.getMembersOnly()) return;
      const isNew = previousAffiliation === "none" && isAtLeast(affiliation, "member");
      if (isNew && nodeOf(jid) !== undefined) room.invite(jid, actor);
    });
  }

  #methods(): void {
    const isDefault = this.module.getOptionBoolean("muc_room_default_members_only", false);
    const invitesByDefault = this.module.getOptionBoolean("muc_room_default_allow_member_invites", false);
    const membersOnly = this.module.roomState<boolean>("members_only", { persist: true, default: false });
    const memberInvites = this.module.roomState<boolean>("allow_member_invites", { persist: true, default: false });
    const evict = this.#evictStrangers.bind(this);
    this.module.roomMethods({
      getMembersOnly() {
        return membersOnly.get(this);
      },
      setMembersOnly(isMembersOnly) {
        if (!membersOnly.set(this, isMembersOnly)) return false;
        if (isMembersOnly) evict(this);
        return true;
      },
      getAllowMemberInvites() {
        return memberInvites.get(this);
      },
      setAllowMemberInvites(isAllowed) {
        return memberInvites.set(this, isAllowed);
      },
    });

    this.module.hook("muc-room-defaults", ({ room }) => {
      room.setMembersOnly(isDefault);
      room.setAllowMemberInvites(invitesByDefault);
    });
  }

  #form(): void {
    this.module.hook(
      "muc-config-form",
      ({ room, form }) => {
        form.push(
          {
            name: FIELD,
            type: "boolean",
            label: "Only allow members to join",
            desc: "Anybody else who is in the room has to leave it",
            value: room.getMembersOnly() || undefined,
          },
          {
            name: FIELD_INVITES,
            type: "boolean",
            label: "Allow members to invite new members",
            value: room.getAllowMemberInvites() || undefined,
          },
        );
      },
      87,
    );

    this.module.hook(`muc-config-submitted/${FIELD}`, ({ updateOption }) => {
      updateOption("membersOnly", FIELD);
    });
    this.module.hook(`muc-config-submitted/${FIELD_INVITES}`, ({ updateOption }) => {
      updateOption("allowMemberInvites", FIELD_INVITES);
    });
  }

  /** XEP-0045 §10.2: everybody is told who had to go, with status 322. */
  #evictStrangers(room: Room): void {
    for (const [nick, occupant] of room.eachOccupant()) {
      if (room.getAffiliation(occupant.bareJid) !== "none") continue;
      const previousRole = occupant.role;
      const gone = room.newOccupant(occupant.bareJid, nick);
      gone.role = "none";
      room.saveOccupant(gone);
      const x = xml("x", { xmlns: NS_MUC_USER }, xml("status", { code: "322" }));
      room.publiciseOccupantStatus(occupant, x, undefined, undefined, undefined, previousRole);
      this.module.fireEvent("muc-occupant-left", { room, nick, occupant });
    }
  }
}
