"""Transformers' trainer: real trainings where it is installed, and what counts as whole."""

import json
import struct
import zipfile
from importlib.util import find_spec

import pytest

from hprun.autolog.inside.huggingface import is_whole

SCRIPT = """\
import json, os, signal
import torch
from transformers import Trainer, TrainerCallback, TrainingArguments

class Model(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(8, 1)
    def forward(self, x, labels):
        out = self.layer(x).squeeze(-1)
        return {"loss": ((out - labels) ** 2).mean(), "logits": out}

class Kill(TrainerCallback):
    def on_step_begin(self, args, state, control, **more):
        if os.environ.get("KILL") == str(state.global_step) and not os.path.exists("killed"):
            open("killed", "w").close()
            os.kill(os.getpid(), signal.SIGKILL)

torch.manual_seed(0)
data = [{"x": x, "labels": x.sum()} for x in torch.rand(64, 8)]
arguments = TrainingArguments(
    "out", num_train_epochs=6, per_device_train_batch_size=16, save_steps=4, logging_steps=1,
    report_to=["tensorboard"], disable_tqdm=True, use_cpu=True, save_total_limit=3)
model = Model()
trainer = Trainer(model, arguments, train_dataset=data, callbacks=[Kill()])
trainer.train()
with open("result.json", "w") as file:
    json.dump({"steps": trainer.state.global_step,
               "losses": [row["loss"] for row in trainer.state.log_history if "loss" in row],
               "weights": model.layer.weight.flatten().tolist()}, file)
"""


@pytest.fixture
def killed(lab, tmp_path):
    if find_spec("transformers") is None or find_spec("accelerate") is None:
        pytest.skip("transformers is not installed")
    plain = type(lab)(tmp_path / "plain")
    plain.write(SCRIPT)
    assert plain.plain().returncode == 0
    lab.undisturbed = plain.result
    lab.write(SCRIPT)
    assert lab.attempt(KILL="17").returncode == -9
    return lab


def test_a_killed_run_goes_on_and_ends_the_same_in_one_log_folder(killed):
    done = killed.attempt()
    assert done.returncode == 0, done.stderr
    assert killed.events("resumed")[0]["epoch"] == 16
    assert killed.result == killed.undisturbed
    assert len(list((killed.folder / "out" / "runs").iterdir())) == 1


def test_a_damaged_newest_checkpoint_falls_back_to_the_one_before(killed):
    weights = killed.folder / "out" / "checkpoint-16" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1])
    assert killed.attempt().returncode == 0
    assert killed.events("damaged")[0]["epoch"] == 16
    assert killed.events("resumed")[0]["epoch"] == 12
    assert killed.result == killed.undisturbed


@pytest.fixture
def checkpoint(tmp_path):
    """A folder as the trainer leaves it, its weights four floats."""
    folder = tmp_path / "checkpoint-8"
    folder.mkdir()
    header = json.dumps({"w": {"dtype": "F32", "shape": [4], "data_offsets": [0, 16]}}).encode()
    data = struct.pack("<Q", len(header)) + header + bytes(16)
    (folder / "model.safetensors").write_bytes(data)
    for name in ("optimizer.pt", "scheduler.pt", "training_args.bin"):
        with zipfile.ZipFile(folder / name, "w") as archive:
            archive.writestr("data", "numbers" * 100)
    (folder / "trainer_state.json").write_text('{"global_step": 8}')
    return folder


def test_a_whole_one_is_whole(checkpoint):
    assert is_whole(checkpoint)


@pytest.mark.parametrize("name", ["model.safetensors", "optimizer.pt", "trainer_state.json"])
@pytest.mark.parametrize("how", ["missing", "empty", "cut"])
def test_a_part_that_is_missing_or_cut_short_is_seen(checkpoint, name, how):
    path = checkpoint / name
    if how == "missing":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:-1] if how == "cut" else b"")
    assert not is_whole(checkpoint)


def test_a_header_of_nonsense_is_seen(checkpoint):
    for data in (b"\xff" * 64, struct.pack("<Q", 2) + b"[]", struct.pack("<Q", 4) + b"nope"):
        (checkpoint / "model.safetensors").write_bytes(data)
        assert not is_whole(checkpoint)
