// Begins the console, or says what keeps it from beginning.

const REMEDY = "The console cannot start: a part of it was not packaged, or did not arrive. Loading it anew may help; else run `python -m web.build` before packaging.";

/** Written without the libraries, which may be what is missing. */
function explain(error) {
  console.error(error);
  const notice = document.createElement("p");
  notice.className = "notice notice-bad";
  notice.setAttribute("role", "alert");
  notice.textContent = REMEDY;
  document.getElementById("app").replaceChildren(notice);
}

import("./console.js").then((console) => console.begin(document.getElementById("app"))).catch(explain);
