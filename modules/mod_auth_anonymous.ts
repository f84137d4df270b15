import { inject, injectable, ModuleApiToken, type AuthMethod, type AuthProvider, type ModuleApi } from "chorus-muc";

/** Lets everybody in under a name made up for the occasion (XEP-0175); there are no accounts. */
@injectable()
export default class AnonymousAccounts implements AuthProvider {
  readonly name = "anonymous";
  readonly methods: ReadonlySet<AuthMethod> = new Set(["anonymous"]);

  constructor(@inject(ModuleApiToken) private readonly module: ModuleApi) {}

  load(): void {
    this.module.provides("auth", this);
  }

  exists(): Promise<boolean> {
    return Promise.resolve(true);
  }
}
