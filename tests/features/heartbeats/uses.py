"""What the suite over all features cannot read from the declarations of heartbeats."""

NEVER_MADE = {
    ("record_heartbeats", "events.put_events"): "only the check tells of silence",
    ("record_queued_heartbeats", "events.put_events"): "only the check tells of silence",
}
