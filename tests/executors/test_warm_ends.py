"""However a script ends: a fork prints, flushes and leaves behind what a cold start does."""

import dataclasses
import re
import textwrap

import pytest

ENDS = {
    "nothing": "",
    "prints": "print('out'); import sys; print('err', file=sys.stderr)",
    "exception": "def f():\n    1 / 0\nf()",
    "chained": """
        try:
            {}["x"]
        except KeyError as error:
            raise ValueError("other") from error
    """,
    "in context": """
        try:
            {}["x"]
        except KeyError:
            int("x")
    """,
    "syntax": "print(1)\nthis is no Python\n",
    "indentation": "if True:\nprint(1)\n",
    "no utf-8": "# \udcff\n",
    "null byte": "x = '\0'\n",
    "latin-1": "# -*- coding: latin-1 -*-\nprint(ascii('\xc3\xa9'))\n1/0 # \xc3\xa9\n",
    "exit 0": "raise SystemExit",
    "exit 3": "import sys; sys.exit(3)",
    "exit 300": "import sys; sys.exit(300)",
    "exit message": "import sys; sys.exit('a message')",
    "exit object": "import sys; sys.exit([1, 2])",
    "exit none": "import sys; sys.exit(None)",
    "exit in function": "import sys\ndef f():\n    sys.exit(4)\nf()",
    "exit subclass": "class E(SystemExit):\n    pass\nraise E(5)",
    "os._exit": "import os; print('lost?'); os._exit(5)",
    "keyboard interrupt": "raise KeyboardInterrupt",
    "interrupt subclass": "class K(KeyboardInterrupt):\n    pass\nraise K('x')",
    "sigint": "import os, signal; os.kill(os.getpid(), signal.SIGINT)",
    "sigterm": "import os, signal; os.kill(os.getpid(), signal.SIGTERM)",
    "sigkill": "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
    "sigpipe": "import os, signal; signal.signal(13, signal.SIG_DFL); os.kill(os.getpid(), 13)",
    "segfault": "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)",
    "abort": "import os; os.abort()",
    "excepthook": """
        import sys, traceback
        def hook(kind, value, tb):
            print("hook", kind, value, len(traceback.extract_tb(tb)))
            traceback.print_exception(kind, value, tb)
            traceback.print_exception(kind, value, value.__traceback__)
        sys.excepthook = hook
        1 / 0
    """,
    "excepthook fails": """
        import sys
        def hook(kind, value, tb):
            [][1]
        sys.excepthook = hook
        1 / 0
    """,
    "excepthook exits": """
        import sys
        def hook(kind, value, tb):
            sys.exit(9)
        sys.excepthook = hook
        1 / 0
    """,
    "last traceback": """
        import atexit, sys, traceback
        def late():
            print(sys.last_type, sys.last_value)
            traceback.print_tb(sys.last_traceback)
        atexit.register(late)
        1 / 0
    """,
    "atexit": """
        import atexit
        atexit.register(print, "one")
        atexit.register(print, "two")
        atexit.register(lambda: 1 / 0)
    """,
    "atexit exit": "import atexit, sys; atexit.register(sys.exit, 8)",
    "del": """
        class A:
            def __del__(self):
                print("gone", __name__)
        a = A()
        b = A()
        b.self = b
    """,
    "del raises": "class A:\n    def __del__(self):\n        1 / 0\na = A()",
    "unclosed file": "f = open('out.txt', 'w'); f.write('x' * 10); g = open('out.txt', 'a')",
    "thread": """
        import threading, time
        def f():
            time.sleep(0.1)
            print("thread done", threading.main_thread().is_alive())
        threading.Thread(target=f).start()
        print("main done")
    """,
    "thread fails": """
        import threading
        thread = threading.Thread(target=lambda: 1 / 0, name="mine")
        thread.start()
        thread.join()
    """,
    "daemon": """
        import threading, time
        threading.Thread(target=time.sleep, args=(600,), daemon=True).start()
    """,
    "recursion": "import sys\nsys.setrecursionlimit(60)\ndef f():\n    f()\nf()",
    "warnings": """
        import warnings
        warnings.warn("one")
        warnings.warn("two", stacklevel=2)
        def f():
            warnings.warn("three", stacklevel=3)
        f()
        def g():
            warnings.warn("four", DeprecationWarning, stacklevel=2)
        g()
    """,
    "unraisable": "import sys; sys.stdout.close()",
    "stdout full": "import sys; sys.stdout = open('/dev/full', 'w'); print('x')",
    "bad file": "import os, sys; print('x', end=''); os.close(1)",
    "asyncio": """
        import asyncio
        async def f():
            await asyncio.sleep(0)
            raise ValueError("async")
        asyncio.run(f())
    """,
    "long": "raise ValueError('x' * 5000)",
    "nested module": "import other",
    "a library holds a file": """
        import logging
        logging.held = open("out.txt", "w")
        logging.held.write("all of it")
    """,
    "a library holds what sees its end": """
        import logging, os
        class A:
            def __init__(self, name):
                self.name = name
            def __del__(self, write=os.write):
                write(1, self.name)
        logging.held = A(b"by the module ")
        logging.getLogger("one").held = A(b"deeper ")
        a = A(b"by the script ")
    """,
}


