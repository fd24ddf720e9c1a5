"""Brings the operator page's chart library from npm: `python -m web.build`."""
