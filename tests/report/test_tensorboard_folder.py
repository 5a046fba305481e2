"""The folder that TensorBoard reads follows its search, and leaves the runs' own folders alone."""

from hypothesis import given, settings
from hypothesis import strategies as st

from hprun.model import Direction, Metric, Outcome, Reduce
from hprun.paths import Cache
from hprun.report.leaders import leaders
from hprun.report.tensorboard_folder import TensorBoardFolder
from hprun.space import parse_parameter
from hprun.store import Close, PlannedRun, PlannedTrial, ReadingRow, Store

METRIC = Metric("loss", Reduce.MIN, Direction.LOW)
ENDS = st.lists(
    st.tuples(
        st.sampled_from([0.5, 0.25, 2.0, -1.0, None]),
        st.sampled_from([Outcome.COMPLETED, Outcome.COMPLETED, Outcome.FAILED, Outcome.CANCELLED]),
    ),
    max_size=9,
)


def _filled(folder, trials):
    cache = Cache(folder)
    store = Store(cache.database)
    row = store.put_search("question", "train", {}, 1.0)
    runs = [PlannedRun(n, 0, 0, str(n), f"train-1/{n:04d}/fold-0") for n in range(trials)]
    store.link(row.id, [PlannedTrial(n, {"lr": n}) for n in range(trials)], runs, {})
    return cache, store, row.id


def _end(store, search, run, value, outcome):
    with store.transaction():
        attempt = store.claim(run.id, search, "", 1.0)
        reading = ReadingRow("missing" if value is None else "resolved", value)
        store.end(Close(run.id, attempt, outcome, 1.0, "", reading), METRIC, 2.0)


def _rows(folder):
    return {path.name for path in folder.iterdir() if path.name.startswith("lr=")}


@settings(max_examples=30, deadline=None)
@given(ends=ENDS, top=st.none() | st.integers(1, 4), looks=st.sets(st.integers(0, 9)))
def test_it_holds_what_has_begun_of_the_best_whenever_one_looks(tmp_path_factory, ends, top, looks):
    cache, store, search = _filled(tmp_path_factory.mktemp("cache"), 10)
    shown = TensorBoardFolder(cache.root / "board", cache, search, METRIC, top=top)
    begun = set()
    for n, (run, (value, outcome)) in enumerate(zip(store.queued(search, 10), ends, strict=False)):
        begun.add(int(run.identity))
        _end(store, search, run, value, outcome)
        if n in looks:
            shown.look(store)
    count = shown.look(store)
    first = range(10) if top is None else [r.trial for r in leaders(store, search, METRIC, top)]
    assert _rows(shown.folder) == {f"lr={trial}" for trial in first if trial in begun}
    assert count == len(_rows(shown.folder))
    assert not shown.live
    fresh = TensorBoardFolder(cache.root / "fresh", cache, search, METRIC, top=top)
    fresh.look(store)
    for path in fresh.folder.glob("lr=*/*"):
        assert (shown.folder / path.relative_to(fresh.folder)).stat().st_size == path.stat().st_size
    assert not (cache.root / "train-1").exists()
    store.close()


def test_columns_that_change_are_said_in_a_folder_of_their_own(tmp_path):
    cache, store, search = _filled(tmp_path, 3)
    space = [parse_parameter("lr=0:1")]
    shown = TensorBoardFolder(tmp_path / "board", cache, search, METRIC, parameters=space)
    said = []
    for run in store.queued(search, 3):
        _end(store, search, run, 0.5, Outcome.COMPLETED)
        shown.look(store)
        said += [path.name for path in shown.folder.glob("space*")]
    assert said == ["space", "space", "space"]  # the queue's other trials are columns' too
    store.link(search, [PlannedTrial(3, {"lr": 7, "units": 1})],
               [PlannedRun(3, 0, 0, "3", "train-1/0003/fold-0")], {})  # fmt: skip
    shown.look(store)
    assert [path.name for path in shown.folder.glob("space*")] == ["space-2"]
    store.close()


def test_what_lay_there_before_is_gone(tmp_path):
    cache, store, search = _filled(tmp_path, 1)
    (tmp_path / "board" / "old").mkdir(parents=True)
    shown = TensorBoardFolder(tmp_path / "board", cache, search, METRIC)
    shown.look(store)
    shown.tidy()
    assert [path.name for path in (tmp_path / "board").iterdir()] == ["space"]
    assert [path.name for path in tmp_path.iterdir() if "board" in path.name] == ["board"]
    store.close()


def test_a_run_that_is_tried_again_keeps_its_row_and_gets_its_score(tmp_path):
    cache, store, search = _filled(tmp_path, 1)
    shown = TensorBoardFolder(tmp_path / "board", cache, search, METRIC)
    (run,) = store.queued(search, 1)
    _end(store, search, run, None, Outcome.FAILED)
    shown.look(store)
    (file,) = shown.folder.glob("lr=0/*")
    before = file.read_bytes()
    store.retry(search, None)
    shown.look(store)
    assert shown.live
    _end(store, search, run, 0.5, Outcome.COMPLETED)
    shown.look(store)
    assert file.read_bytes().startswith(before)
    assert b"loss:min" in file.read_bytes()[len(before) :]
    store.close()
