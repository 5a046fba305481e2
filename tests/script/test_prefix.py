"""Which statements of a realistic script run once, and why the search stops where it does."""

from __future__ import annotations

import ast

import pytest

# ruff: noqa: ISC004 - the scripts of the table go over several lines
from hprun.script.prefix import prefix_of, shared_prefix

NUMPY_SKLEARN = """
import numpy as np
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler
alpha = 0.1
data = np.load("data.npz")["x"]
x, y = data[:, :-1], data[:, -1]
scaler = StandardScaler()
x = scaler.fit_transform(x)
xt, xv, yt, yv = train_test_split(x, y, random_state=0)
model = SGD(alpha)
"""
KERAS = """
import os
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"
import tensorflow as tf
from tensorflow.keras.datasets import mnist
units = 64
tf.keras.utils.set_random_seed(0)
(x, y), (xv, yv) = mnist.load_data()
x = x.reshape(-1, 784).astype("float32") / 255.0
y = tf.keras.utils.to_categorical(y, 10)
model = tf.keras.Sequential([tf.keras.layers.Dense(units)])
"""

# Each row: what it is about, the script (without its first newline), the tainted names, what is
# shared and what is deferred (by the text that the statements begin with), and a part of `because`.
ROWS = [
    ("numpy and sklearn", NUMPY_SKLEARN, "alpha",
     "import numpy|from sklearn.model|from sklearn.pre|data|x, y|scaler|x =|xt", "alpha",
     "line 10 depends on alpha: model = SGD(alpha)"),
    ("Keras", KERAS, "units",
     "import os|os.environ|import tensorflow|from tensorflow|tf.keras.utils.set|(x, y)|x =|y =",
     "units", "line 10 depends on units"),
    ("everything in main()", "import numpy as np\nlr = 1\ndef main():\n    np.load('x')\n"
     "if __name__ == '__main__':\n    main()\n", "lr", "import", "lr|def main",
     "only imports and definitions could be shared, as line 5 is the main block"),
    ("argparse that comes before the data",
     "import argparse\nimport numpy as np\np = argparse.ArgumentParser()\n"
     "p.add_argument('--lr', type=float)\nargs = p.parse_args()\nx = np.load('x.npy')\n"
     "fit(x, args.lr)", "", "import argparse|import numpy|x", "p =|p.add|args", "line 7 depends on"),
    ("data read from where an argument says",
     "import argparse\nimport numpy as np\np = argparse.ArgumentParser()\n"
     "args = p.parse_args()\nx = np.load(args.data)\nfit(x)", "", "import argparse|import numpy",
     "p =|args|x", "line 6 depends on line 3, which reads the script's arguments"),
    ("a file that is read and closed",
     "import json\nwith open('c.json') as f:\n    c = json.load(f)\ntrain(c)", "", "import|with", "",
     "line 4 uses train"),
    ("a file that stays open", "f = open('x')\ny = f.read()", "", "", "", "line 1 uses open"),
    ("a file that is written", "with open('x', 'w') as f:\n    f.write('y')", "", "", "",
     "line 1 opens a file to write to it"),
    ("numpy's seed", "import numpy as np\nnp.random.seed(0)\nx = np.random.rand(9)\nlr = 1", "lr",
     "import|np|x", "lr", "nothing in the script has to wait"),
    ("numbers drawn without a seed", "import numpy as np\nx = np.random.rand(9)\ny = np.load('y')",
     "", "import|y", "x", ""),
    ("a seed that differs", "import numpy as np\nseed = 0\nnp.random.seed(seed)\nx = np.load('y')\n"
     "i = np.random.permutation(9)\nfit(i)", "seed", "import|x", "seed|np|i",
     "line 6 depends on"),
    ("a seed that may be None", "import numpy as np\ns = None\nnp.random.seed(s)\nfit()", "",
     "import|s", "np", "line 4"),
    ("a generator with a seed", "import numpy as np\nr = np.random.default_rng(0)\n"
     "x = r.normal(size=9)\nlr = 1\nr2 = np.random.default_rng()", "lr", "import|r =|x", "lr|r2", ""),
    ("a split without a seed", "from sklearn.model_selection import train_test_split\n"
     "a, b = train_test_split([1, 2])\nfit(a)", "", "from", "a, b", "line 3 depends on line 2, which "
     "draws random numbers without a seed"),
    ("a function that loads", "import numpy as np\nn = 5\ndef load():\n    x = np.load('x')\n"
     "    return x / x.max()\nx = load()\nfit(x[:n])", "n", "import|def|x", "n", "line 7 depends on n"),
    ("a function that reads what differs", "import numpy as np\nn = 5\ndef load():\n"
     "    return np.load('x')[:n]\nx = load()\nfit(x)", "n", "import", "n|def|x", "line 6 depends on n"),
    ("a function defined before what it reads differs",
     "def f():\n    return n\nn = 5\nx = [f()]\nfit(x)", "n", "", "def|n|x", "line 5 depends on n"),
    ("a function handed to map", "def f(v):\n    return v * n\nn = 5\ng = f\nx = list(map(g, [1]))\n",
     "n", "def|g", "n|x", ""),
    ("a function that changes a global list", "s = []\ndef f(v):\n    s.append(v)\nn = len(s) * lr\n"
     "f(1)\nx = 3", "n", "s|x", "def|n|f", ""),
    ("a function with a global", "k = 0\ndef f():\n    global k\n    k += 1\nf()\n", "", "k", "def",
     "line 5 declares a global"),
    ("a class body that changes a shared list", "s = []\nlr = 1\nclass C:\n    s.append(lr)\nx = s",
     "lr", "s", "lr|class|x", ""),
    ("a shared list changed after it was measured", "s = [1]\nlr = 2\nn = len(s) * lr\ns.append(2)\n"
     "t = 1\n", "lr", "s|t", "lr|n|s.append", ""),
    ("changed under another name", "s = [1]\nu = s\nlr = 2\nn = len(s) * lr\nu.append(2)\nt = 1",
     "lr", "s|u|t", "lr|n|u.append", ""),
    ("a decorator of a library", "import tensorflow as tf\nlr = 1\n@tf.function\ndef step():\n"
     "    return lr\nx = [1]", "lr", "import|x", "lr|@tf|def", ""),
    ("an unknown decorator", "import app\n@app.command\ndef f(): pass\n", "", "import", "",
     "line 2 uses the decorator app.command: @app.command"),
    ("a default that differs", "lr = 1\ndef f(x=lr):\n    return x\ny = f()\nz = 1", "lr", "z",
     "lr|def|y", ""),
    ("a comprehension", "lr = 1\na = [i for i in range(3)]\nb = [lr * i for i in a]\nc = [lr for lr in a]",
     "lr", "a|c", "lr|b", ""),
    ("a walrus", "a = (n := 3) + 1\nlr = (k := 2) * 2\nb = k", "lr", "a", "lr|b", ""),
    ("an augmented assignment", "n = 1\nn += 2\nlr = 1\nn += lr\nm = n", "lr", "n =|n += 2",
     "lr|n += lr|m", ""),
    ("del", "lr = 1\na = 2\ndel lr\ndel a\nb = 3", "lr", "a|del a|b", "lr|del lr", ""),
    ("a block of if", "lr = 1\nif lr > 0:\n    k = 1\nelse:\n    k = 2\nif True:\n    m = 3\n", "lr",
     "if True", "lr|if lr", ""),
    ("a block of for", "lr = 1\nx = []\nfor i in range(3):\n    x.append(i)\nfor j in range(3):\n"
     "    x.append(lr)\ny = x", "lr", "x|for i", "lr|for j|y", ""),
    ("a block of try", "try:\n    import numpy as np\nexcept ImportError:\n    np = None\nx = np.load('x')",
     "", "try", "", "line 5 calls .load()"),
    ("two homes of one module", "try:\n    from keras.datasets import mnist\nexcept ImportError:\n"
     "    from tensorflow.keras.datasets import mnist\nx = mnist.load_data()", "", "try|x", "", ""),
    ("an import of everything", "from numpy import *\nx = load('x')", "", "", "", "line 1 imports *"),
    ("exec", "exec('x = 1')", "", "", "", "line 1 uses exec"),
    ("numpy itself changed", "import numpy as np\nnp.load = print\n", "", "import", "",
     "line 2"),
    ("its own folder", "import os\nimport numpy as np\nhere = os.path.dirname(__file__)\n"
     "x = np.load(here + '/x.npy')\ny = np.load('y')", "", "import os|import numpy|y", "here|x", ""),
    ("the environment", "import os\nd = os.environ['D']\nlr = 1\nx = [2]", "lr", "import|x", "d|lr", ""),
    ("an environment variable that differs", "import os\nlr = 1\nos.environ['X'] = str(lr)\nimport numpy",
     "lr", "import os", "lr|os.environ|import numpy", ""),
    ("printing", "lr = 1\nprint('start')\nx = [1]\nprint(lr)\nprint(x)\ny = 2", "lr", "print('start')|x|y",
     "lr|print(lr)|print(x)", ""),
    ("the device", "import torch\nlr = 1\ndevice = 'cuda' if torch.cuda.is_available() else 'cpu'\n"
     "x = [1]\nnet = Net().to(device)", "lr", "import|x", "lr|device", "line 5 depends on line 3, which asks for devices"),
    ("a tensor", "import torch, numpy as np\na = np.load('a')\nt = torch.tensor(a)\nb = np.load('b')\n"
     "u = torch.matmul(t, t)\n", "", "import|a|b", "t", "line 5 depends on line 3, which computes with torch"),
    ("torch maths", "import torch\nt = torch.ones(3)\n", "", "import", "", "line 2 calls torch.ones"),
    ("a network of the script", "import torch\nlr = 1\nclass Net(torch.nn.Module):\n"
     "    def forward(self, x):\n        return x * lr\nx = [1]\nnet = Net()", "lr", "import|x",
     "lr|class", "line 7 depends on lr: net = Net()"),
    ("an iterator that a trial uses up", "s = iter([1, 2])\nlr = 0\nn = [next(s), lr]\nm = list(s)\n"
     "t = 1", "lr", "s|t", "lr|n|m", ""),
    ("an iterator used up by unpacking", "s = zip([1], [2])\nlr = 0\n(n,), k = list(s), lr\n"
     "m = list(s)\nt = 1", "lr", "s|t", "lr|(n,)|m", ""),
    ("an iterator that a shared test uses up", "import copy\ns = iter([1, 2])\nlr = 0\n"
     "n = [copy.copy(s), lr]\nm = 1 in s\nt = 1", "lr", "import|s|t", "lr|n|m", ""),
    ("an iterator of folds", "from sklearn.model_selection import KFold\nx = [1, 2]\nfold = 0\n"
     "s = KFold(2).split(x)\na, b = list(s)[fold]\nc = len(x)", "fold", "from|x|s|c", "fold|a, b", ""),
    ("an unknown class of the script", "class Net:\n    def __init__(self):\n        self.x = 1\n"
     "net = Net()", "", "", "class", "line 4 makes a Net, a class that does more than hold values"),
    ("a function that is handed something unknown", "import os\nlr = 1\nx = [os.remove, lr]\n"
     "y = list(map(x[0], ['a']))\n", "lr", "import", "lr|x", "line 4 depends on lr"),
    ("jobs", "from sklearn.model_selection import GridSearchCV\ng = GridSearchCV(n_jobs=2)", "",
     "from", "", "line 2 calls sklearn.model_selection.GridSearchCV"),
    ("OpenMP", "from sklearn.cluster import KMeans\nk = KMeans(3).fit([[1]])", "", "from", "",
     "line 2 calls sklearn.cluster.KMeans"),
    ("saving", "import numpy as np\nx = np.load('x')\nnp.save('y', x)", "", "import|x", "",
     "line 3 calls numpy.save"),
    ("a folder that is made", "import os\nimport numpy as np\nos.makedirs('out', exist_ok=True)\n"
     "x = np.ones(3)\nfit(x)", "", "import os|import numpy|x", "os.makedirs", "line 5 uses fit"),
    ("the clock", "import time\nt = time.time()\nx = [1]\nprint(time.time() - t)\nfit()", "",
     "import|x", "t|print", "line 5 uses fit"),
    ("a class of values", "from dataclasses import dataclass\n@dataclass\nclass C:\n    lr: float = 1\n"
     "c = C()\nx = [1]\nfit(c, x)", "C", "from|x", "@dataclass|class|c", "line 7 depends on C"),
    ("two statements in a line", "lr = 1; x = [2]\ny = [3]", "lr", "x|y", "lr", ""),
    ("a docstring and the future", "'''Text.'''\nfrom __future__ import annotations\nlr = 1\nx = [1]",
     "lr", "'''Text|from|x", "lr", ""),
    ("a library that starts threads at import", "import ray\n", "", "", "", "line 1 imports ray"),
    ("a folder put on the path", "import sys\nsys.path.append('src')\n", "", "import", "",
     "line 2 calls sys.path.append"),
]  # fmt: skip


