// What the console offers to the views of features, besides their own modules the only one they import;
// and `begin`, with which the page starts it.

export { useAnswer, heard } from "./answers.js";
export { ApiError, get, getCsv, post, remove } from "./api.js";
export { Chart } from "./chart.js";
export { Confirm, Dialog } from "./dialog.js";
export { FilterBar, filtersFrom } from "./filters.js";
export { Button, Field, Form, useOnce } from "./form.js";
export { bytes, count, duration, minutes, plural, utc, visible, words } from "./format.js";
export { Groups } from "./groups.js";
export { html } from "./html.js";
export { List } from "./list.js";
export { Card, Chip, Count, Facts, Name, Named, Tiles } from "./parts.js";
export { useCallback, useEffect, useId, useMemo, useRef, useState } from "./preact_hooks.js";
export { refresh, useRefreshEvery } from "./refresh.js";
export { addressOf, navigate, setQuery } from "./router.js";
export { may, roleOf } from "./session.js";
export { saveFile } from "./saving.js";
export { begin } from "./shell.js";
export { Answered, Empty, Failure, Loading, sentenceOf } from "./states.js";
export { Table } from "./table.js";
export { Age, Instant, useNow } from "./times.js";
export { useTitleNote } from "./title.js";
export { toast } from "./toast.js";
