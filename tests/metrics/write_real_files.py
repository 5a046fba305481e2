"""Write event files with every real writer, and what TensorBoard's own loader reads in them.

Run as a script with the folder to fill: importing TensorFlow and PyTorch is slow, and better done
in a process of its own, once.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from pathlib import Path

os.environ.update(TF_CPP_MIN_LOG_LEVEL="3", CUDA_VISIBLE_DEVICES="", KERAS_BACKEND="tensorflow")

VALUES = [0.9, 0.5, 0.0, -1.25, 0.30000001192092896, float("nan"), float("inf"), 0.2]


def write_keras(root: Path) -> None:
    import keras
    import numpy as np

    draw = np.random.default_rng(0)
    x, y = draw.random((48, 3)), draw.integers(0, 2, 48)
    for name, frequency in (("keras", "epoch"), ("keras_batches", 1)):
        folder = root / name
        folder.mkdir()
        keras.utils.set_random_seed(1)
        model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1, activation="sigmoid")])
        model.compile(optimizer="sgd", loss="binary_crossentropy", metrics=["accuracy"])
        callbacks = [
            keras.callbacks.TensorBoard(folder / "logs", update_freq=frequency),
            keras.callbacks.CSVLogger(folder / "history.csv"),
        ]
        with (folder / "stdout.log").open("w") as log, contextlib.redirect_stdout(log):
            fit = model.fit(
                x, y, epochs=3, batch_size=8, validation_split=0.25, callbacks=callbacks, verbose=1
            )
        (folder / "fit.json").write_text(json.dumps(fit.history))
        model.evaluate(x, y, callbacks=callbacks[:1], verbose=0)


def write_tf_summary(root: Path) -> None:
    import tensorflow as tf

    writer = tf.summary.create_file_writer(str(root / "tf_summary" / "logs"))
    with writer.as_default():
        for step, value in enumerate(VALUES):
            tf.summary.scalar("plain", value, step=step)
            with tf.name_scope("eval"):
                tf.summary.scalar("loss", value, step=step)
            tf.summary.scalar("double", tf.constant(value, tf.float64), step=step)
            tf.summary.histogram("weights", [1.0, 2.0, value], step=step)
            tf.summary.text("words", "some text", step=step)
        tf.summary.scalar("count", tf.constant(7, tf.int64), step=0)
    writer.close()


def write_tf_v1(root: Path) -> None:
    import tensorflow as tf

    v1 = tf.compat.v1
    with tf.Graph().as_default():
        writer = v1.summary.FileWriter(str(root / "tf_v1"))
        for step, value in enumerate(VALUES):
            pairs = [("scope/loss", value), ("other/acc", -value)]
            summary = v1.Summary(
                value=[v1.Summary.Value(tag=tag, simple_value=held) for tag, held in pairs]
            )
            writer.add_summary(summary, step)
        writer.add_session_log(v1.SessionLog(status=v1.SessionLog.START), 5)
        again = v1.Summary(value=[v1.Summary.Value(tag="scope/loss", simple_value=0.125)])
        writer.add_summary(again, 5)
        writer.close()


def write_torch(root: Path) -> None:
    import torch
    from torch.utils.tensorboard import SummaryWriter

    with SummaryWriter(str(root / "torch")) as writer:
        for step, value in enumerate(VALUES):
            writer.add_scalar("val_loss", value, step)
            writer.add_scalar("new/style", value, step, new_style=True)
            writer.add_scalar("double", value, step, double_precision=True)
            writer.add_scalar("no_step", value)
            writer.add_scalars("loss", {"train": value, "val": 2 * value}, step)
            writer.add_histogram("weights", torch.arange(3.0), step)
            writer.add_text("words", "some text", step)
        writer.add_hparams({"lr": 0.1}, {"val_loss": VALUES[-1]}, run_name="hparams")
    with SummaryWriter(str(root / "torch_resumed")) as writer:
        for step in range(5):
            writer.add_scalar("loss", 1.0 + step, step)
            writer.add_scalar("other", 1.0 + step, step)
    with SummaryWriter(str(root / "torch_resumed"), purge_step=3) as writer:
        for step in range(3, 6):
            writer.add_scalar("loss", 10.0 + step, step)


def write_tensorboardx(root: Path) -> None:
    from tensorboardX import SummaryWriter

    with SummaryWriter(str(root / "tensorboardx"), write_to_disk=True) as writer:
        for step, value in enumerate(VALUES):
            writer.add_scalar("val_loss", value, step)
            writer.add_scalar("described", value, step, summary_description="what it is")
            writer.add_scalars("acc", {"train": value, "val": 2 * value}, step)


def write_tensorboard(root: Path) -> None:
    from tensorboard.summary import Writer

    writer = Writer(str(root / "tensorboard"))
    for step, value in enumerate(VALUES):
        writer.add_scalar("val/acc", value, step)
    writer.close()


def expected(root: Path) -> dict[str, object]:
    """Read all files with TensorBoard's loader: points by file and tag, wall times by file."""
    from tensorboard.backend.event_processing.event_file_loader import EventFileLoader
    from tensorboard.util import tensor_util

    files = {}
    for path in sorted(root.rglob("*tfevents*")):
        points: dict[str, list[tuple[int, float]]] = {}
        times = []
        for event in EventFileLoader(str(path)).Load():
            times.append(event.wall_time)
            for value in event.summary.value:
                array = tensor_util.make_ndarray(value.tensor)
                if array.size == 1 and array.dtype.kind in "fiub":
                    points.setdefault(value.tag, []).append((event.step, float(array)))
        files[path.relative_to(root).as_posix()] = {"points": points, "times": times}
    return files