def texts_of(source, indices):
    """The text of each of these top-level statements, without its decorators."""
    body = ast.parse(source).body
    return [ast.get_source_segment(source, body[index]) for index in indices]


@pytest.mark.parametrize(
    ("source", "tainted", "shared", "deferred", "because"),
    [row[1:] for row in ROWS],
    ids=[row[0] for row in ROWS],
)
def test_a_script_is_cut_where_its_trials_part(source, tainted, shared, deferred, because):
    source = source.lstrip("\n")
    prefix = shared_prefix(source, tainted.split())
    for indices, starts in ((prefix.shared, shared), (prefix.deferred, deferred)):
        wanted = [start for start in starts.split("|") if start and not start.startswith("@")]
        texts = texts_of(source, indices)
        assert len(texts) == len(wanted), (prefix, texts)
        for text, start in zip(texts, wanted, strict=True):
            assert text.startswith(start), (prefix, texts)
    assert because in prefix.because, prefix


def test_a_line_whose_text_differs_stays_with_the_trial():
    source = (
        "import numpy as np\nx = np.load('x')\n"
        "for i in range(3):\n    y = [\n        0.5,\n    ]\nfit(y)\n"
    )
    prefix = shared_prefix(source, (), {5: "rate"})
    assert (prefix.shared, prefix.deferred) == ((0, 1), (2,))
    assert prefix.because == "line 7 depends on rate: fit(y)"
    assert prefix.worth