@pytest.mark.parametrize("name", ENDS)
@pytest.mark.parametrize("unbuffered", ["1", ""])
def test_every_end_is_like_a_cold_one(shared_lab, plain_server, other_server, name, unbuffered):
    server = plain_server if unbuffered else other_server
    shared_lab.write("def f():\n    raise RuntimeError('in a module')\nf()\n", "other.py")
    shared_lab.write("", "train.py").write_bytes(b"")
    code = ENDS[name]
    out = shared_lab.paths.folder / "out.txt"
    more = {"PYTHONUNBUFFERED": unbuffered}
    cold = _run(shared_lab, lambda: shared_lab.cold(None, "--x", "1", **more), code)
    left = out.read_text() if out.exists() else None
    out.unlink(missing_ok=True)
    warm = _run(shared_lab, lambda: shared_lab.warm(server, None, "--x", "1", **more), code)
    assert _steady(warm) == _steady(cold)
    assert (out.read_text() if out.exists() else None) == left
    out.unlink(missing_ok=True)


def _steady(end):
    """Without addresses; and one frame fewer fits on the stack, which one of ours is on."""
    log = re.sub(r"0x[0-9a-f]+", "0x", end.log)
    return dataclasses.replace(end, log=re.sub(r"repeated \d+ more", "repeated", log))


def _run(lab, start, code):
    data = textwrap.dedent(code).encode("utf-8", "surrogateescape")
    (lab.paths.folder / "train.py").write_bytes(data)
    lab.paths.log.unlink(missing_ok=True)
    lab.paths.exit_record.unlink(missing_ok=True)
    return start()


@pytest.fixture(scope="module")
def other_server(shared_lab):
    """One whose attempts buffer what they print."""
    return shared_lab.server("logging", "threading", env={"PYTHONUNBUFFERED": ""})


def test_what_all_attempts_share_is_not_taken_apart(shared_lab, plain_server):
    code = """
        import logging, os
        class Quiet:
            def __del__(self, write=os.write):
                write(1, b"freed ")
        Quiet.__module__ = "builtins"  # as if nobody could see its end
        logging.held = Quiet()
        mine = Quiet()
    """
    assert shared_lab.cold(code).log.count("freed") == 2
    assert shared_lab.warm(plain_server, code).log.count("freed") == 1


GROUP = """
    def f():
        raise TypeError("one")
    errors = []
    try:
        f()
    except TypeError as error:
        errors.append(error)
    raise ExceptionGroup("several", [*errors, ValueError("two")])
"""


def test_a_group_of_exceptions_is_printed_as_ever(shared_lab, plain_server):
    cold = shared_lab.cold(GROUP)
    assert "TypeError" in cold.log or "NameError" in cold.log
    assert shared_lab.warm(plain_server, GROUP) == cold
