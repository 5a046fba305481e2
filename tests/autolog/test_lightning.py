"""Real trainings with Lightning, where it is installed."""

import pytest

pytest.importorskip("lightning")

SCRIPT = """\
import json, os, signal
import lightning, torch

class Model(lightning.LightningModule):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(8, 1)
    def training_step(self, batch, index):
        loss = ((self.layer(batch[0]).squeeze(-1) - batch[1]) ** 2).mean()
        self.log("loss", loss, on_step=False, on_epoch=True)
        return loss
    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), 0.01)

class Kill(lightning.Callback):
    def on_train_epoch_start(self, trainer, model):
        if os.environ.get("KILL") == str(trainer.current_epoch) and not os.path.exists("killed"):
            open("killed", "w").close()
            os.kill(os.getpid(), signal.SIGKILL)

torch.manual_seed(1)
x = torch.rand(64, 8)
data = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x, x.sum(1)), 16)
trainer = lightning.Trainer(
    max_epochs=10, accelerator="cpu", enable_progress_bar=False, enable_model_summary=False,
    log_every_n_steps=1, callbacks=[Kill()])
model = Model()
trainer.fit(model, data)
with open("result.json", "w") as file:
    json.dump({"epochs": trainer.current_epoch, "steps": trainer.global_step,
               "loss": float(trainer.callback_metrics["loss"]),
               "weights": model.layer.weight.flatten().tolist()}, file)
"""


@pytest.fixture
def killed(lab):
    lab.write(SCRIPT)
    assert lab.plain().returncode == 0
    lab.undisturbed = lab.result
    for path in lab.folder.glob("lightning_logs/*"):
        path.rename(lab.root / "plain")
    assert lab.attempt(2, KILL="7").returncode == -9
    return lab


def test_a_killed_run_goes_on_and_ends_the_same_in_one_log_folder(killed):
    done = killed.attempt(2)
    assert done.returncode == 0, done.stderr
    assert killed.events("resumed")[0]["epoch"] == 6
    assert killed.result == killed.undisturbed
    folders = [path.name for path in (killed.folder / "lightning_logs").iterdir()]
    assert folders == ["version_0"]


def test_a_damaged_newest_checkpoint_falls_back_to_the_one_before(killed):
    state = killed.checkpoints / "fit-0" / "000006" / "state.ckpt"
    state.write_bytes(state.read_bytes()[:-100])
    assert killed.attempt(2).returncode == 0
    assert killed.events("damaged")[0]["epoch"] == 6
    assert killed.events("resumed")[0]["epoch"] == 4
    assert killed.result == killed.undisturbed


def test_a_checkpoint_of_another_model_is_left_alone(killed):
    killed.write(SCRIPT.replace("max_epochs=10", "max_epochs=9"))
    assert killed.attempt(2).returncode == 0
    assert killed.events("resumed") == []
    assert killed.result["epochs"] == 9


def test_a_checkpoint_of_the_scripts_own_wins(killed):
    state = killed.checkpoints / "fit-0" / "000004" / "state.ckpt"
    killed.write(SCRIPT.replace("fit(model, data)", f"fit(model, data, ckpt_path={str(state)!r})"))
    assert killed.attempt(2).returncode == 0
    assert killed.record.notes == ("no checkpoints: it begins from a checkpoint of its own",)
    assert killed.result == killed.undisturbed
