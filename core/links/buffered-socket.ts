import { Socket, type ConnectOpts, type SocketConstructorOpts } from "node:net";

/** At most so many bytes are read at once. */
const READ_BYTES = 65_536;

/**
 * A socket that reads into one buffer of its own, where others take a new one for each read.
 * @param onData called in place of the event `data`, with the buffer and how many bytes were read into it; they are gone when it has returned
 */
export function bufferedSocket(onData: (buffer: Buffer, length: number) => void): Socket {
  const buffer = Buffer.allocUnsafe(READ_BYTES);
  const options: SocketConstructorOpts & ConnectOpts = {
    onread: {
      buffer,
      callback: (length) => {
        onData(buffer, length);
        return true;
      },
    },
  };
  return new Socket(options);
}