def test_a_function_with_a_site_cannot_be_called_once_for_all():
    source = "def load():\n    return [0.5]\nx = load()\ny = [1]\nz = len(x)\n"
    assert shared_prefix(source).shared == (0, 1, 2, 3)
    assert shared_prefix(source, (), {2: "size"}).shared == (2,)


def test_what_a_new_process_lacks_runs_again_in_every_trial():
    source = (
        "'''Text.'''\nfrom __future__ import annotations\nimport os, warnings\n"
        "os.environ['A'] = '1'\nos.environ.setdefault('B', '2')\n"
        "warnings.filterwarnings('ignore')\nx = [1]\n"
    )
    prefix = shared_prefix(source)
    assert prefix.shared == tuple(range(7))
    assert prefix.again == (0, 1, 3, 4, 5)


def test_seeds_that_are_shared_are_named():
    source = (
        "import random, numpy as np, torch\nrandom.seed(1)\nnp.random.seed(1)\ntorch.manual_seed(1)"
    )
    assert shared_prefix(source).seeds == ("numpy", "random", "torch")
    assert shared_prefix("import random\nlr = 1\nrandom.seed(lr)", ["lr"]).seeds == ()


def test_a_long_statement_is_shortened():
    prefix = shared_prefix(f"fit({', '.join(map(str, range(100)))})")
    assert prefix.because.endswith("…")
    assert len(prefix.because) < 200


