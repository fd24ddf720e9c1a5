// Organizations on the console, for the platform's own people.

import { Organization } from "./view_organization.js";
import { Organizations } from "./view_organizations.js";

export const view = {
  title: "Organizations",
  order: 75,
  scope: "platform",
  pages: [
    { path: "", title: "Organizations", isListed: true, Component: Organizations },
    { path: ":organization_id", title: "An organization", Component: Organization },
  ],
};
