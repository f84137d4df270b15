import { testAttached } from "./attached.js";
import { prosodyIsMissing, startProsody } from "./prosody.js";

testAttached("Prosody 0.12", prosodyIsMissing(), startProsody);