def test_an_empty_script_shares_nothing():
    prefix = shared_prefix("")
    assert (prefix.shared, prefix.deferred, prefix.stops_at, prefix.worth) == ((), (), None, False)


def workspace(**files):
    return {f"{name}.py": text.encode() for name, text in files.items()}.get


@pytest.mark.parametrize(
    ("module", "waits", "because"),
    [
        (
            "import numpy\nSIZE = 3\ndef f():\n    return open('x')\n",
            True,
            "line 5 depends on line 2",
        ),
        ("if __name__ == '__main__':\n    print(1)\nimport os\nSIZE = os.environ['F']\n", True, ""),
        (
            "print('hello')\n",
            False,
            "line 2 imports layers.py of the workspace, where layers.py line 1",
        ),
        ("import numpy\nnumpy.random.seed(0)\n", False, "layers.py line 2 does more than define"),
        ("x = fit()\n", False, "layers.py line 1 uses fit"),
        (
            "import deeper\n",
            False,
            "imports deeper.py of the workspace, where deeper.py line 1 uses exec",
        ),
        ("x = (\n", False, "layers.py does not compile"),
    ],
)
def test_a_module_of_the_workspace_is_never_shared(module, waits, because):
    source = "import numpy as np\nfrom layers import SIZE\nx = np.load('x')\ny = SIZE\nfit(y)\n"
    read = workspace(layers=module, deeper="exec('1')")
    prefix = shared_prefix(source, script="train.py", read=read)
    assert prefix.deferred == ((1, 3) if waits else ())
    assert prefix.shared == ((0, 2) if waits else (0,))
    assert because in prefix.because


