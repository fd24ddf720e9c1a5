"""What this package raises on purpose."""


class ReleaseRefusedError(Exception):
    """There will be no package; the message is a sentence that says what to do."""
