"""Whatever is wrong with a file, the outcome is an error of ours: no crash and no hang."""

from io import BytesIO
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.features.parquet_loads import errors
from chalicelib.features.parquet_loads.errors import UnloadableError
from chalicelib.features.parquet_loads.model import Dataset
from chalicelib.features.parquet_loads.parquet.read import open_parquet
from tests.features.parquet_loads.files import load, load_column, table, written
from tests.features.parquet_loads.parquet.encrypted import encrypted

MEASUREMENTS = Dataset.MEASUREMENTS
SOUND = [
    (written(table(rows=50), row_group_size=20), Dataset.GENERATION),
    (written(table(rows=50), compression="none", use_dictionary=False), Dataset.GENERATION),
    (written(table(MEASUREMENTS, rows=50), data_page_version="2.0"), MEASUREMENTS),
    (written(table(MEASUREMENTS, rows=50), compression="none", store_schema=False), MEASUREMENTS),
]


def refusal(data: bytes) -> str:
    with pytest.raises(UnloadableError) as raised:
        load(data)
    return raised.value.code


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "FILE_EMPTY"),
        (b"PAR1", "FILE_TRUNCATED"),
        (b"PAR1PAR1", "FILE_TRUNCATED"),
        (b"PAR1" + bytes(4) + b"PAR1", "FILE_CORRUPT"),
        (b"PAR1" + b"\xff" * 4 + b"PAR1", "FILE_CORRUPT"),
        (b"PAR1" + b"\xff" * 20 + b"\x14\0\0\0PAR1", "FILE_CORRUPT"),
        (b"PARE" + bytes(40) + b"PARE", "FILE_ENCRYPTED"),
        (b"timestamp,region\n", "NOT_PARQUET"),
        (b"ARROW1\0\0" + bytes(100), "NOT_PARQUET"),
        (b"\x1f\x8b" + bytes(100), "NOT_PARQUET"),
        (b"P", "NOT_PARQUET"),
        (bytes(1_000), "NOT_PARQUET"),
    ],
    ids=repr,
)
def test_a_file_that_is_not_parquet_is_recognized_by_its_ends(data: bytes, code: str) -> None:
    assert refusal(data) == code


def test_a_file_that_breaks_off_anywhere_is_refused() -> None:
    data = SOUND[0][0]
    codes = {size: refusal(data[:size]) for size in range(len(data))}
    assert codes[0] == "FILE_EMPTY"
    assert {codes[size] for size in range(1, 4)} == {"NOT_PARQUET"}
    assert {codes[size] for size in range(4, len(data))} == {"FILE_TRUNCATED"}


@settings(deadline=None, max_examples=400)
@given(st.sampled_from(SOUND), st.data())
def test_bytes_changed_anywhere_are_refused_or_judged(
    sound: tuple[bytes, Dataset], data: st.DataObject
) -> None:
    content, dataset = bytearray(sound[0]), sound[1]
    footer = len(content) - 8 - int.from_bytes(content[-8:-4], "little")
    places = st.integers(0, len(content) - 1) | st.integers(footer, len(content) - 1)
    for place, byte in data.draw(st.dictionaries(places, st.integers(0, 255), min_size=1)).items():
        content[place] = byte
    try:
        outcome = load(bytes(content), dataset)
    except UnloadableError:
        return
    assert len(outcome.good) + len(outcome.rejected) <= 50


@settings(deadline=None)
@given(st.sampled_from(SOUND), st.data())
def test_a_piece_cut_out_of_the_middle_is_refused_or_judged(
    sound: tuple[bytes, Dataset], data: st.DataObject
) -> None:
    content, dataset = sound
    start = data.draw(st.integers(4, len(content) - 9))
    end = data.draw(st.integers(start + 1, len(content) - 8))
    try:
        outcome = load(content[:start] + content[end:], dataset)
    except UnloadableError:
        return
    assert len(outcome.good) + len(outcome.rejected) == 50