READING = "import json\nname = 'c.json'\nwith open({}) as f:\n    x = json.load(f)\ny = [1]\n"


@pytest.mark.parametrize(
    ("path", "shared"), [("'c.json'", False), ("'sub/e.json'", True), ("name", False)]
)
def test_a_file_that_differs_between_trials_is_not_read_once(path, shared):
    source = READING.format(path)
    assert (2 in shared_prefix(source, differing=["sub/c.json"]).shared) is shared
    assert 2 in shared_prefix(source).shared
    assert 3 in shared_prefix(source, differing=["sub/c.json"]).shared


def test_a_template_tells_which_lines_differ(template):
    source = (
        "import numpy as np\nlr = 0.1\nepochs = 5\nfold = 0\nx = np.load('x')\n"
        "parts = np.array_split(x, epochs)\nfit(x, lr)\n"
    )
    made = template(source, "lr", "epochs", folds=3)
    read = {"train.py": source.encode()}.get
    prefix = prefix_of(made, read)
    assert (prefix.shared, prefix.deferred) == ((0, 4), (1, 2, 3, 5))
    assert prefix.because == "line 7 depends on lr: fit(x, lr)"
    assert prefix_of(made, read, fixed={"epochs"}).shared == (0, 2, 4, 5)


def test_a_template_with_another_file_and_an_option(template):
    source = (
        "import argparse, json\np = argparse.ArgumentParser()\n"
        "p.add_argument('--lr', type=float, default=0.1)\nargs = p.parse_args()\n"
        "with open('c.json') as f:\n    c = json.load(f)\nx = list(range(9))\nfit(x, args.lr)\n"
    )
    files = {"c.json": '{"units": 64}'}
    made = template(source, "lr", "units", files=files, subs=[r'c.json:"units": (?P<units>\d+)'])
    prefix = prefix_of(made, {"train.py": source.encode()}.get)
    assert (prefix.shared, prefix.deferred) == ((0, 5), (1, 2, 3, 4))
    assert prefix.because.endswith(
        "line 8 depends on line 2, which reads the script's arguments: fit(x, args.lr)"
    )