def tensors() -> list[dict[str, object]]:
    """Encode scalars of every numeric type in every way that TensorFlow has."""
    import numpy as np
    import tensorflow as tf

    cases = []
    types = (
        "float32 float64 float16 bfloat16 int8 int16 int32 int64 uint8 uint16 uint32 uint64 bool"
    )
    for kind in [*types.split(), "float8_e5m2", "float8_e4m3fn"]:
        dtype = getattr(tf, kind, None) or getattr(tf.dtypes.experimental, kind)
        numbers = [0, 1, 3, 100]
        if not kind.startswith("u") and kind != "bool":
            numbers += [-1, -100]
        if "float" in kind:
            numbers += [0.375, -0.001953125, float("nan")]
        for number in [0, 1] if kind == "bool" else numbers:
            array = np.asarray(number).astype(dtype.as_numpy_dtype)
            content = tf.make_tensor_proto(array, dtype=dtype)
            content.ClearField("float_val")
            for field in [f for f, _ in content.ListFields()]:
                if field.name.endswith("_val"):
                    content.ClearField(field.name)
            content.tensor_content = array.tobytes()
            field_only = tf.make_tensor_proto(array, dtype=dtype)
            exact = tf.io.parse_tensor(content.SerializeToString(), dtype)
            wanted = float(exact.numpy().astype("float64"))
            ranked = tf.make_tensor_proto(array.reshape(1, 1), dtype=dtype, shape=[1, 1])
            cases += [
                {"dtype": kind, "proto": proto.SerializeToString().hex(), "value": wanted}
                for proto in (content, field_only, ranked)
            ]
    nothing = [
        tf.make_tensor_proto("text"),
        tf.make_tensor_proto([1.0, 2.0]),
        tf.make_tensor_proto(1 + 2j),
        tf.make_tensor_proto(np.zeros((0,), "float32")),
    ]
    return [
        *cases,
        *(
            {"dtype": "no scalar", "proto": p.SerializeToString().hex(), "value": None}
            for p in nothing
        ),
    ]


def main() -> None:
    root = Path(sys.argv[1])
    files = root / "files"
    files.mkdir(parents=True)
    write_keras(files)
    write_tf_summary(files)
    write_tf_v1(files)
    write_torch(files)
    write_tensorboardx(files)
    write_tensorboard(files)
    (root / "expected.json").write_text(json.dumps(expected(files)))
    (root / "tensors.json").write_text(json.dumps(tensors()))


if __name__ == "__main__":
    main()
