import { ejabberdIsMissing, startEjabberd } from "../peers/ejabberd.js";
import { testRestartAttached } from "./attached.js";

testRestartAttached("ejabberd 23.01", await ejabberdIsMissing(), startEjabberd);
