"""What the suite over all features cannot read from the declarations of the sync."""

NEVER_MADE = {
    ("api_handler", "events.put_events"): "runs asked for over HTTP are the sync function's",
}