def test_checksums_are_verified() -> None:
    data = written(table(), compression="none", write_page_checksum=True, write_statistics=False)
    assert data.count(b"hydro") == 1
    assert refusal(data.replace(b"hydro", b"hydra")) == "FILE_CORRUPT"


@pytest.mark.parametrize("plaintext_footer", [True, False])
@pytest.mark.parametrize("columns", [["value"], ["timestamp", "region"]], ids=str)
def test_an_encrypted_file_is_refused_as_encrypted(
    columns: list[str], plaintext_footer: bool
) -> None:
    """Arrow itself ends the process when it is asked about a column encrypted like this."""
    data = encrypted(table(rows=3), columns, plaintext_footer=plaintext_footer)
    assert refusal(data) == "FILE_ENCRYPTED"


def test_a_footer_that_would_fill_the_memory_is_not_read() -> None:
    with pytest.raises(errors.FileTooLargeError, match="footer"):
        load(written(table().replace_schema_metadata({b"a": b"x" * 9 * 2**20})))


@pytest.mark.parametrize("depth", [50, 200, 1_000])
def test_a_schema_nested_deeply_is_refused(depth: int) -> None:
    nested = pa.int64()
    for _ in range(depth):
        nested = pa.struct([("a", nested)])
    assert refusal(written(pa.table({"value": pa.nulls(1, nested)}))) in (
        "SCHEMA_MISMATCH",
        "FILE_CORRUPT",
    )


class Unreliable(BytesIO):
    """A source whose connection breaks once its footer has been read."""

    is_broken = False

    def read(self, size: int | None = -1, /) -> bytes:
        if self.is_broken:
            raise ConnectionResetError("the other side hung up")
        return super().read(size)


def test_a_reference_to_a_value_that_is_not_there_is_refused() -> None:
    content = table(region=[f"region {n % 5}" for n in range(40)])
    data = written(content, compression="none", write_statistics=False)
    start = data.index(b"region 4") + len(b"region 4")
    messages = set()
    for place in range(start, start + 60):
        try:
            load(data[:place] + b"\x7f" + data[place + 1 :])
        except UnloadableError as error:
            messages.add(error.message)
    assert "a column refers to values that its dictionary lacks" in messages


def test_an_error_of_the_source_is_not_blamed_on_the_file() -> None:
    source = Unreliable(SOUND[0][0])
    with open_parquet(source) as opened:
        source.is_broken = True
        with pytest.raises(ConnectionResetError, match="hung up"):
            list(opened.batches())


def test_a_path_without_a_file_is_a_missing_object(tmp_path: Any) -> None:
    with pytest.raises(errors.ObjectMissingError):
        open_parquet(tmp_path / "nothing.parquet")
    with pytest.raises(errors.NotParquetError):
        open_parquet(tmp_path)


def test_text_that_is_not_utf8_is_shown_readably() -> None:
    data = written(table(region=["ab\x01yz"]), compression="none", write_statistics=False)
    assert data.count(b"\x01yz") == 1
    outcome = load(data.replace(b"\x01yz", b"\xffyz"))
    assert outcome.reasons == {0: "invalid_utf8"}


@pytest.mark.parametrize("is_dictionary", [False, True])
def test_of_a_text_that_no_column_can_hold_the_beginning_is_kept(is_dictionary: bool) -> None:
    """A text that is cut within a character still counts as UTF-8."""
    regions = pa.array(["SE", "x" + "é" * 10_000, None, "NO"])
    column = regions.dictionary_encode() if is_dictionary else regions
    outcome = load_column("region", column)
    assert [row["region"] for row in outcome.good] == ["SE", "NO"]
    assert outcome.reasons == {1: "text_too_long", 2: "missing"}
    assert outcome.rejected[0]["detail"] == "region is longer than 512 bytes"


def test_metadata_that_is_cut_is_still_too_long() -> None:
    """The beginning alone would be short enough."""
    texts = ["1" * 100_000, "1" * 8_192]
    outcome = load_column("metadata", texts, Dataset.MEASUREMENTS)
    assert outcome.reasons == {0: "text_too_long"}
    assert [row["metadata"] for row in outcome.good] == ["1" * 8_192]
