import { readScript, STRICT_ATTRIBUTE } from "../../core/testing/scansion.js";
import { childElements, type Element } from "../../core/xmpp/element.js";
import { serialise } from "../../core/xmpp/template.js";
import { ownScripts } from "../support/acceptance.js";

/** What else goes over streams: negotiation, and what other software writes in other ways than Chorus. */
const OTHERS = [
  "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>",
  "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>AGp1bGlldAByMG0zMG15cjBtMzA=</auth>",
  "<response xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>",
  "<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>balcony</resource></bind></iq>",
  "<stream:features><mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>PLAIN</mechanism></mechanisms></stream:features>",
  "<stream:error><host-gone xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>",
  "<handshake>aaee83c26aeeafcbabeabfcbcd50df997e0a2a1e</handshake>",
  "<message to='a@b/c' type='groupchat' id=\"it's\"><body>5 &lt; 6 &amp;&amp; 7 &gt; 6 &apos;&quot;</body></message>",
  "<message><body><![CDATA[<b>not markup</b> & so on]]></body></message>",
  "<message><body>\u00e9\u4e16\u754c \ud83c\udfad &#x1F3AD; &#233;\r\nnext\tline&#13;</body></message>",
  "<message xml:lang='de'><body>Grüße</body><body xml:lang='en'>Greetings</body></message>",
  "<m:message xmlns:m='jabber:client'><m:body>prefixed</m:body><x:x xmlns:x='urn:x' x:a='1' a='2'/></m:message>",
  "<presence xmlns='jabber:client'><x xmlns='vcard-temp:x:update'><photo/></x><c xmlns='urn:c' hash='sha-1' ver='x='/></presence>",
  "<message><a xmlns='urn:a'><b xmlns=''><c xmlns='jabber:client'/></b></a></message>",
];

/** All elements that the project's scenario scripts send or expect. */
export function recordedStanzas(): Element[] {
  return ownScripts().flatMap(({ file }) =>
    readScript(file).steps.flatMap((step) => ("stanza" in step ? [unmarked(step.stanza)] : [])),
  );
}

/** Real traffic as text, each stanza once. */
export function recordedTexts(): readonly string[] {
  return [...new Set([...OTHERS, ...recordedStanzas().map(serialise)])];
}

/** Without what only the scripts mean. */
export function unmarked(element: Element): Element {
  element.attrs[STRICT_ATTRIBUTE] = undefined;
  for (const child of childElements(element)) unmarked(child);
  return element;
}
