import { inject, injectable, ModuleApiToken, type ModuleApi } from "chorus-muc";
import { invalidField, isWebAddress } from "chorus-muc/muc";

const FIELD = "muc#roominfo_logs";

declare module "chorus-muc/muc" {
  interface Room {
    /** Address of the page where what is said in the room is published. */
    getLogsUrl(): string | undefined;
    /** @returns false when it was so already */
    setLogsUrl(url: string | undefined): boolean;
  }
}

/**
 * Tells where the discussions of a room are published (XEP-0045 §16.5.4, `muc#roominfo_logs`), if its owner has them
 * published somewhere, and warns those who enter with status 170 (§14.3), those inside with 170 and 171 (§10.2.1).
 */
@injectable()
export default class MucLogsUrl {
  static readonly requires = ["muc"];

  constructor(@inject(ModuleApiToken) private readonly module: ModuleApi) {}

  load(): void {
    const urls = this.module.roomState<string>("logs_url", { persist: true });
    this.module.roomMethods({
      getLogsUrl() {
        return urls.get(this);
      },
      setLogsUrl(url) {
        return urls.set(this, url || undefined);
      },
    });

    this.module.hook("muc-disco#info", ({ room, form, showsDetails }) => {
      const value = room.getLogsUrl();
      if (showsDetails && value !== undefined) form.push({ name: FIELD, type: "text-single", value });
    });

    this.module.hook(
      "muc-config-form",
      ({ room, form }) => {
        form.push({
          name: FIELD,
          type: "text-single",
          label: "URL of public logs",
          desc: "Where what is said here is published; all occupants are warned of it",
          value: room.getLogsUrl() ?? "",
        });
      },
      95,
    );

    this.module.hook(`muc-config-submitted/${FIELD}`, ({ room, value, statusCodes }) => {
      const url = typeof value === "string" ? value : "";
      if (url !== "" && !isWebAddress(url)) return invalidField(FIELD, "Not an http or https URL");
      const before = room.getLogsUrl();
      if (!room.setLogsUrl(url)) return undefined;
      // Codes of its own for a change of privacy; another address is a change as any other.
      if (before !== undefined && url !== "") statusCodes.add("104");
      else statusCodes.add(url === "" ? "171" : "170");
      return undefined;
    });

    this.module.hook("muc-is-publicly-logged", ({ room }) => (room.getLogsUrl() === undefined ? undefined : true));
  }
}
