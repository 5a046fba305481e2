"""Arrays that a script loads from a file, as it did under Studio."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hprun.errors import RenderError
from hprun.script.artifacts import npy

LOADS = """\
from studio import fs_tracker
import numpy as np
w = np.load(fs_tracker.get_artifact("w"))
x = 1
"""


@given(st.lists(st.floats(allow_nan=False) | st.integers(-(2**53), 2**53), max_size=300))
def test_numpy_reads_back_what_is_written(numbers):
    data = npy(tuple(numbers))
    loaded = np.load(io.BytesIO(data), allow_pickle=False)
    assert loaded.dtype == np.float64
    assert loaded.tolist() == [float(number) for number in numbers]
    assert (len(data) - 8 * len(numbers)) % 64 == 0


@pytest.mark.parametrize("value", [1.5, "a", ("a",), (True,), ((1.0,),)])
def test_what_is_no_array_of_numbers_cannot_be_saved(value):
    with pytest.raises(RenderError, match="is no array of numbers"):
        npy(value)


@pytest.mark.parametrize("call", ['"w"', "'w'", 'tag="w"'])
def test_a_call_that_names_the_array_is_its_site_and_stays(template, call):
    source = LOADS.replace('"w"', call)
    made = template(source, "w", "x", arrays=("w",))
    assert [(site.name, site.line, site.rule) for site in made.sites] == [
        ("w", 3, "artifact"),
        ("x", 4, "binding"),
    ]
    assert made.sites[0].before == f"fs_tracker.get_artifact({call})"
    rendering = made.render({"w": (0.5, 2.0), "x": 3})
    assert rendering.files == {"train.py": source.replace("x = 1", "x = 3").encode()}
    assert rendering.arrays == {".hprun/w.npy": npy((0.5, 2.0))}
    assert rendering.written == {**rendering.files, **rendering.arrays}
    assert made.after({"w": (0.5, 2.0), "x": 3})[0].endswith("of [0.5, 2.0]")


def test_an_array_without_such_a_call_is_written_as_a_list(template):
    made = template("w = [0.0]\nprint(w)\n", "w", arrays=("w",))
    rendering = made.render({"w": (0.5, 2.0)})
    assert rendering.files == {"train.py": b"w = [0.5, 2.0]\nprint(w)\n"}
    assert rendering.arrays == {}


def test_a_value_that_is_no_array_is_told_before_anything_runs(template):
    made = template(LOADS, "w", "x", arrays=("w",))
    with pytest.raises(RenderError, match=r"train.py line 3: w=7: 7 is no array of numbers"):
        made.check({"w": [7], "x": [1]})


def test_what_loads_an_array_is_not_shared_between_trials(template):
    from hprun.script.prefix import prefix_of

    source = "import math\nprint(math.pi)\n" + LOADS
    made = template(source, "w", arrays=("w",))
    prefix = prefix_of(made, {"train.py": source.encode()}.get)
    assert 0 in prefix.shared
    assert 4 not in prefix.shared
