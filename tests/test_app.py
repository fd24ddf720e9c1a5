"""What importing the application leaves behind."""

import gc

import app


def test_garbage_is_collected_once_everything_is_imported() -> None:
    assert app.app.routes
    assert gc.isenabled()
