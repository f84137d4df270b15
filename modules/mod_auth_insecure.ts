import { inject, injectable, ModuleApiToken, type AuthMethod, type AuthProvider, type ModuleApi } from "chorus-muc";

const CONSENT = "Yes please, I know what I'm doing!";

/**
 * Lets everybody in under any name and with any password: for tests only.
 *
 * Prosody asks for the option `insecure_open_authentication` with a sentence beside it. Here the name says enough to
 * go on without, but the log says it at each start until the sentence is there.
 */
@injectable()
export default class InsecureAccounts implements AuthProvider {
  readonly name = "insecure";
  readonly methods: ReadonlySet<AuthMethod> = new Set(["plain"]);

  constructor(@inject(ModuleApiToken) private readonly module: ModuleApi) {}

  load(): void {
    if (this.module.getOptionString("insecure_open_authentication") !== CONSENT) {
      this.module.log(
        "warn",
        "anybody can log in as anybody; if that is meant, say so: insecure_open_authentication = %j",
        CONSENT,
      );
    }
    this.module.provides("auth", this);
  }

  exists(): Promise<boolean> {
    return Promise.resolve(true);
  }

  testPassword(): Promise<boolean> {
    return Promise.resolve(true);
  }

  create(): Promise<void> {
    return Promise.resolve();
  }

  setPassword(): Promise<void> {
    return Promise.resolve();
  }

  delete(): Promise<void> {
    return Promise.resolve();
  }
}
