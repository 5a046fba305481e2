"""What a script can find out about its process is what it finds in a cold start."""

import json

import pytest

PROBE = '''
"""The probe's own words."""
import sys
first = sorted(vars()), dict(vars()).get("__annotations__"), list(vars())[:9]
loaded = "__mp_main__" in sys.modules
import argparse, atexit, gc, io, json, locale, os, pickle, resource, select, signal, stat
import subprocess, tempfile, threading, time, warnings, logging, inspect, multiprocessing
import multiprocessing.process

class Thing:
    pass

def function():
    return 1

def links():
    found = {}
    for name in os.listdir("/proc/self/fd"):
        try:
            found[name] = os.readlink("/proc/self/fd/" + name)
        except OSError:
            pass
    return found

def status(*names):
    lines = open("/proc/self/status").read().splitlines()
    return [line for line in lines if line.split(":")[0] in names]

def guarded(call):
    try:
        return repr(call())
    except Exception as error:
        return repr(error)

main = sys.modules["__main__"]
out = {
    "argv": sys.argv,
    "orig_argv": getattr(sys, "orig_argv", None),
    "path": sys.path,
    "path0": sys.path[0],
    "file": __file__,
    "name": __name__,
    "doc": __doc__,
    "spec": repr(__spec__),
    "package": repr(__package__),
    "loader": repr(__loader__)[:40] + __loader__.name + __loader__.path,
    "cached": repr(vars().get("__cached__")),
    "builtins": repr(__builtins__),
    "first": first,
    "main is main": main.__dict__ is globals(),
    "mp_main": not loaded or sys.modules["__mp_main__"] is main,
    "cwd": os.getcwd(),
    "executable": sys.executable,
    "prefix": [sys.prefix, sys.base_prefix, sys.exec_prefix],
    "flags": repr(sys.flags),
    "warnoptions": sys.warnoptions,
    "xoptions": sys._xoptions,
    "dont_write": sys.dont_write_bytecode,
    "stdio": [
        [f.name, f.mode, f.encoding, f.errors, f.line_buffering, getattr(f, "write_through", None),
         f.isatty(), f.fileno(), type(f).__name__, type(f.buffer).__name__, f.newlines]
        for f in (sys.stdin, sys.stdout, sys.stderr)
    ],
    "stdin": sys.stdin.read(),
    "stdio is own": sys.stdout is sys.__stdout__,
    "fds": links(),
    "fd modes": [os.fstat(n).st_mode for n in (0, 1, 2)],
    "inheritable": [os.get_inheritable(n) for n in (0, 1, 2, 9)],
    "signals": {str(n): repr(signal.getsignal(n)) for n in range(1, 32)},
    "signal lines": status("SigBlk", "SigIgn", "SigCgt", "SigPnd", "ShdPnd", "Umask", "Threads"),
    "mask": sorted(map(int, signal.pthread_sigmask(signal.SIG_BLOCK, []))),
    "leader": [os.getsid(0) == os.getpgrp() == os.getppid(), os.getpid() == os.getpgrp()],
    "env": {k: v for k, v in os.environ.items()},
    "env of children": sorted(subprocess.run(["env"], capture_output=True, text=True).stdout.splitlines()),
    "os.popen": os.popen("echo $HPRUN_MARK $HPRUN_PADDING $HPRUN_AUTOLOG").read(),
    "cmdline": open("/proc/self/cmdline").read().rstrip("\\0"),
    "comm": open("/proc/self/comm").read(),
    "exe": os.readlink("/proc/self/exe"),
    "limits": {n: resource.getrlimit(getattr(resource, n)) for n in dir(resource) if n.startswith("RLIMIT")},
    "nice": os.nice(0),
    "affinity": sorted(os.sched_getaffinity(0)),
    "locale": [locale.getlocale(), locale.getpreferredencoding(), sys.getfilesystemencoding()],
    "threads": [len(os.listdir("/proc/self/task")), threading.active_count()],
    "main thread": [
        threading.main_thread() is threading.current_thread(), threading.main_thread().name,
        threading.main_thread().ident == threading.get_ident(),
        threading.main_thread().native_id == os.getpid(), threading.main_thread().daemon,
    ],
    "multiprocessing": [
        multiprocessing.current_process().name, multiprocessing.parent_process(),
        multiprocessing.process.ORIGINAL_DIR, multiprocessing.get_start_method(True),
        len(multiprocessing.current_process().authkey), multiprocessing.active_children(),
    ],
    "tempdir": [tempfile.tempdir, tempfile.gettempdir()],
    "prog": argparse.ArgumentParser().prog,
    "pickle": pickle.dumps(Thing).hex(),
    "pickle back": pickle.loads(pickle.dumps(function)) is function,
    "source": inspect.getsource(function),
    "module": [Thing.__module__, function.__module__, inspect.getfile(Thing)],
    "code": [function.__code__.co_filename, function.__code__.co_firstlineno],
    "excepthook": sys.excepthook is sys.__excepthook__,
    "exc_info": sys.exc_info(),
    "last": hasattr(sys, "last_type"),
    "trace": [sys.gettrace(), sys.getprofile(), threading.gettrace()],
    "recursion": sys.getrecursionlimit(),
    "switch": sys.getswitchinterval(),
    "gc": [gc.isenabled(), gc.get_threshold(), gc.get_debug()],
    "filters": [repr(f) for f in warnings.filters],
    "ours": [n for n in sys.modules if n in ("serving", "keeping", "likeness", "safety", "preloading", "prefix", "importlib_bootstrap", "sitecustomize") or "hprun" in n],
    "importers": [p for p in sys.path_importer_cache if "forkserver" in p or "hprun" in p],
    "meta_path": [getattr(f, "__name__", type(f).__name__) for f in sys.meta_path],
    "hooks": len(sys.path_hooks),
    "umask": [os.umask(0o22)],
    "times": os.times().children_user < 5,
    "logging": time.time() - logging._startTime / (1e9 if isinstance(logging._startTime, int) else 1) < 30,
    "importers of all": {p: type(f).__name__ for p, f in sys.path_importer_cache.items() if "tmp" in p or f is None},
    "dumpable": os.access("/proc/self/mem", os.R_OK),
    "pdeathsig": __import__("ctypes").CDLL(None).prctl(2, 0, 0, 0, 0),
    "oom": open("/proc/self/oom_score_adj").read(),
    "cgroup": open("/proc/self/cgroup").read(),
    "audit": guarded(lambda: sys.audit("hprun.test")),
    "hash info": repr(sys.hash_info),
    "refs to main": [type(r).__name__ for r in gc.get_referrers(main) if r is not sys.modules],
    "frame globals": sys._getframe(0).f_globals is globals(),
    "stacklevel": guarded(lambda: warnings.warn("x", stacklevel=9)),
}
with open("probe.json", "w") as f:
    json.dump(out, f, default=repr)
'''


