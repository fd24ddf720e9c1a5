"""The operator page: static files on the JSON API."""
