import { createHash } from "node:crypto";
import type { TLSSocket } from "node:tls";

/** Hashes by the DER of the signature algorithm's object identifier; MD5 and SHA-1 count as SHA-256 (RFC 5929 §4.1). */
const HASHES: Readonly<Record<string, string>> = {
  "2a864886f70d010104": "sha256", // md5WithRSAEncryption
  "2a864886f70d010105": "sha256", // sha1WithRSAEncryption
  "2a864886f70d01010b": "sha256", // sha256WithRSAEncryption
  "2a864886f70d01010c": "sha384",
  "2a864886f70d01010d": "sha512",
  "2a8648ce3d0401": "sha256", // ecdsa-with-SHA1
  "2a8648ce3d040302": "sha256",
  "2a8648ce3d040303": "sha384",
  "2a8648ce3d040304": "sha512",
};

/** Length of the header and of the content of the DER value at `at`. */
function measure(der: Buffer, at: number): { header: number; content: number } {
  const first = der.readUInt8(at + 1);
  if (first < 0x80) return { header: 2, content: first };
  const bytes = first & 0x7f;
  return { header: 2 + bytes, content: der.readUIntBE(at + 2, bytes) };
}

/** Name of the hash that a certificate is signed with, if it is one that RFC 5929 can be used with. */
function signatureHash(certificate: Buffer): string | undefined {
  try {
    const outer = measure(certificate, 0);
    const body = measure(certificate, outer.header);
    const algorithm = outer.header + body.header + body.content;
    const identifier = algorithm + measure(certificate, algorithm).header;
    const { header, content } = measure(certificate, identifier);
    return HASHES[certificate.subarray(identifier + header, identifier + header + content).toString("hex")];
  } catch {
    return undefined;
  }
}

/** Channel binding to our certificate (RFC 5929 §4), where its signature has one clear hash. */
export function serverEndPoint(socket: TLSSocket): Buffer | undefined {
  const certificate = socket.getCertificate();
  if (!certificate || !("raw" in certificate)) return undefined;
  const hash = signatureHash(certificate.raw);
  return hash === undefined ? undefined : createHash(hash).update(certificate.raw).digest();
}
