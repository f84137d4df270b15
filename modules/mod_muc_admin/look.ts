import { childElements, NS_DISCO_INFO, xml, type Json } from "chorus-muc";
import { parseAffiliation, type ActionRow, type Muc, type Room, type RoomAction } from "chorus-muc/muc";

/** Actions that only look. */

const AFFILIATIONS = ["owner", "admin", "member", "outcast"] as const;

/** Every room of a host, none of which is loaded for it. */
export function listAction(muc: Muc, host: string): RoomAction {
  return {
    name: "list",
    title: "List rooms",
    summary: "list rooms: all, those in the public list, or those with somebody inside",
    target: "host",
    arguments: [
      { name: "public", kind: "flag", label: "Only rooms in the public list" },
      { name: "live", kind: "flag", label: "Only rooms with somebody inside" },
    ],
    run: ({ flags }) => ({
      kind: "table",
      columns: { jid: "ROOM", occupants: "OCCUPANTS", public: "PUBLIC", persistent: "PERSISTENT", name: "NAME" },
      rows: async function* (after): AsyncGenerator<ActionRow> {
        const only = flags.has("live") ? "occupied" : flags.has("public") ? "public" : undefined;
        for await (const room of muc.roomEntries({ ...(only && { only }), ...(after !== undefined && { after }) })) {
          if (flags.has("public") && !room.isPublic) continue;
          yield {
            jid: room.jid,
            occupants: room.occupantCount,
            public: room.isPublic,
            persistent: room.isPersistent,
            name: room.name ?? null,
            host,
          };
        }
      },
    }),
  };
}

/** A room at a glance: what everybody can know by disco, and how many people have to do with it. */
export const infoAction: RoomAction = {
  name: "info",
  title: "Show a room",
  summary: "show what a room is, and how many are in it and belong to it",
  target: "room",
  arguments: [],
  run: ({ room, actor }) => {
    const sessions = room.eachOccupant().reduce((sum, [, occupant]) => sum + occupant.sessions.size, 0);
    const counts = AFFILIATIONS.map((one) => [`${one}s`, room.eachAffiliation(one).length] as const);
    return {
      kind: "record",
      fields: {
        jid: room.jid,
        name: room.getName() ?? null,
        public: !room.getHidden(),
        persistent: room.getPersistent(),
        members_only: room.getMembersOnly(),
        whois: room.getWhois(),
        occupants: room.occupantCount,
        sessions,
        ...Object.fromEntries(counts),
        ...discoOf(room, actor),
      },
    };
  },
};

/** Features of a room, and the fields of its form, whichever module they are of (XEP-0045 §6.4). */
function discoOf(room: Room, actor: string): ActionRow {
  const query = xml("query", NS_DISCO_INFO);
  const answer = room.getDiscoInfo(xml("iq", { type: "get", id: "info", from: actor, to: room.jid }, query));
  const features: string[] = [];
  const fields: Record<string, Json> = {};
  for (const child of childElements(childElements(answer)[0] ?? query)) {
    if (child.name === "feature") features.push(String(child.attrs["var"]));
    for (const field of child.name === "x" ? childElements(child) : []) {
      const name = String(field.attrs["var"]);
      const texts = childElements(field).map((value) => value.text());
      if (name !== "FORM_TYPE") fields[name] = texts.length === 1 ? (texts[0] as string) : texts;
    }
  }
  return { features: features.sort(), ...fields };
}

/** Who is in a room, in order of entry. */
export const occupantsAction: RoomAction = {
  name: "occupants",
  title: "List occupants",
  summary: "list who is in a room, with real addresses",
  target: "room",
  arguments: [],
  run: ({ room }) => ({
    kind: "table",
    columns: { nick: "NICK", jid: "JID", role: "ROLE", affiliation: "AFFILIATION", sessions: "SESSIONS" },
    rows: room.eachOccupant().map(([nick, occupant]) => ({
      nick: nick.slice(room.jid.length + 1),
      jid: occupant.bareJid,
      role: occupant.role,
      affiliation: room.getAffiliation(occupant.bareJid),
      sessions: [...occupant.sessions.keys()],
    })),
  }),
};

/** Who belongs to a room, and who is banned from it. */
export const affiliationsAction: RoomAction = {
  name: "affiliations",
  title: "List affiliations",
  summary: "list owners, admins, members and outcasts of a room, or one kind of them",
  target: "room",
  arguments: [
    { name: "affiliation", kind: "choice", label: "Only this affiliation", isOption: true, choices: AFFILIATIONS },
  ],
  run: ({ room, texts }) => {
    const only = texts["affiliation"];
    return {
      kind: "table",
      columns: { jid: "JID", affiliation: "AFFILIATION", nick: "NICK", reason: "REASON" },
      rows: room
        .eachAffiliation(only === undefined ? undefined : parseAffiliation(only))
        .map(([jid, affiliation, data]) => ({
          jid,
          affiliation,
          nick: data?.reserved_nickname ?? null,
          reason: data?.reason ?? null,
        })),
    };
  },
};
