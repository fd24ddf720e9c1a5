"""`python -m reference`: write docs/reference.md."""

import os

# Read when app.py is imported; the routes are the same in either mode.
os.environ["AUTH_MODE"] = "none"

from app import app
from chalicelib.http.gate import declared_routes
from reference.document import PATH, document
from stack.declared import DECLARED

if __name__ == "__main__":
    PATH.write_text(document(DECLARED, declared_routes(app)), "utf-8")
