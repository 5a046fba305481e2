"""Handwritten digits (1797 images of 8 x 8 pixels) with a small PyTorch network.

Needs torch, tensorboard and scikit-learn.

    python examples/torch_digits.py
    hprun --hp lr=1e-4:l4:0.1 --hp dropout=0.0,0.3 --metric val_loss:min examples/torch_digits.py
"""

import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import StratifiedKFold
from torch import nn
from torch.utils.data import DataLoader, TensorDataset
from torch.utils.tensorboard import SummaryWriter

lr = 1e-3
units = 64
dropout = 0.0
batch_size = 32
epochs = 15
seed = 0
fold = 0  # which part is held out for validation: 0 to folds - 1
folds = 5

torch.manual_seed(seed)
device = "cuda" if torch.cuda.is_available() else "cpu"

images, labels = load_digits(return_X_y=True)

# The split has a seed of its own: every run must see the same folds, whatever its values.
splits = StratifiedKFold(n_splits=folds, shuffle=True, random_state=0).split(images, labels)
train, val = list(splits)[fold]

images = torch.tensor(images / 16.0, dtype=torch.float32)  # pixels come as 0 to 16
labels = torch.tensor(labels)
batches = DataLoader(TensorDataset(images[train], labels[train]), batch_size, shuffle=True)
val_images, val_labels = images[val].to(device), labels[val].to(device)

model = nn.Sequential(
    nn.Linear(64, units),
    nn.ReLU(),
    nn.Dropout(dropout),
    nn.Linear(units, units),
    nn.ReLU(),
    nn.Linear(units, 10),
).to(device)
loss_of = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=lr)

with SummaryWriter(log_dir="runs/digits") as writer:
    for epoch in range(epochs):
        model.train()
        for x, y in batches:
            optimizer.zero_grad()
            loss_of(model(x.to(device)), y.to(device)).backward()
            optimizer.step()

        model.eval()
        with torch.no_grad():
            outputs = model(val_images)
        val_loss = loss_of(outputs, val_labels).item()
        val_accuracy = (outputs.argmax(dim=1) == val_labels).float().mean().item()
        writer.add_scalar("val_loss", val_loss, epoch)
        writer.add_scalar("val_accuracy", val_accuracy, epoch)
        writer.flush()  # otherwise the last two minutes of a killed run may be missing
        print(f"epoch {epoch}: val_loss {val_loss:.4f}, val_accuracy {val_accuracy:.4f}")
