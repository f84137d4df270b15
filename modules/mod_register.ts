import { inject, injectable, ModuleApiToken, NS_REGISTER, type ModuleApi } from "chorus-muc";

/** In-band registration, whole: new accounts where `allow_registration` says so, and users' care of their own (XEP-0077). */
@injectable()
export default class Register {
  static readonly requires = ["register_ibr", "user_account_management"];

  constructor(@inject(ModuleApiToken) private readonly module: ModuleApi) {}

  load(): void {
    this.module.addFeature(NS_REGISTER);
  }
}
