"""Fetches the libraries of the console from npm: `python -m web.build`."""
