"""The version of the application: pyproject.toml takes it from here."""

VERSION = "0.1.0"
