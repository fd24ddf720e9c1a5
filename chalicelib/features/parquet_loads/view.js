// Loads of Parquet files on the console: all of them, and each with what became of its rows.

import { Load, Loads, NewestLoads } from "./view_loads.js";

export const view = {
  title: "Parquet loads",
  order: 30,
  scope: "platform",
  pages: [
    { path: "", title: "Loads", isListed: true, Component: Loads },
    { path: ":load_id", title: ({ load_id }) => `Load ${load_id}`, Component: Load },
  ],
  panels: [{ title: "Newest loads", Component: NewestLoads }],
};
