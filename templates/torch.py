"""Trains a PyTorch network. Started again after a kill, it goes on from its last whole epoch.

Needs torch, tensorboard and scikit-learn. By itself, and as a search over the values that carry a
`# hp:` mark:

    python torch_train.py
    hprun --metric val_loss:min torch_train.py
"""

from pathlib import Path

import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import StratifiedKFold
from torch import nn
from torch.utils.data import DataLoader, TensorDataset
from torch.utils.tensorboard import SummaryWriter

# What to try: a mark lists the values of a search; by itself the script takes those on the left.
lr = 1e-3  # hp: 1e-4:l4:1e-1
units = 64  # hp: 64,128
dropout = 0.1
batch_size = 32
epochs = 20

# `hprun --cv 5` sets the first two, `hprun --repeats 3` sets the third.
fold = 0  # which part of the data is held out for validation: 0 to folds - 1
folds = 5
seed = 0

# The file name has the values in it, so that other values never go on from this checkpoint.
# Add the hyperparameters that you add above.
VALUES = f"lr={lr},units={units},dropout={dropout},batch={batch_size},seed={seed}"
CHECKPOINT = Path(f"checkpoint-{VALUES},fold={fold}of{folds}.pt")

device = "cuda" if torch.cuda.is_available() else "cpu"


def load_data():
    """Replace this: returns the batches to train on and the batches to validate on."""
    inputs, labels = load_digits(return_X_y=True)
    # The split has a seed of its own: every run must see the same folds, whatever its values.
    splitter = StratifiedKFold(n_splits=folds, shuffle=True, random_state=0)
    train, val = list(splitter.split(inputs, labels))[fold]
    inputs, labels = torch.tensor(inputs / 16.0, dtype=torch.float32), torch.tensor(labels)
    return (
        DataLoader(TensorDataset(inputs[train], labels[train]), batch_size, shuffle=True),
        DataLoader(TensorDataset(inputs[val], labels[val]), batch_size),
    )


def build_model():
    """Replace this: returns the network."""
    return nn.Sequential(
        nn.Linear(64, units),
        nn.ReLU(),
        nn.Dropout(dropout),
        nn.Linear(units, units),
        nn.ReLU(),
        nn.Linear(units, 10),
    )


def run_epoch(model, batches, optimizer=None):
    """Trains if there is an optimizer, else only looks; returns the mean loss and the accuracy."""
    model.train(optimizer is not None)
    total_loss, correct = 0.0, 0
    with torch.set_grad_enabled(optimizer is not None):
        for inputs, labels in batches:
            outputs, targets = model(inputs.to(device)), labels.to(device)
            loss = nn.functional.cross_entropy(outputs, targets)
            if optimizer:
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            total_loss += loss.item() * len(labels)
            correct += (outputs.argmax(dim=1) == targets).sum().item()
    return total_loss / len(batches.dataset), correct / len(batches.dataset)


def save_checkpoint(epoch, model, optimizer):
    """The rename is all or nothing: a kill leaves the old checkpoint or the new, never a part."""
    state = {
        "epoch": epoch,
        "model": model.state_dict(),
        "optimizer": optimizer.state_dict(),
        "random": torch.get_rng_state(),  # the order of the batches goes on too
    }
    torch.save(state, "unfinished.pt")
    Path("unfinished.pt").replace(CHECKPOINT)


def restore_checkpoint(model, optimizer):
    """Returns the epoch to start with: 0, or the one after the checkpoint."""
    if not CHECKPOINT.exists():
        return 0
    state = torch.load(CHECKPOINT, map_location="cpu", weights_only=True)
    model.load_state_dict(state["model"])
    optimizer.load_state_dict(state["optimizer"])
    torch.set_rng_state(state["random"])
    return state["epoch"] + 1


def main():
    torch.manual_seed(seed)
    train_batches, val_batches = load_data()
    model = build_model().to(device)
    optimizer = torch.optim.AdamW(model.parameters(), lr=lr)
    first_epoch = restore_checkpoint(model, optimizer)

    # TensorBoard drops what an earlier start wrote from `purge_step` on.
    with SummaryWriter(log_dir="logs", purge_step=first_epoch) as writer:
        for epoch in range(first_epoch, epochs):
            train_loss, _ = run_epoch(model, train_batches, optimizer)
            val_loss, val_accuracy = run_epoch(model, val_batches)
            writer.add_scalar("train_loss", train_loss, epoch)
            writer.add_scalar("val_loss", val_loss, epoch)
            writer.add_scalar("val_accuracy", val_accuracy, epoch)
            # First the curves, then the checkpoint: what is not in the curves is trained again.
            writer.flush()
            save_checkpoint(epoch, model, optimizer)
            print(f"epoch {epoch}: val_loss {val_loss:.4f}, val_accuracy {val_accuracy:.4f}")

    val_loss, val_accuracy = run_epoch(model, val_batches)
    print(f"val_loss: {val_loss:.4f}\nval_accuracy: {val_accuracy:.4f}")
    torch.save(model.state_dict(), "model.pt")
    CHECKPOINT.unlink(missing_ok=True)  # done: the next start is a new one


if __name__ == "__main__":
    main()
