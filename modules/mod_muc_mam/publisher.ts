import { bare, childElements, getChild, resourceOf, StanzaError, type ArchiveEntry } from "chorus-muc";
import { NS_MUC_USER, occupantIdOf, type Room } from "chorus-muc/muc";

/** Tells whether an entry is of somebody; `undefined`: of anybody. */
export type PublisherMatch = ((entry: ArchiveEntry) => boolean) | undefined;

/**
 * How to find what somebody has sent (XEP-0313 §4.1.1): by occupant JID, or by real JID, which only those may ask about
 * who may see it, and everybody about their own.
 *
 * Messages of semi-anonymous rooms are stored without real JIDs. Their occupant ids tell, if there are any, whoever
 * knows whose they are: this room.
 *
 * @param idOf occupant id of a bare JID, where the room gives ids
 * @returns auth/forbidden for the real JID of somebody else
 */
export function publisherMatch(
  room: Room,
  asker: string,
  publisher: string | undefined,
  idOf: ((bareJid: string) => string) | undefined,
): PublisherMatch | StanzaError {
  // Everything in a room's archive is from the room.
  if (publisher === undefined || publisher === room.jid) return undefined;
  if (bare(publisher) === room.jid) return ({ stanza }) => stanza.attrs["from"] === publisher;
  if (room.isAnonymousFor(asker) && bare(publisher) !== bare(asker)) {
    const text = "Real addresses are for moderators only";
    return new StanzaError({ type: "auth", condition: "forbidden", text });
  }
  const isBare = resourceOf(publisher) === undefined;
  const id = isBare ? idOf?.(publisher) : undefined;
  return ({ stanza }) => {
    if (id !== undefined && occupantIdOf(stanza) === id) return true;
    const x = getChild(stanza, "x", NS_MUC_USER);
    return childElements(x ?? stanza).some(({ name, attrs }) => {
      const jid = attrs["jid"] as string | undefined;
      return x !== undefined && name === "item" && jid !== undefined && (isBare ? bare(jid) : jid) === publisher;
    });
  };
}
