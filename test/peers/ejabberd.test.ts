import { testAttached } from "./attached.js";
import { ejabberdIsMissing, startEjabberd } from "./ejabberd.js";

testAttached("ejabberd 23.01", await ejabberdIsMissing(), startEjabberd);
