"""The readers that are timed, each in a process of its own: `python reader_ways.py WAY FOLDER TAG`.

Prints a JSON object: how many points were read, their sum, seconds of wall clock and of CPU, the
peak of memory in MB. hprun's imports count (NumPy's too, if it takes that), TensorBoard's do not.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

_ALL = 1 << 40


def floor(folder: Path, tag: str) -> tuple[int, float]:
    """Read all bytes, and do nothing with them."""
    size = 0
    for path in folder.rglob("*tfevents*"):
        with path.open("rb", buffering=0) as file:
            while chunk := file.read(1 << 20):
                size += len(chunk)
    return size, 0.0


def hprun(folder: Path, tag: str) -> tuple[int, float]:
    """What hprun does at the end of every run, for every folder that has the tag."""
    from hprun.metrics import Resolved, RunReader
    from hprun.model import Direction, Metric, Reduce

    count, total = 0, 0.0
    for run in sorted(folder.iterdir()):
        places = [place.name for place in run.iterdir() if place.is_dir()] or ["."]
        reader = RunReader(run, wanted=[f"{place}//{tag}" for place in places])
        reader.poll()
        for place in places:
            found = reader.reading(Metric(f"{place}//{tag}", Reduce.MIN, Direction.LOW), ended=True)
            if not isinstance(found, Resolved):
                raise SystemExit(f"{run}: {found}")
            count += found.points.size
            total += sum(found.points.values)
    return count, total


def event_accumulator(folder: Path, tag: str) -> tuple[int, float]:
    """TensorBoard's reader in Python."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    from tensorboard.util.tensor_util import make_ndarray

    count, total = 0, 0.0
    for run in sorted({path.parent for path in folder.rglob("*tfevents*")}):
        held = EventAccumulator(str(run), size_guidance={"scalars": 0, "tensors": 0}).Reload()
        if tag in held.Tags()["scalars"]:
            values = [point.value for point in held.Scalars(tag)]
        else:
            values = [make_ndarray(point.tensor_proto).item() for point in held.Tensors(tag)]
        count += len(values)
        total += sum(values)
    return count, total


def _import_without_tensorflow() -> None:
    """Make TensorBoard believe that TensorFlow is not installed, as it is not with hprun."""
    import types

    sys.modules["tensorboard.compat.notf"] = types.ModuleType("tensorboard.compat.notf")
    import tensorboard.backend.event_processing.event_accumulator
    import tensorboard.util.tensor_util  # noqa: F401
    from tensorboard.compat import tf

    tf.errors  # noqa: B018  (imported when it is first used)


class DataServer:
    """TensorBoard's data server, written in Rust; loads all once, and answers over gRPC."""

    def __init__(self, folder: Path) -> None:
        from tensorboard_data_server import server_binary

        options = ["--logdir", str(folder), "--reload", "once", "--verbose", "--port", "0"]
        options += ["--host", "127.0.0.1", "--samples-per-plugin", "scalars=all"]
        with tempfile.TemporaryDirectory() as own:
            port = Path(own) / "port"
            self.process = subprocess.Popen(
                [server_binary(), *options, "--port-file", str(port), "--die-after-stdin"],
                stdin=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            for line in self.process.stderr:
                if re.search(r"Finished load cycle", line):
                    break
            self.port = int(port.read_text())

    def peak_mb(self) -> float:
        return _peak_mb(str(self.process.pid))

    def end(self) -> float:
        """Gives the seconds of CPU that it took."""
        self.process.kill()
        _, _, used = os.wait4(self.process.pid, 0)
        return used.ru_utime + used.ru_stime


def data_server(folder: Path, tag: str) -> dict[str, float]:
    """Start the server, wait until it has loaded all, and read the tag."""
    import grpc
    from tensorboard.data.proto import data_provider_pb2 as words
    from tensorboard.data.proto import data_provider_pb2_grpc as calls

    began, cpu = time.perf_counter(), time.process_time()
    server = DataServer(folder)
    loaded = time.perf_counter() - began
    limits = [(f"grpc.max_{way}_message_length", -1) for way in ("receive", "send")]
    with grpc.insecure_channel(f"127.0.0.1:{server.port}", options=limits) as channel:
        request = words.ReadScalarsRequest(experiment_id="x")
        request.plugin_filter.plugin_name = "scalars"
        request.run_tag_filter.tags.names.append(tag)
        request.downsample.num_points = _ALL
        answer = calls.TensorBoardDataProviderStub(channel).ReadScalars(request)
        series = [held.data.value for run in answer.runs for held in run.tags]
        count, total = sum(map(len, series)), sum(map(sum, series))
    seconds = time.perf_counter() - began
    peak = server.peak_mb() + _peak_mb("self")
    cpu = time.process_time() - cpu + server.end()
    return {
        "points": count, "sum": total, "seconds": seconds, "loaded": loaded, "cpu": cpu, "mb": peak
    }  # fmt: skip


def _peak_mb(process: str) -> float:
    """The most memory that a process had; rusage would count what its parent had before it."""
    held = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{process}/status").read_text())
    return int(held[1]) / 1024 if held else float("nan")


WAYS = {"floor": floor, "hprun": hprun, "EventAccumulator": event_accumulator}


def main(way: str, folder: str, tag: str) -> None:
    if way == "data server":
        found = data_server(Path(folder), tag)
    else:
        if way == "EventAccumulator":
            _import_without_tensorflow()
        began, cpu = time.perf_counter(), time.process_time()
        count, total = WAYS[way](Path(folder), tag)
        seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
        found = {
            "points": count, "sum": total, "seconds": seconds, "cpu": cpu, "mb": _peak_mb("self")
        }  # fmt: skip
    print(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
