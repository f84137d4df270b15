import { inject, injectable, ModuleApiToken, type ModuleApi } from "chorus-muc";
import { invalidField } from "chorus-muc/muc";

const FIELD = "muc#roominfo_contactjid";
/** Most addresses of a room. */
const MAX = 20;

declare module "chorus-muc/muc" {
  interface Room {
    /** Addresses of people to turn to about the room; none: nobody was named. */
    getContacts(): readonly string[];
    /** @returns false when it was so already */
    setContacts(jids: readonly string[]): boolean;
  }
}

/**
 * Tells whom to turn to about a room (XEP-0045 §16.5.4, `muc#roominfo_contactjid`): the addresses that its owner names,
 * among the details of the room. Nobody is named without the owner's doing: owners are not to be known to everybody.
 */
@injectable()
export default class MucContacts {
  static readonly requires = ["muc"];

  constructor(@inject(ModuleApiToken) private readonly module: ModuleApi) {}

  load(): void {
    const contacts = this.module.roomState<readonly string[]>("contacts", { persist: true, default: [] });
    this.module.roomMethods({
      getContacts() {
        return contacts.get(this);
      },
      setContacts(jids) {
        return contacts.set(this, [...new Set(jids)]);
      },
    });

    this.module.hook("muc-disco#info", ({ room, form, showsDetails }) => {
      const value = room.getContacts();
      if (showsDetails && value.length > 0) form.push({ name: FIELD, type: "jid-multi", value });
    });

    this.module.hook(
      "muc-config-form",
      ({ room, form }) => {
        form.push({
          name: FIELD,
          type: "jid-multi",
          label: "Contact addresses",
          desc: "Whom to turn to about the room; shown to those who may know its description",
          value: room.getContacts(),
        });
      },
      96,
    );

    this.module.hook(`muc-config-submitted/${FIELD}`, ({ room, value, statusCodes }) => {
      const jids = Array.isArray(value) ? (value as readonly string[]) : [];
      if (jids.length > MAX) return invalidField(FIELD, `More than ${MAX} addresses`);
      if (room.setContacts(jids)) statusCodes.add("104");
      return undefined;
    });
  }
}
