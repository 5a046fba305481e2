"""Real frameworks in a fork: they work, they are looked after, they do not hang."""

import json
import os
import subprocess
import textwrap

import pytest

from hprun.autolog import environment
from hprun.executors.warm import Ready

KERAS = """
    import os
    import numpy as np
    import keras

    keras.utils.set_random_seed(0)
    x = np.random.default_rng(0).normal(size=(64, 4)).astype("float32")
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3), keras.layers.Dense(1)])
    model.compile("adam", "mse")

    class Dies(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            with open("epochs", "a") as file:
                file.write(f"{epoch}\\n")
            if epoch == 2 and os.environ.get("HPRUN_ATTEMPT") == "1":
                os._exit(9)

    history = model.fit(x, x[:, :1], epochs=4, verbose=0, callbacks=[Dies()])
    print(history.history["loss"])
"""


@pytest.fixture(scope="module")
def keras_server(shared_lab):
    pytest.importorskip("keras")
    server = shared_lab.server("numpy", "keras")
    assert isinstance(server.state, Ready)
    return server


@pytest.mark.long
@pytest.mark.timeout(120)
def test_a_training_is_saved_and_resumed(shared_lab, keras_server):
    lab = shared_lab
    (lab.paths.folder / "epochs").unlink(missing_ok=True)
    lab.paths.lock.touch()
    for attempt, status in ((1, 9), (2, 0)):
        env = lab.own_env(attempt)
        env |= environment(lab.paths.checkpoint, 1, env)
        assert "HPRUN_AUTOLOG" in env
        lab.write(KERAS)
        lab.paths.log.unlink(missing_ok=True)
        pid = lab.fork(keras_server, env=env, attempt=attempt)
        _wait_for(pid)
        assert keras_server.bury(pid) == status, lab.paths.log.read_text()
    assert (lab.paths.folder / "epochs").read_text().split() == ["0", "1", "2", "2", "3"]
    lines = lab.paths.folder.with_name("fold-0.autolog").read_text().splitlines()
    events = [json.loads(line)["event"] for line in lines]
    assert "error" not in events
    assert "HPRUN_AUTOLOG" not in lab.paths.log.read_text()


def _wait_for(pid):
    import select

    pidfd = os.pidfd_open(pid)
    select.select([pidfd], [], [])
    os.close(pidfd)


@pytest.mark.timeout(120)
def test_keras_gives_the_numbers_of_a_cold_start(shared_lab, keras_server):
    code = KERAS.replace("os._exit(9)", "pass")
    cold = shared_lab.cold(code)
    warm = shared_lab.warm(keras_server, code)
    assert (warm.status, cold.status) == (0, 0)
    # What TensorFlow says while it is imported, it says to the server.
    assert warm.log.startswith("[")
    assert warm.log.splitlines()[-1] == cold.log.splitlines()[-1]


TORCH = """
    import torch
    from torch.utils.data import DataLoader, TensorDataset

    if __name__ == "__main__":
        torch.manual_seed(0)
        x = torch.randn(256, 8)
        model = torch.nn.Sequential(torch.nn.Linear(8, 8), torch.nn.ReLU(), torch.nn.Linear(8, 1))
        optimizer = torch.optim.SGD(model.parameters(), 0.01)
        for batch, in DataLoader(TensorDataset(x), 64, num_workers=2):
            loss = model(batch).square().mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        print(loss.item() > 0, torch.initial_seed())
"""
SKLEARN = """
    from sklearn.datasets import load_digits
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import cross_val_score

    if __name__ == "__main__":
        x, y = load_digits(return_X_y=True)
        model = RandomForestClassifier(10, random_state=0)
        print(cross_val_score(model, x[:300], y[:300], cv=2, n_jobs=2).tolist())
        print(LogisticRegression(max_iter=5000).fit(x[:200], y[:200]).score(x, y))
"""


@pytest.mark.long
@pytest.mark.timeout(120)
def test_torch_with_workers_gives_what_a_cold_start_gives(shared_lab):
    pytest.importorskip("torch")
    server = shared_lab.server("torch", "torch.utils.data")
    cold = shared_lab.cold(TORCH)
    assert cold.log == "True 0\n"
    assert shared_lab.warm(server, TORCH) == cold
    code = "import torch; print(torch.rand(1).item(), torch.initial_seed())"
    assert len({shared_lab.warm(server, code).log for _ in range(4)}) == 4


@pytest.mark.timeout(120)
@pytest.mark.long
def test_sklearn_with_jobs_gives_what_a_cold_start_gives(shared_lab):
    pytest.importorskip("sklearn")
    server = shared_lab.server(
        "sklearn.datasets", "sklearn.ensemble", "sklearn.linear_model", "sklearn.model_selection"
    )
    cold = shared_lab.cold(SKLEARN)
    assert cold.status == 0
    assert shared_lab.warm(server, SKLEARN) == cold


CORES = """
    #define _GNU_SOURCE
    #include <sched.h>
    #include <string.h>
    #include <unistd.h>
    #include <dlfcn.h>
    int get_nprocs(void) { return 4; }
    int get_nprocs_conf(void) { return 4; }
    long sysconf(int name) {
        long (*real)(int) = dlsym(RTLD_NEXT, "sysconf");
        return name == _SC_NPROCESSORS_ONLN || name == _SC_NPROCESSORS_CONF ? 4 : real(name);
    }
    int sched_getaffinity(pid_t pid, size_t size, cpu_set_t *set) {
        memset(set, 0, size);
        for (int n = 0; n < 4; n++) CPU_SET_S(n, size, set);
        return 0;
    }
    int pthread_getaffinity_np(unsigned long thread, size_t size, cpu_set_t *set) {
        return sched_getaffinity(0, size, set);
    }
"""


@pytest.fixture
def four_cores(tmp_path):
    """A library that makes any machine one of four cores."""
    source = tmp_path / "cores.c"
    source.write_text(textwrap.dedent(CORES))
    library = tmp_path / "cores.so"
    try:
        subprocess.run(
            ["cc", "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True, timeout=60
        )
    except FileNotFoundError:
        pytest.skip("no C compiler here")
    return str(library)


LU = """
    import os
    import numpy as np
    import scipy.linalg
    print(len(os.listdir("/proc/self/task")))
    scipy.linalg.lu(np.random.default_rng(0).normal(size=(120, 120)))
    print("done")
"""


@pytest.mark.timeout(60)
def test_an_lu_decomposition_first_does_not_lock_up(lab, four_cores):
    pytest.importorskip("scipy")
    lab.env["LD_PRELOAD"] = four_cores
    server = lab.server("numpy", "scipy.linalg")
    assert lab.warm(server, LU) == lab.cold(LU)
    threads = int(lab.end().log.split()[0])
    assert threads >= 4  # else nothing was tried


STRESS = {
    "keras": (("numpy", "keras"), KERAS.replace("os._exit(9)", "pass")),
    "torch": (("torch", "torch.utils.data"), TORCH),
    "sklearn": (
        ("sklearn.datasets", "sklearn.ensemble", "sklearn.linear_model", "sklearn.model_selection"),
        SKLEARN,
    ),
}


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("name", STRESS)
def test_two_hundred_forks_end_as_a_cold_start_does(shared_lab, name):
    modules, code = STRESS[name]
    pytest.importorskip(name)
    server = shared_lab.server(*modules)
    cold = shared_lab.cold(code)
    for _ in range(int(os.environ.get("FORKS", "200"))):
        warm = shared_lab.warm(server, code)
        assert warm.status == cold.status == 0
        assert cold.log.endswith(warm.log), warm.log  # and not a line more
