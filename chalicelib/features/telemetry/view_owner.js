// Whose a device is, below its name: a column of its own would not fit on a phone.

import { Name, html, ownerColumns } from "./console.js";

/** Whether it is said: to those who see the devices of several organizations. */
export const isOwnerSaid = (query) => ownerColumns(query ?? {}).length > 0;

export const Owner = ({ id }) => html`<span class="cell-note"><${Name}>${id}<//></span>`;
