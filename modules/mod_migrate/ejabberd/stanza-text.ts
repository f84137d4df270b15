import { parseStanza, type Element } from "chorus-muc";
import { misshapen } from "./text-error.js";

/** An element of text in XML. @throws TextError where it is none */
export function parseElement(xml: string): Element {
  if (!xml.startsWith("<")) throw misshapen("expected XML; what ejabberd compressed (compress_xml) cannot be read");
  try {
    return parseStanza(xml);
  } catch (error) {
    throw misshapen(`expected XML: ${error instanceof Error ? error.message : String(error)}`);
  }
}
