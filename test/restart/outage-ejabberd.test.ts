import { ejabberdIsMissing, startEjabberd } from "../peers/ejabberd.js";
import { testOutage } from "./outage.js";

testOutage("ejabberd 23.01", await ejabberdIsMissing(), startEjabberd);
