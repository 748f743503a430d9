"""Docs/Attacks.md says what the tests do."""

import pathlib
import re

from attacks import MORE, ROWS, table
from test_bite import CHECKS

ROOT = pathlib.Path(__file__).resolve().parents[2]


def test_the_document_has_the_table():
    assert table() in (ROOT / "Docs/Attacks.md").read_text(), "python attacks.py prints another table"


def test_the_table_names_what_there_is():
    for row in ROWS + MORE:
        for name in row.test.split(","):
            assert (ROOT / f"Tests/InteropTests/{name.strip()}.py").exists(), row.name
        known = " ".join(CHECKS)
        for check in re.sub(r"\(.*?\)", "", row.out).split(";"):
            check = check.strip().split(", ")[0]
            assert check in known or check.startswith(("in the page", "the number and")) or not check, check
