import { bare, getChild, inject, injectable, isElement, ModuleApiToken, namespaceOf, removeChildren } from "chorus-muc";
import { type BareJid, type Element, type ModuleApi } from "chorus-muc";
import { isAtLeast, type Room } from "chorus-muc/muc";

const FIELD = "{xmpp:prosody.im}muc#roomconfig_unaffiliated_media";

const NS_XHTML = "http://www.w3.org/1999/xhtml";
const NS_REFERENCE = "urn:xmpp:reference:0";
const NS_FALLBACK = "urn:xmpp:fallback:0";

/** What clients show as a picture, a player or a preview, without being asked to. */
const MEDIA: ReadonlySet<string> = new Set([
  "jabber:x:oob", // XEP-0066
  "urn:xmpp:sims:1", // XEP-0385
  "urn:xmpp:sfs:0", // XEP-0447
  "urn:xmpp:stickers:0", // XEP-0449
  "urn:xmpp:bob", // XEP-0231
  "http://www.w3.org/1999/02/22-rdf-syntax-ns#", // XEP-0511: previews of links
]);
const XHTML_MEDIA: ReadonlySet<string> = new Set(
  "img picture source video audio track object embed param iframe canvas svg".split(" "),
);
const XHTML_SOURCES: readonly string[] = ["src", "srcset", "data", "poster", "background"];

/** Takes out of a message, in place, what would be shown without being asked for; links and text stay. */
function withoutMedia(message: Element): void {
  const isMedia = (child: Element): boolean => {
    const xmlns = namespaceOf(child) ?? "";
    if (MEDIA.has(xmlns)) return true;
    if (xmlns === NS_REFERENCE) return getChild(child, "media-sharing", "urn:xmpp:sims:1") !== undefined;
    // XEP-0428: clients would hide the text, which is all that is left.
    return xmlns === NS_FALLBACK && MEDIA.has(String(child.attrs["for"]));
  };
  removeChildren(message, isMedia);
  for (const child of message.children) {
    if (isElement(child) && namespaceOf(child) === "http://jabber.org/protocol/xhtml-im") withoutPictures(child);
  }
}

/** XEP-0071: pictures are replaced by what they show in words. */
function withoutPictures(parent: Element): void {
  for (const [index, child] of parent.children.entries()) {
    if (!isElement(child)) continue;
    if (XHTML_MEDIA.has(child.name) || namespaceOf(child) !== NS_XHTML) {
      parent.children[index] = String(child.attrs["alt"] ?? "[media]");
      continue;
    }
    for (const name of XHTML_SOURCES) Reflect.deleteProperty(child.attrs, name);
    for (const name of ["style", "href"]) {
      if (/url\s*\(|^\s*(?:data|cid):/i.test(String(child.attrs[name] ?? "")))
        Reflect.deleteProperty(child.attrs, name);
    }
    withoutPictures(child);
  }
}

declare module "chorus-muc/muc" {
  interface Room {
    /** Whether media of people without an affiliation become links. */
    getRestrictMedia(): boolean;
    /** Whether messages of who has no affiliation lose what clients show inline. @returns false when it was so already */
    setRestrictMedia(isRestricted: boolean): boolean;
  }
}

/**
 * Keeps pictures and players out of what strangers say: in messages of who has no affiliation, to the room and private,
 * media become links. Owners choose it for their room; others have `muc_room_default_restrict_media` (default true).
 */
@injectable()
export default class MucRestrictMedia {
  static readonly requires = ["muc"];

  constructor(@inject(ModuleApiToken) private readonly module: ModuleApi) {}

  load(): void {
    const byDefault = this.module.getOptionBoolean("muc_room_default_restrict_media", true);
    const restricted = this.module.roomState<boolean>("restrict_media", { persist: true, default: byDefault });
    this.module.roomMethods({
      getRestrictMedia() {
        return restricted.get(this);
      },
      setRestrictMedia(isRestricted) {
        return restricted.set(this, isRestricted);
      },
    });

    this.module.hook("muc-disco#info", ({ room, form }) => {
      form.push({ name: FIELD, type: "boolean", value: !room.getRestrictMedia() });
    });

    // With the permissions in the room (80).
    this.module.hook(
      "muc-config-form",
      ({ room, form }) => {
        form.push({
          name: FIELD,
          type: "boolean",
          label: "Display inline media (images, etc.) from non-members",
          desc: "Otherwise they are links",
          value: !room.getRestrictMedia(),
        });
      },
      75,
    );

    this.module.hook(`muc-config-submitted/${FIELD}`, ({ room, value, statusCodes }) => {
      if (room.setRestrictMedia(value !== true)) statusCodes.add("104");
    });

    // After the check of the role (50), before anything that keeps or sends the message.
    this.module.hook(
      "muc-occupant-groupchat",
      ({ room, from, stanza }) => {
        this.#restrict(room, bare(from), stanza);
        return undefined;
      },
      25,
    );
    this.module.hook(
      "muc-private-message",
      ({ room, sender, stanza }) => {
        this.#restrict(room, sender.bareJid, stanza);
        return undefined;
      },
      25,
    );
  }

  #restrict(room: Room, jid: BareJid, message: Element): void {
    if (room.getRestrictMedia() && !isAtLeast(room.getAffiliation(jid), "member")) withoutMedia(message);
  }
}
