"""Real trainings with Keras, killed and gone on with."""

import json
import shutil

import pytest

from hprun.autolog import lines
from hprun.metrics import read_run
from hprun.model import Direction, Metric, Reduce

pytest.importorskip("tensorflow")

VAL_LOSS = Metric("val_loss", Reduce.LAST, Direction.LOW)

# No layer or order of data depends on a random state that is not kept, so that a training that
# went on must end as one that was never killed. KILL says where it is killed, once.
HEAD = """\
import json, os, signal, time
import keras, numpy as np

class Kill(keras.callbacks.Callback):
    def on_epoch_begin(self, epoch, logs=None):
        time.sleep(float(os.environ.get("EPOCH_S", 0)))  # a training of more than an instant
        if os.environ.get("KILL") == f"{fits}:{epoch}" and not os.path.exists("killed"):
            open("killed", "w").close()
            os.kill(os.getpid(), signal.SIGKILL)

class Watch(keras.callbacks.Callback):
    def on_train_begin(self, logs=None):
        self.seen = []
    def on_epoch_end(self, epoch, logs=None):
        self.seen.append(round(logs["loss"], 6))

def tell(history, model, **more):
    iterations = int(keras.ops.convert_to_numpy(model.optimizer.iterations))
    weights = [float(np.abs(weight).sum()) for weight in model.get_weights()]
    return dict(history=history.history, epochs=history.epoch, iterations=iterations,
                weights=weights, **more)

fits = 0
keras.utils.set_random_seed(3)
x = np.random.rand(256, 8).astype("float32")
y = (x.sum(1) > 4).astype("float32")
"""
END = """
with open("result.json", "w") as file:
    json.dump(results, file)
"""
ONE = (
    HEAD
    + """
model = keras.Sequential([
    keras.Input((8,)), keras.layers.Dense(16, activation="relu"), keras.layers.Dropout(0.2),
    keras.layers.Dense(1, activation="sigmoid"),
])
model.compile(keras.optimizers.Adam(0.05), "binary_crossentropy", metrics=["accuracy"])
stop = keras.callbacks.EarlyStopping(patience=20, restore_best_weights=True)
slower = keras.callbacks.ReduceLROnPlateau(patience=2, factor=0.7, min_delta=1e-3)
best = keras.callbacks.ModelCheckpoint("best.keras", save_best_only=True, monitor="val_loss")
watch = Watch()
history = model.fit(x[:192], y[:192], validation_data=(x[192:], y[192:]), epochs=30,
                    shuffle=False, verbose=0, callbacks=[stop, [slower, best], watch, Kill()])
results = tell(history, model, seen=watch.seen, wait=stop.wait, best=best.best,
               rate=float(keras.ops.convert_to_numpy(model.optimizer.learning_rate)),
               random=[float(np.random.rand())])
"""
    + END
)


def same(result, undisturbed):
    """Compare two results, numbers as exactly as training itself repeats."""
    if isinstance(undisturbed, dict):
        assert result.keys() == undisturbed.keys()
        for name, value in undisturbed.items():
            same(result[name], value)
    else:
        assert result == pytest.approx(undisturbed, rel=1e-5)


def curve(lab, metric=VAL_LOSS):
    """The curve, by step: of points at one step, the later one counts."""
    found = read_run(lab.folder, metric).curve
    points = dict(zip(found.steps, found.values, strict=True))
    return list(points), list(points.values())


@pytest.fixture(scope="module")
def undisturbed(module_lab):
    module_lab.write(ONE)
    assert module_lab.plain().returncode == 0
    return module_lab.result


@pytest.fixture(scope="module")
def killed_run(tmp_path_factory, module_lab):
    """A run that was killed at epoch 17 of 30, with checkpoints after 12 and 15."""
    lab = type(module_lab)(tmp_path_factory.mktemp("killed"))
    lab.write(ONE)
    assert lab.attempt(3, KILL="0:17").returncode == -9
    assert [path.name for path in sorted((lab.checkpoints / "fit-0").iterdir())] == [
        "000012",
        "000015",
    ]
    return lab


@pytest.fixture
def killed(killed_run, tmp_path):
    return killed_run.copy(tmp_path / "run")


def test_a_killed_run_goes_on_from_its_last_saved_epoch_and_ends_the_same(killed, undisturbed):
    done = killed.attempt(3)
    assert done.returncode == 0, done.stderr
    assert killed.events("resumed")[0]["epoch"] == 15
    assert killed.result["epochs"] == list(range(30))
    same(killed.result, undisturbed)
    steps, values = curve(killed)
    assert steps == list(range(30))
    assert values == pytest.approx(undisturbed["history"]["val_loss"], rel=1e-5)
    assert not killed.record.errors
    assert lines(killed.record)[1] == "resumed at epoch 15"

    # Once more: nothing is left to train, and the script still gets all that it got before.
    (killed.folder / "result.json").unlink()
    assert killed.attempt(3).returncode == 0
    assert killed.events("skipped") != []
    same(killed.result, undisturbed)
    assert curve(killed)[0] == list(range(30))


