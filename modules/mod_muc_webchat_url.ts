import { domainOf, inject, injectable, ModuleApiToken, nodeOf, type ModuleApi } from "chorus-muc";
import { invalidField, isWebAddress, type Room } from "chorus-muc/muc";

const FIELD = "muc#roomconfig_webchat_url";
const INFO_FIELD = "muc#roominfo_webchat_url";

/** The address for a room: `{jid}`, `{node}` and `{host}` of the template are replaced. */
function fillIn(template: string, room: Room): string {
  const values: Readonly<Record<string, string>> = {
    jid: room.jid,
    node: nodeOf(room.jid) ?? "",
    host: domainOf(room.jid),
  };
  return template.replaceAll(/\{(\w+)\}/g, (all, name: string) => {
    const value = values[name];
    return value === undefined ? all : encodeURIComponent(value);
  });
}

/**
 * Tells of a page where a room can be entered with a browser, `muc#roominfo_webchat_url`: the one that its owner names,
 * else, of rooms that show their details to everybody, the service's: `muc_webchat_baseurl` (none), with `{jid}`,
 * `{node}` or `{host}` in it.
 */
@injectable()
export default class MucWebchatUrl {
  static readonly requires = ["muc"];

  constructor(@inject(ModuleApiToken) private readonly module: ModuleApi) {}

  load(): void {
    const template = this.module.getOptionString("muc_webchat_baseurl");
    const urls = this.module.roomState<string>("webchat_url", { persist: true });
    const urlOf = (room: Room): string | undefined => {
      const own = urls.get(room);
      if (own !== undefined || template === undefined || !room.showsDetailsTo()) return own;
      return fillIn(template, room);
    };

    this.module.hook("muc-disco#info", ({ room, form, showsDetails }) => {
      const value = urlOf(room);
      if (showsDetails && value !== undefined) form.push({ name: INFO_FIELD, type: "text-single", value });
    });

    this.module.hook(
      "muc-config-form",
      ({ room, form }) => {
        form.push({
          name: FIELD,
          type: "text-single",
          label: "URL where this room can be joined",
          desc: "A page for those who use a browser",
          value: urlOf(room) ?? "",
        });
      },
      94,
    );

    this.module.hook(`muc-config-submitted/${FIELD}`, ({ room, value, statusCodes }) => {
      const url = typeof value === "string" ? value : "";
      if (url !== "" && !isWebAddress(url)) return invalidField(FIELD, "Not an http or https URL");
      // What was shown as the service's own comes back: it is still the service's.
      if (url === (urlOf(room) ?? "")) return undefined;
      if (urls.set(room, url || undefined)) statusCodes.add("104");
      return undefined;
    });
  }
}
