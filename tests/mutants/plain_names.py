"""A plugin for runs that follow each other in one process: the ids of parametrized tests are made anew each time.

pytest keeps the ids which it has made from a function, and the second time escapes their backslashes once more; so a
test that was found under its name is not found again. mutmut would take that for a mutant that was noticed.
"""

import pytest


@pytest.hookimpl(tryfirst=True)
def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Forget the ids of an earlier run."""
    for mark in metafunc.definition.iter_markers("parametrize"):
        for kept in (mark, mark._param_ids_from):
            if kept is not None:
                object.__setattr__(kept, "_param_ids_generated", None)