def _probe(lab, start):
    start()
    return json.loads((lab.paths.folder / "probe.json").read_text())


@pytest.fixture(scope="module")
def both(shared_lab, plain_server):
    (shared_lab.paths.folder / "other.py").unlink(missing_ok=True)
    arguments = ("--lr", "0.1", "a b", "", "ü'\"$")
    env = {"HPRUN_TRIAL": "7", "CUDA_VISIBLE_DEVICES": "3"}
    shared_lab.paths.lock.touch()
    shared_lab.write(PROBE)
    cold = _probe(shared_lab, lambda: shared_lab.cold(None, *arguments, **env))
    warm = _probe(shared_lab, lambda: shared_lab.warm(plain_server, None, *arguments, **env))
    return cold, warm


def test_a_script_cannot_tell_a_fork_from_a_cold_start(both):
    cold, warm = both
    assert len(cold) > 70
    assert warm == cold


def test_the_kernel_shows_the_attempts_environment(shared_lab, plain_server):
    code = """
        import os, psutil
        raw = open("/proc/self/environ", "rb").read()
        shown = raw.rstrip(b"\\0").split(b"\\0")
        assert shown == [k + b"=" + v for k, v in os.environb.items()], shown
        for process in (psutil.Process(), psutil.Process(os.getppid())):
            print(process.environ()["HPRUN_MARK"], "HPRUN_PADDING" in process.environ())
        print(psutil.Process(os.getppid()).cmdline()[1:3])
    """
    end = shared_lab.warm(plain_server, code)
    mark = shared_lab.own_env()["HPRUN_MARK"]
    assert end.log == f"{mark} False\n{mark} False\n['hprun', '1']\n"


