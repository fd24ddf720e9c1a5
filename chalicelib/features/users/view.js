// Users on the console: those of an organization for its admins, and for everybody their own profile.

import { Profile } from "./view_profile.js";
import { User } from "./view_user.js";
import { Users } from "./view_users.js";

export const view = {
  title: "Users",
  order: 70,
  pages: [
    { path: "", title: "Users", isListed: true, least: "admin", Component: Users },
    { path: "me", title: "My profile", isListed: true, Component: Profile },
    { path: ":user_id", title: "A user", least: "admin", Component: User },
  ],
};
