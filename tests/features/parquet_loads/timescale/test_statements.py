"""Energy readings and measurements are merged by statements of the same names."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from chalicelib.database.statements import load_statements
from chalicelib.features.parquet_loads import timescale
from chalicelib.features.parquet_loads.model import Dataset
from chalicelib.features.parquet_loads.timescale.statements import MergeStatements, statements_for

FOLDER = Path(timescale.__path__[0])
FILES = {
    Dataset.GENERATION: "energy.sql",
    Dataset.CONSUMPTION: "energy.sql",
    Dataset.TRANSMISSION: "energy.sql",
    Dataset.MEASUREMENTS: "measurements.sql",
}


@pytest.mark.parametrize("dataset", Dataset)
def test_each_dataset_has_the_statements_of_its_file(dataset: Dataset) -> None:
    bound = {name: statement.text for name, statement in vars(statements_for(dataset)).items()}
    known = load_statements(FOLDER / FILES[dataset])
    assert bound == {name: statement.text for name, statement in known.items()}


def test_a_name_that_a_file_lacks_or_adds_fails_at_once() -> None:
    statements = load_statements(FOLDER / "energy.sql")
    with pytest.raises(TypeError, match="add_readings"):
        MergeStatements(**{k: v for k, v in statements.items() if k != "add_readings"})
    with pytest.raises(TypeError, match="another"):
        MergeStatements(**statements, **{"another": statements["add_readings"]})


def test_every_statement_is_executed() -> None:
    code = "".join(path.read_text("utf-8") for path in FOLDER.glob("*.py"))
    executed = set(re.findall(r"\bstatements\.([a-z_]+)\b(?! import)", code))
    assert {field.name for field in fields(MergeStatements)} <= executed
