// Templates as tagged literals. What is put into one becomes text or an attribute, never HTML.

import htm from "./htm.js";
import { h } from "./preact.js";

export const html = htm.bind(h);
