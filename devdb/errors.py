"""What this package raises on purpose."""


class EmbeddedDatabaseError(Exception):
    """The embedded database cannot be installed, started or used as asked.

    The message is a sentence for the person at the terminal; where the server printed
    something before it ended, its last lines follow.
    """
