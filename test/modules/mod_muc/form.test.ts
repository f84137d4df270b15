/** Data forms (XEP-0004) as modules make and read them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseStanza } from "../../../core/xmpp/parse.js";
import { serialise } from "../../../core/xmpp/template.js";
import { formElement, parseSubmission, type Form } from "../../../modules/mod_muc/form.js";

const FORM: Form = [
  { name: "FORM_TYPE", type: "hidden", value: "urn:example" },
  { type: "fixed", value: "Heading" },
  { name: "text", type: "text-single", label: "Text", desc: "Any" },
  { name: "lines", type: "text-multi" },
  { name: "on", type: "boolean", value: true },
  { name: "count", type: "text-single", datatype: "xs:integer" },
  { name: "percent", type: "text-single", datatype: "xs:integer", range: { min: 0, max: 100 } },
  {
    name: "one",
    type: "list-single",
    value: "a",
    options: [{ value: "a", label: "A" }, { value: "b" }],
    accepts: ["c"],
  },
  { name: "many", type: "list-multi", options: [{ value: "a" }, { value: "b" }] },
  { name: "who", type: "jid-single" },
  { name: "whom", type: "jid-multi" },
  { name: "must", type: "text-single", required: true },
];

function submission(...fields: string[]): ReturnType<typeof parseSubmission> {
  return parseSubmission(FORM, parseStanza(`<x xmlns="jabber:x:data" type="submit">${fields.join("")}</x>`));
}

function field(name: string, ...values: string[]): string {
  return `<field var="${name}">${values.map((value) => `<value>${value}</value>`).join("")}</field>`;
}

test("a form shows labels, descriptions, options and what is required; a result only values", () => {
  const form = serialise(formElement(FORM, "form", { text: "x" }, { title: "T", instructions: "I" }));
  assert.match(form, /^<x xmlns="jabber:x:data" type="form"><title>T<\/title><instructions>I<\/instructions>/);
  assert.match(form, /<field type="fixed"><value>Heading<\/value><\/field>/);
  assert.match(form, /label="Text"><desc>Any<\/desc><value>x<\/value>/);
  assert.match(form, /<option label="A"><value>a<\/value><\/option><option><value>b<\/value><\/option>/);
  assert.match(
    form,
    /<validate xmlns="[^"]*xdata-validate" datatype="xs:integer"><range min="0" max="100"\/><\/validate>/,
  );
  assert.match(form, /<field var="must" type="text-single"><required\/><\/field>/);
  const result = serialise(formElement(FORM, "result"));
  assert.doesNotMatch(result, /Heading|label|option|required|desc/);
  assert.match(result, /<field var="on" type="boolean"><value>1<\/value><\/field>/);
});

test("values are read by their type, in the order of the form; unknown fields are ignored", () => {
  const { fields, present, errors, formType } = submission(
    field("many", "b", "a"),
    field("unknown", "x"),
    field("must", "m"),
    field("on", "false"),
    field("one", "c"),
    field("text"),
    field("FORM_TYPE", "urn:other"),
  );
  assert.deepEqual(errors, {});
  assert.deepEqual(present, ["FORM_TYPE", "text", "on", "one", "many", "must"]);
  assert.deepEqual(
    { ...fields },
    { FORM_TYPE: "urn:other", text: undefined, on: false, one: "c", many: ["b", "a"], must: "m" },
  );
  assert.equal(formType, "urn:other");
});

test("each invalid value is told by its field", () => {
  const wrong: Record<string, string> = {
    on: field("on", "perhaps"),
    count: field("count", "1.5"),
    percent: field("percent", "101"),
    one: field("one", "d"),
    many: field("many", "a", "d"),
    who: field("who", "@"),
    whom: field("whom", "ada@example", "b@"),
    must: field("must", ""),
  };
  for (const [name, text] of Object.entries(wrong)) {
    const { errors } = submission(text, ...(name === "must" ? [] : [field("must", "m")]));
    assert.deepEqual(Object.keys(errors), [name]);
  }
  assert.deepEqual(Object.keys(submission().errors), ["must"]);
});

test("addresses are prepared, and empty ones are none", () => {
  const { fields } = submission(field("must", "m"), field("who", ""), field("whom", "Ada@EXAMPLE", "", "b@c/D"));
  assert.equal(fields["who"], undefined);
  assert.deepEqual(fields["whom"], ["ada@example", "b@c/D"]);
});

test("what a form says is what is read from it", () => {
  const values = fc.record({
    text: fc.string(),
    on: fc.boolean(),
    one: fc.constantFrom("a", "b"),
    many: fc.subarray(["a", "b"]),
    must: fc.string({ minLength: 1 }),
  });
  fc.assert(
    fc.property(values, (given) => {
      const { fields, errors } = parseSubmission(FORM, formElement(FORM, "submit", given));
      assert.deepEqual(errors, {});
      for (const [name, value] of Object.entries(given)) assert.deepEqual(fields[name], value);
    }),
  );
});
