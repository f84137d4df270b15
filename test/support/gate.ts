/** A door on loopback before another port: while it is shut, whoever connects is turned away at once. */
import { connect, createServer, type AddressInfo } from "node:net";

export class Gate implements AsyncDisposable {
  readonly #server = createServer({ allowHalfOpen: true });
  #isOpen = true;

  private constructor(target: number) {
    this.#server.on("connection", (near) => {
      if (!this.#isOpen) {
        near.destroy();
        return;
      }
      const far = connect({ port: target, host: "127.0.0.1", allowHalfOpen: true });
      near.pipe(far).pipe(near);
      for (const [one, other] of [
        [near, far],
        [far, near],
      ] as const) {
        one.on("error", () => undefined);
        one.on("close", () => other.destroy());
      }
    });
  }

  /** @param target port on loopback where whoever is let in ends up */
  static async before(target: number): Promise<Gate> {
    const gate = new Gate(target);
    await new Promise<void>((resolve) => gate.#server.listen(0, "127.0.0.1", resolve));
    return gate;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  open(): void {
    this.#isOpen = true;
  }

  /** Turns away who connects from now on; whoever is in stays. */
  shut(): void {
    this.#isOpen = false;
  }

  /** The connections that are left are for their ends to close. */
  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