def test_pointers_into_the_environment_hold(shared_lab, plain_server):
    code = """
        import ctypes, os
        read = ctypes.CDLL(None).getenv
        read.restype = ctypes.c_char_p
        for name, value in os.environb.items():
            assert read(name) == value, name
        assert read(b"HPRUN_PADDING") is None
        print("fine")
    """
    assert shared_lab.warm(plain_server, code).log == "fine\n"


def test_every_attempt_has_random_numbers_of_its_own(shared_lab):
    server = shared_lab.server("numpy", "random", "secrets", "uuid", "tempfile")
    code = """
        import random, secrets, tempfile, uuid
        import numpy as np
        print(random.random(), np.random.rand(), np.random.default_rng().random(), uuid.uuid4(),
              secrets.token_hex(), tempfile.mktemp(), next(tempfile._get_candidate_names()))
    """
    rows = [shared_lab.warm(server, code).log.split() for _ in range(4)]
    for column in zip(*rows, strict=True):
        assert len(set(column)) == 4, column


def test_a_script_that_seeds_has_the_numbers_of_a_cold_start(shared_lab):
    server = shared_lab.server("numpy", "random")
    code = """
        import random
        import numpy as np
        random.seed(1)
        np.random.seed(2)
        print(random.random(), np.random.rand(3), np.random.RandomState(3).rand())
        print(np.random.default_rng(3).random())
    """
    cold = shared_lab.cold(code)
    assert shared_lab.warm(server, code) == cold
    assert shared_lab.warm(server, code) == cold


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_multiprocessing_works_in_a_fork(shared_lab, plain_server, method):
    code = f"""
        import multiprocessing, os, sys, concurrent.futures, warnings
        warnings.simplefilter("ignore")  # of a fork with threads: comes and goes, cold as well

        class Thing:
            def __init__(self, n):
                self.n = n

        def square(thing):
            return thing.n ** 2, multiprocessing.current_process().name, os.getcwd()

        if __name__ == "__main__":
            context = multiprocessing.get_context({method!r})
            with context.Pool(2) as pool:
                print(sorted(x[0] for x in pool.map(square, map(Thing, range(5)))))
            with concurrent.futures.ProcessPoolExecutor(2, mp_context=context) as pool:
                print([x[0::2] for x in pool.map(square, map(Thing, range(3)))])
            queue = context.Queue()
            process = context.Process(target=queue.put, args=(Thing(3),))
            process.start()
            print(queue.get().n)
            process.join()
            print(process.exitcode)
    """
    cold = shared_lab.cold(code)
    assert "[0, 1, 4, 9, 16]" in cold.log
    assert shared_lab.warm(plain_server, code) == cold


def test_variables_that_the_script_sets_are_set_by_the_script(lab):
    from hprun.script.preloading import Import, Preload, SetEnv

    steps = (SetEnv("A_NEW_ONE", "1"), SetEnv("HOME", "/x"), Import("json"), SetEnv("TERM", None))
    server = lab.server(plan=Preload(steps))
    code = """
        import os
        print(os.environ.get("A_NEW_ONE"), os.environ["HOME"], os.environ.get("TERM"))
        print(os.popen("echo $A_NEW_ONE-$HOME").read())
    """
    lab.env["TERM"] = "dumb"
    assert lab.cold(code) == lab.warm(lab.server(plan=Preload(steps)), code)
    assert server.pid
