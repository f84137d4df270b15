import type { Socket } from "node:net";
import { TLSSocket, type SecureContext } from "node:tls";
import {
  ReadShare,
  SendDeadline,
  SocketOutlet,
  type ChannelBindingType,
  type ModuleLog,
  type ReadRate,
  type StreamErrorCondition,
  type Timer,
} from "chorus-muc";
import { waitFor, type C2sContext } from "./context.js";
import { ReadPace } from "./read-pace.js";
import { serverEndPoint } from "./server-end-point.js";

/** How much more may wait when it comes at once: one stanza may be answered by very much. */
const BURST = 8;

/** Whom a {@link ClientConnection} tells. */
export interface ConnectionHandlers {
  /** The handler says {@link ClientConnection.wasRead} if more is to be read. */
  readonly onData: (chunk: Buffer) => void;
  /** The client has closed its side. */
  readonly onEnd: () => void;
  /** The connection is gone. */
  readonly onClose: () => void;
  /** The client does not read. @param what says how that was found out */
  readonly onStalled: (what: string, condition: StreamErrorCondition) => void;
}

/** The connection under a client's stream: the socket, plain or with TLS, what waits for it, and how fast it is read. */
export class ClientConnection {
  readonly #context: C2sContext;
  readonly #log: ModuleLog;
  readonly #handlers: ConnectionHandlers;
  readonly #sendDeadline: SendDeadline;
  readonly #share = new ReadShare({
    pause: () => {
      this.#socket.pause();
    },
    resume: () => {
      this.#readOn();
    },
  });
  #socket: Socket;
  #outlet: SocketOutlet;
  #isSecure: boolean;
  #isHeld = false;
  #pace: ReadPace | undefined;
  /** Set while nothing is read, as enough was for now. */
  #pausing: Timer | undefined;
  /** Stops listening to the present socket. */
  #detach: () => void = () => undefined;

  /** @param socket a TLS socket whose handshake is done, for direct TLS */
  constructor(socket: Socket, context: C2sContext, log: ModuleLog, handlers: ConnectionHandlers) {
    this.#context = context;
    this.#log = log;
    this.#handlers = handlers;
    this.#isSecure = socket instanceof TLSSocket;
    const { maxPendingBytes, sendTimeoutSeconds } = context.options;
    this.#sendDeadline = new SendDeadline({
      seconds: sendTimeoutSeconds,
      wait: (seconds, fn) => waitFor(context, seconds, fn),
      isPressing: () => this.#outlet.pending > maxPendingBytes,
      onLate: () => {
        if (this.#outlet.pending > maxPendingBytes) this.#overflow();
        else handlers.onStalled(`nothing was taken for ${sendTimeoutSeconds} s`, "connection-timeout");
      },
    });
    this.#socket = socket;
    this.#outlet = this.#attach(socket);
  }

  /** What is written goes through this; another one once TLS starts. */
  get outlet(): SocketOutlet {
    return this.#outlet;
  }

  /** TLS is there, its handshake done. */
  get isSecure(): boolean {
    return this.#isSecure;
  }

  /** The binding of that type to the present TLS connection, if there is one. */
  channelBinding(type: ChannelBindingType): Buffer | undefined {
    const socket = this.#socket;
    if (!(socket instanceof TLSSocket)) return undefined;
    if (type === "tls-server-end-point") return serverEndPoint(socket);
    // RFC 9266 §4.2: before TLS 1.3 the value is bound to nothing unless both sides know an extension.
    if (socket.getProtocol() !== "TLSv1.3") return undefined;
    return socket.exportKeyingMaterial(32, "EXPORTER-Channel-Binding", Buffer.alloc(0));
  }

  /** So much waits for the client that it is to read first. */
  get isBehind(): boolean {
    return this.#outlet.pending > this.#context.options.maxPendingBytes / 2;
  }

  /** Until the client {@link isBehind} no more, or nothing more is sent to it; for ever if its connection breaks off. */
  async untilCaughtUp(): Promise<void> {
    while (this.isBehind && this.#outlet.open) {
      await new Promise<void>((resolve) => {
        if (this.#socket.writableNeedDrain) this.#socket.once("drain", resolve);
        // It is not handed over yet, and causes no "drain" if all of it is taken at once.
        else setImmediate(resolve);
      });
    }
  }

  /** Reads nothing until {@link release}. */
  hold(): void {
    this.#isHeld = true;
    this.#socket.pause();
  }

  /** Ends a {@link hold}. */
  release(): void {
    this.#isHeld = false;
    this.#readOn();
  }

  /** Reads no faster than that from now on; the same rate once more changes nothing. */
  limitRate(rate: ReadRate | undefined): void {
    const { rate: present } = this.#pace ?? {};
    if (rate?.bytesPerSecond === present?.bytesPerSecond && rate?.burstSeconds === present?.burstSeconds) return;
    this.#pace = rate && new ReadPace(rate);
    this.#pausing?.stop();
    this.#pausing = undefined;
    this.#readOn();
  }

  /** So many bytes were read: reads nothing for as long as the rate asks. */
  wasRead(bytes: number): void {
    this.#share.read(bytes);
    const seconds = this.#pace?.read(bytes, this.#context.now()) ?? 0;
    if (seconds === 0) return;
    this.#socket.pause();
    this.#pausing ??= this.#context.addTimer(seconds, () => {
      this.#pausing = undefined;
      this.#readOn();
      return undefined;
    });
  }

  #readOn(): void {
    if (!this.#isHeld && this.#pausing === undefined && !this.#share.isUsedUp) this.#socket.resume();
  }

  /** What was written so far leaves, and TLS begins. */
  startTls(context: SecureContext): void {
    const plain = this.#socket;
    this.#outlet.end();
    this.#detach();
    const socket = new TLSSocket(plain, { isServer: true, secureContext: context });
    socket.once("secure", () => {
      this.#isSecure = true;
      this.#log("debug", "TLS: %s %s", socket.getProtocol(), socket.getCipher().name);
    });
    socket.on("_tlsError", (error: Error) => {
      this.#log("info", "TLS failed: %s", error.message);
    });
    this.#socket = socket;
    this.#outlet = this.#attach(socket);
  }

  /** Closes our side. @returns whether the client has to close its own (RFC 6120 §4.4) */
  end(): boolean {
    if (this.#socket.destroyed) return false;
    if (this.#socket instanceof TLSSocket && !this.#isSecure) {
      // Nothing can be said to a peer that has not finished its handshake.
      this.#socket.destroy();
      return false;
    }
    this.#socket.resume();
    this.#socket.end();
    return true;
  }

  /** Closes our side past the outlet, in case what was discarded there makes the client read again. */
  endWith(last: string): void {
    this.#socket.end(last);
  }

  /** Waits for the client no longer. */
  destroy(): void {
    this.#socket.destroy();
  }

  /** Nobody waits for anything on it any more. */
  stopTimers(): void {
    this.#sendDeadline.stop();
    this.#pausing?.stop();
  }

  #attach(socket: Socket): SocketOutlet {
    const { onData, onEnd, onClose } = this.#handlers;
    const listeners = { data: onData, end: onEnd, close: onClose };
    for (const [event, listener] of Object.entries(listeners)) socket.on(event, listener);
    this.#detach = () => {
      for (const [event, listener] of Object.entries(listeners)) socket.off(event, listener);
    };
    socket.on("error", (error) => {
      this.#log("debug", "connection error: %s", error.message);
    });
    const { maxPendingBytes } = this.#context.options;
    return new SocketOutlet(socket, {
      maxPending: maxPendingBytes,
      maxBurst: BURST * maxPendingBytes,
      onOverflow: () => {
        this.#overflow();
      },
      onWaiting: () => {
        this.#sendDeadline.waiting(socket);
      },
    });
  }

  #overflow(): void {
    const { maxPendingBytes } = this.#context.options;
    this.#handlers.onStalled(`more than ${maxPendingBytes} bytes wait for it`, "resource-constraint");
  }
}
