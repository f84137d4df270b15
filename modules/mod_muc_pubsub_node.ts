import { inject, injectable, ModuleApiToken, parseJid, type ModuleApi } from "chorus-muc";
import { invalidField } from "chorus-muc/muc";

const FIELD = "muc#roomconfig_pubsub";
/** `xmpp:` and a JID, and the query that names a node (RFC 5122 §2.5). */
const URI = /^xmpp:([^?#]+)\?;(?:[^;#]+;)*node=[^;#]+(?:;[^;#]+)*$/;
const MAX_LENGTH = 2048;

function isNodeUri(text: string): boolean {
  const [, jid] = (text.length <= MAX_LENGTH && URI.exec(text)) || [];
  if (jid === undefined) return false;
  try {
    return parseJid(decodeURIComponent(jid)) !== undefined;
  } catch {
    return false; // a percent sign that begins nothing
  }
}

/**
 * Tells which publish-subscribe node belongs to a room (XEP-0045 §16.5.3, `muc#roomconfig_pubsub`), a space for one
 * (XEP-0503): the URI that its owner names, among the details of the room.
 */
@injectable()
export default class MucPubsubNode {
  static readonly requires = ["muc"];

  constructor(@inject(ModuleApiToken) private readonly module: ModuleApi) {}

  load(): void {
    const uris = this.module.roomState<string>("pubsub", { persist: true });

    this.module.hook("muc-disco#info", ({ room, form, showsDetails }) => {
      const value = uris.get(room);
      if (showsDetails && value !== undefined) form.push({ name: FIELD, type: "text-single", value });
    });

    this.module.hook(
      "muc-config-form",
      ({ room, form }) => {
        form.push({
          name: FIELD,
          type: "text-single",
          label: "XMPP URI of associated publish-subscribe node",
          desc: "For example xmpp:pubsub.example.com?;node=the-space",
          value: uris.get(room) ?? "",
        });
      },
      93,
    );

    this.module.hook(`muc-config-submitted/${FIELD}`, ({ room, value, statusCodes }) => {
      const uri = typeof value === "string" ? value : "";
      if (uri !== "" && !isNodeUri(uri)) return invalidField(FIELD, "Not the URI of a node");
      if (uris.set(room, uri || undefined)) statusCodes.add("104");
      return undefined;
    });
  }
}
