import { test } from "node:test";
import { needs } from "../../support/required.js";
import { assertNothingFound } from "../assert-nothing-found.js";
import { expatIsMissing } from "./expat.js";
import { parserTarget } from "./target.js";

test("streams read as expat reads them, and so does what is passed on", needs(expatIsMissing()), async () => {
  await assertNothingFound(parserTarget, 3000);
});
