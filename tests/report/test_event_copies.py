"""Event files in TensorBoard's folder: all that the script logged, but what it says of its values."""

import os

from hypothesis import given, settings
from hypothesis import strategies as st
from tensorboard.compat.proto.event_pb2 import Event

from hprun.metrics.records import frame, scan
from hprun.report.event_copies import RunFiles


def _scalar(number):
    event = Event(step=number)
    event.summary.value.add(tag="loss", simple_value=number)
    return event.SerializeToString()


def _of_plugin(number):
    event = Event(step=number)
    event.summary.value.add(tag="_hparams_/experiment").metadata.plugin_data.plugin_name = "hparams"
    return event.SerializeToString()


def _payloads(path):
    found = scan(path.read_bytes(), at_end=True)
    assert (found.skipped, found.end) == (0, path.stat().st_size)
    return found.payloads


RECORDS = st.lists(
    st.builds(lambda make, n: make(n), st.sampled_from([_scalar, _of_plugin]), st.integers(0, 9)),
    max_size=8,
)


@settings(max_examples=60)
@given(records=RECORDS, cuts=st.lists(st.integers(0, 400), max_size=4), late=st.booleans())
def test_a_copy_has_every_record_but_those_of_the_tab(tmp_path_factory, records, cuts, late):
    folder = tmp_path_factory.mktemp("run")
    source, target = folder / "fold-0", folder / "board"
    data = b"".join(map(frame, records))
    path = source / "logs" / "train" / "events.out.tfevents.1"
    path.parent.mkdir(parents=True)
    files = RunFiles(source, target)
    with path.open("ab", buffering=0) as file:
        ends = sorted(min(cut, len(data)) for cut in cuts)
        for begin, end in zip([0, *ends], [*ends, len(data)], strict=True):
            file.write(data[begin:end])
            if not late:
                files.look(over=False)
    assert files.look(over=True) == 1
    placed = target / "logs" / "train" / path.name
    assert _payloads(placed) == [r for r in records if b"_hparams_" not in r]
    assert path.read_bytes() == data
    clean = not any(b"_hparams_" in record for record in records)
    assert (placed.resolve() == path.resolve()) == (late and clean)


def test_a_link_leads_to_the_file_wherever_the_cache_is_moved(tmp_path):
    source = tmp_path / "cache" / "fold-0"
    source.mkdir(parents=True)
    (source / "events.out.tfevents.1").write_bytes(frame(_scalar(1)))
    RunFiles(source, tmp_path / "cache" / "board" / "lr=1").look(over=True)
    (tmp_path / "cache").rename(tmp_path / "moved")
    placed = tmp_path / "moved" / "board" / "lr=1" / "events.out.tfevents.1"
    assert placed.is_symlink()
    assert _payloads(placed) == [_scalar(1)]


def test_a_file_that_goes_away_goes_away(tmp_path):
    source, target = tmp_path / "fold-0", tmp_path / "board"
    source.mkdir()
    (source / "events.out.tfevents.1").write_bytes(frame(_scalar(1)))
    files = RunFiles(source, target)
    assert files.look(over=True) == 1
    (source / "events.out.tfevents.1").unlink()
    os.utime(source, ns=(1, 1))  # its time stamp changes
    assert files.look(over=True) == 0
    assert not list(target.iterdir())


def test_files_that_say_nothing_are_linked_beside_one_that_does(tmp_path):
    source, target = tmp_path / "fold-0", tmp_path / "board"
    (source / "logs").mkdir(parents=True)
    (source / "logs" / "events.out.tfevents.1").write_bytes(frame(_scalar(1)))
    (source / "events.out.tfevents.2").write_bytes(frame(_of_plugin(1)) + frame(_scalar(2)))
    assert RunFiles(source, target).look(over=True) == 2
    assert (target / "logs" / "events.out.tfevents.1").is_symlink()
    assert not (target / "events.out.tfevents.2").is_symlink()
    assert _payloads(target / "events.out.tfevents.2") == [_scalar(2)]


def test_what_says_something_late_in_a_long_file_is_found(tmp_path, monkeypatch):
    monkeypatch.setattr("hprun.report.event_copies._CHUNK", 64)
    source, target = tmp_path / "fold-0", tmp_path / "board"
    source.mkdir()
    records = [_scalar(n) for n in range(9)]
    data = b"".join(map(frame, [*records, _of_plugin(1), *records]))
    for shift in range(8):
        (source / f"events.out.tfevents.{shift}").write_bytes(frame(b"x" * shift) + data)
    assert RunFiles(source, target).look(over=True) == 8
    for placed in target.iterdir():
        assert not placed.is_symlink()
        assert _payloads(placed)[1:] == records + records
