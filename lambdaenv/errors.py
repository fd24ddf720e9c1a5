"""What this package raises on purpose."""


class ContainerError(Exception):
    """A function did not do what was expected of it; its output follows the sentence."""
