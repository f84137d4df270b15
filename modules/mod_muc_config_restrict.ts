import { inject, injectable, ModuleApiToken, StanzaError, type ModuleApi } from "chorus-muc";

const PERMISSION = ":change-restricted-options";
/** What a room's password is called in its form; the creator may also bring it with the creating presence. */
const FIELD_PASSWORD = "muc#roomconfig_roomsecret";

/**
 * Takes settings of rooms out of their owners' hands (XEP-0045 §10.2): the fields named by `muc_config_restricted` are
 * shown only to those with the permission `muc_config_restrict:change-restricted-options`, by default administrators of
 * the service. What others submit for them is ignored, as of any field that they were not shown.
 */
@injectable()
export default class MucConfigRestrict {
  static readonly requires = ["muc"];

  constructor(@inject(ModuleApiToken) private readonly module: ModuleApi) {}

  load(): void {
    const restricted = this.module.getOptionSet("muc_config_restricted", []);
    this.module.defaultPermission("prosody:admin", PERMISSION);

    // Last: whatever module has put them in. FORM_TYPE says what the form is.
    this.module.hook(
      "muc-config-form",
      (event) => {
        if (this.module.may(PERMISSION, event.actor)) return;
        event.form = event.form.filter(
          ({ name }) => name === undefined || !restricted.has(name) || name === "FORM_TYPE",
        );
      },
      -1000,
    );

    // After the password was set (0): the form is not the only way to one.
    this.module.hook(
      "muc-room-pre-create",
      (event) => {
        if (!restricted.has(FIELD_PASSWORD) || event.room._data["password"] === undefined) return undefined;
        if (this.module.may(PERMISSION, event)) return undefined;
        const text = "Only administrators may set passwords of rooms";
        return new StanzaError({ type: "cancel", condition: "not-allowed", text, by: this.module.host });
      },
      -2,
    );
  }
}
