"""The group of commands, and the one place where errors become words and exit statuses."""

from __future__ import annotations

import gc
import importlib
import os
import sys

import click

from hprun import __version__
from hprun.cli.verbs import VERBS
from hprun.errors import HprunError

EXIT_BUG = 70
EXIT_INTERRUPTED = 130

_OWN = frozenset({"--help", "-h", "--version", "-V"})


class Verbs(click.Group):
    """Loads a verb's file when it is called, and takes `run` for granted."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The verbs in the order in which one meets them."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load one verb."""
        if cmd_name not in VERBS:
            return None
        gc.disable()  # what is imported stays: there is nothing to collect
        module = importlib.import_module(f"hprun.cli.{cmd_name}")
        gc.freeze()
        gc.enable()
        command: click.Command = module.command
        return command

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put in `run` where no verb is named."""
        if args and args[0] not in VERBS and args[0] not in _OWN:
            _refuse_typo(args[0])
            args = ["run", *args]
        return super().parse_args(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the verbs without loading them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(VERBS.items()))


def _refuse_typo(word: str) -> None:
    """`hprun statsu` means status, not a script of that name."""
    if word.startswith("-") or os.path.exists(word) or "." in word or "/" in word:  # noqa: PTH110
        return
    import difflib

    near = difflib.get_close_matches(word, VERBS, 1)
    if near:
        raise HprunError(
            f"{word} is neither a command nor a file.", hint=f"Did you mean `hprun {near[0]}`?"
        )


_HELP = """Hyperparameter search over the training script that you already have.

\b
  hprun --hp lr=1e-5:l5:0.1 --hp units=32,64,128 --metric val_loss:min train.py
  hprun --hp C=0.1,1,10 --cv 5 --metric accuracy train.py
  hprun --dry-run --hp lr=1e-4:l4:0.1 train.py     shows the trials, runs nothing
  hprun status                                     how far is it?
  hprun results                                    what is best?
  hprun best --apply                               write it into train.py
"""


@click.group(
    cls=Verbs,
    help=_HELP,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    subcommand_metavar="[run] [OPTIONS] SCRIPT [ARGS]… | COMMAND …",
    options_metavar="",
    no_args_is_help=True,
)
@click.version_option(__version__, "--version", "-V", message="%(prog)s %(version)s")
def cli() -> None:
    """All verbs."""


def main(argv: list[str] | None = None) -> None:
    """Run a command line; never returns. Statuses are those of the design's section 9."""
    if sys.platform == "win32":
        print(  # noqa: T201
            "hprun does not run on Windows: it needs flock, sessions and signals. WSL has them.",
            file=sys.stderr,
        )
        sys.exit(2)
    try:
        status = cli.main(args=argv, prog_name="hprun", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.ctx.get_help())
        status = 2
    except click.ClickException as error:
        error.show()
        status = error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("Interrupted.", err=True)
        status = EXIT_INTERRUPTED
    except HprunError as error:
        _say_error(error)
        status = error.status
    except BrokenPipeError:
        # Whoever read our output has had enough, which is no error; nothing more can be said.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 0
    except Exception:  # noqa: BLE001 - the last resort that writes the log to send
        status = _say_bug()
    gc.freeze()  # the process ends: what is left needs no sorting
    sys.exit(status if isinstance(status, int) else 0)


def _say_error(error: HprunError) -> None:
    message = click.style("error: ", fg="red", bold=True) + _sentence(error.message)
    click.echo(message, err=True)
    if error.hint:
        click.echo(f"\n{click.style('hint: ', bold=True)}{_sentence(error.hint)}", err=True)


_OPENINGS = frozenset(
    {"a", "an", "at", "each", "it", "no", "one", "say", "that", "the", "there", "this", "to", "use",
     "what", "write"}
)  # fmt: skip


def _sentence(text: str) -> str:
    """A capital where a word begins it, not where a name does, and a full stop at the end."""
    first, newline, rest = text.partition("\n")
    if first.split(" ", 1)[0] in _OPENINGS:
        first = first[0].upper() + first[1:]
    ended = first.endswith((".", "?", "!", ":", "`")) or (newline and first.endswith(")"))
    return first + ("" if ended else ".") + newline + rest


def _say_bug() -> int:
    import tempfile
    import traceback

    with tempfile.NamedTemporaryFile(
        "w", prefix="hprun-bug-", suffix=".txt", delete=False, encoding="utf-8"
    ) as log:
        log.write(f"hprun {__version__}, Python {sys.version}, {sys.platform}\n\n")
        traceback.print_exc(file=log)
    click.echo(
        f"{click.style('bug: ', fg='red', bold=True)}{sys.exc_info()[1]!r}."
        f"\nThis is a mistake of hprun's. Please send {log.name} with what you did.",
        err=True,
    )
    return EXIT_BUG