@pytest.mark.long
def test_a_damaged_newest_checkpoint_falls_back_to_the_one_before(killed, undisturbed):
    state = killed.checkpoints / "fit-0" / "000015" / "state.npz"
    data = bytearray(state.read_bytes())
    data[len(data) // 2] ^= 0xFF
    state.write_bytes(data)
    assert killed.attempt(3).returncode == 0
    assert killed.events("damaged")[0]["epoch"] == 15
    assert killed.events("resumed")[0]["epoch"] == 12
    same(killed.result, undisturbed)
    assert curve(killed)[0] == list(range(30))


@pytest.mark.long
def test_a_run_whose_checkpoints_are_all_damaged_begins_anew(killed, undisturbed):
    for state in killed.checkpoints.glob("*/*/state.npz"):
        state.write_bytes(b"")
    assert killed.attempt(3).returncode == 0
    assert [row["epoch"] for row in killed.events("damaged")] == [15, 12]
    assert killed.events("resumed") == []
    same(killed.result, undisturbed)


@pytest.mark.long
def test_a_script_that_asks_for_something_else_begins_anew(killed):
    killed.write(ONE.replace("epochs=30", "epochs=20").replace("Dense(16", "Dense(8"))
    assert killed.attempt(3).returncode == 0
    assert killed.events("resumed") == []
    assert {row["why"] for row in killed.events("unfit")} == {
        "the script asks for other epochs than it did"
    }
    assert killed.result["epochs"] == list(range(20))


@pytest.mark.long
def test_a_run_that_saves_as_time_affords_goes_on(lab, undisturbed):
    lab.write(ONE)
    assert lab.attempt(KILL="0:29", EPOCH_S="0.5").returncode == -9
    saved = lab.events("saved")
    assert saved
    assert lab.attempt().returncode == 0
    assert lab.events("resumed")[0]["epoch"] == saved[-1]["epoch"]
    same(lab.result, undisturbed)


TWO = (
    HEAD
    + """
class Network(keras.Model):
    def __init__(self):
        super().__init__()
        self.inner = keras.layers.Dense(8, activation="relu")
        self.norm = keras.layers.BatchNormalization()
        self.outer = keras.layers.Dense(1, activation="sigmoid")
    def call(self, inputs):
        return self.outer(self.norm(self.inner(inputs)))

def fit(model, rate, **more):
    global fits
    model.compile(keras.optimizers.SGD(rate, momentum=0.9), "binary_crossentropy")
    history = model.fit(x, y, shuffle=False, verbose=0, callbacks=[Kill()], **more)
    fits += 1
    return tell(history, model)

model = Network()
results = {"first": fit(model, 0.1, epochs=4)}
model.inner.trainable = False
results["second"] = fit(model, 0.01, epochs=10, initial_epoch=4)
other = keras.Sequential([keras.layers.Dense(4), keras.layers.Dense(1, activation="sigmoid")])
results["third"] = fit(other, 0.1, epochs=5)
"""
    + END
)


@pytest.mark.long
def test_a_script_with_several_fits_goes_on_in_the_one_that_was_killed(lab):
    lab.write(TWO)
    assert lab.plain().returncode == 0
    undisturbed = lab.result
    assert lab.attempt(2, KILL="1:9").returncode == -9
    (lab.folder / "killed").unlink()
    done = lab.attempt(2, KILL="2:3")
    assert done.returncode == -9, done.stderr
    assert "Traceback" not in done.stderr
    done = lab.attempt(2)
    assert done.returncode == 0, done.stderr
    same(lab.result, undisturbed)
    went_on = [(row["fit"], row["epoch"]) for row in lab.events("resumed")]
    assert went_on == [(1, 8), (2, 2)]
    assert [row["fit"] for row in lab.events("skipped")] == [0, 0, 1]
    assert lab.events("error") == []
    assert lab.events("unfit") == []


OWN = (
    HEAD
    + """
import time
model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(1, activation="sigmoid")])
model.compile("sgd", "binary_crossentropy")
folder = f"board/{time.time_ns()}"
history = model.fit(x, y, validation_split=0.25, epochs=6, shuffle=False, verbose=0, callbacks=[
    keras.callbacks.TensorBoard(folder), keras.callbacks.CSVLogger("log.csv"), Kill()])
results = tell(history, model)
"""
    + END
)


@pytest.mark.long
def test_a_script_with_a_tensorboard_callback_gets_no_second_one_and_one_curve(lab):
    lab.write(OWN)
    assert lab.attempt(2, KILL="0:5").returncode == -9
    assert lab.attempt(2).returncode == 0
    assert lab.record.writers == ()
    assert not (lab.folder / "logs").exists()
    assert len(list((lab.folder / "board").iterdir())) == 1
    steps, values = curve(lab)
    assert steps == list(range(6))
    assert values == pytest.approx(lab.result["history"]["val_loss"], rel=1e-5)
    rows = (lab.folder / "log.csv").read_text().splitlines()
    assert [row.split(",")[0] for row in rows] == ["epoch", "0", "1", "2", "3", "4", "4", "5"]


LEFT = (
    HEAD
    + """
results = []
def fit(**more):
    model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    results.append(model.fit(x, y, verbose=0, **more).epoch)
fit(epochs=4, initial_epoch=2)
fit(epochs=2, callbacks=keras.callbacks.BackupAndRestore("backup"))
"""
    + END
)


@pytest.mark.long
def test_a_script_that_restores_its_own_gets_a_curve_but_no_checkpoints(lab):
    lab.write(LEFT)
    assert lab.attempt(1).returncode == 0
    assert lab.result == [[2, 3], [0, 1]]
    assert (lab.folder / "backup").exists() is False  # Keras's own, gone after its training
    assert lab.record.notes == (
        "no checkpoints: it begins at an epoch of its own choice",
        "no checkpoints: it has a BackupAndRestore of its own",
    )
    assert lab.record.writers == ("a TensorBoard callback in logs/",)
    assert not lab.checkpoints.exists()


@pytest.mark.long
def test_trouble_with_checkpoints_never_stops_a_training(lab, undisturbed):
    lab.write(ONE)
    lab.checkpoints.write_text("a file where a folder should be")
    (lab.folder / "logs").mkdir()
    (lab.folder / "logs" / "mine").write_text("")
    done = lab.attempt(1)
    assert done.returncode == 0
    assert "hprun" not in done.stderr
    same(lab.result, undisturbed)
    assert len(lab.record.errors) == 1
    assert lab.record.writers == ("a TensorBoard callback in hprun_logs/",)


TORCH = (
    HEAD.replace("import keras", "os.environ['KERAS_BACKEND'] = 'torch'\nimport keras")
    + """
model = keras.Sequential([keras.layers.Dense(8), keras.layers.Dense(1, activation="sigmoid")])
model.compile("adam", "binary_crossentropy")
history = model.fit(x, y, validation_split=0.25, epochs=8, verbose=0, callbacks=[Kill()])
results = tell(history, model)
"""
    + END
)


@pytest.mark.long
def test_with_torch_the_order_of_the_data_goes_on_too(lab):
    pytest.importorskip("torch")
    lab.write(TORCH)
    assert lab.plain().returncode == 0
    undisturbed = lab.result
    assert lab.attempt(2, KILL="0:5").returncode == -9
    done = lab.attempt(2)
    assert done.returncode == 0, done.stderr
    same(lab.result, undisturbed)
    assert lab.record.writers == ("metrics in metrics.jsonl",)
    rows = [json.loads(row) for row in (lab.folder / "metrics.jsonl").read_text().splitlines()]
    assert [row["epoch"] for row in rows] == list(range(8))
    steps, values = curve(lab)
    assert steps == list(range(8))
    assert values == pytest.approx(undisturbed["history"]["val_loss"], rel=1e-5)


@pytest.mark.long
def test_the_cache_can_be_moved_between_attempts(killed, undisturbed, tmp_path):
    shutil.move(str(killed.root), str(tmp_path / "elsewhere"))
    moved = type(killed)(tmp_path / "elsewhere")
    assert moved.attempt(3).returncode == 0
    assert moved.events("resumed")[0]["epoch"] == 15
    same(moved.result, undisturbed)
    assert json.loads((moved.folder / "result.json").read_text()) == moved.result


LATER = (
    HEAD
    + """
model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(1, activation="sigmoid")])
model.compile("sgd", "binary_crossentropy")
data = dict(validation_split=0.25, verbose=0)
model.fit(x, y, epochs=5, **data)
history = model.fit(x, y, epochs=3, callbacks=[keras.callbacks.TensorBoard("board")], **data)
model.fit(x, y, epochs=2, **data)
results = tell(history, model)
"""
    + END
)


@pytest.mark.long
def test_a_script_that_writes_one_of_its_curves_itself_has_only_that_one(lab):
    lab.write(LATER)
    done = lab.attempt("off")
    assert done.returncode == 0, done.stderr
    assert not list((lab.folder / "logs").rglob("*tfevents*"))
    steps, values = curve(lab)
    assert steps == [0, 1, 2]
    assert values == pytest.approx(lab.result["history"]["val_loss"], rel=1e-5)
    assert lab.events("saved") == []
    assert not lab.checkpoints.exists()
