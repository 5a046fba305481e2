"""The builtins and methods that a script may call before its trials part."""

from __future__ import annotations

from hprun.script.prefix.known import FOLDERS, NUMPY, OUTPUT, PLAIN, WORK, Known, by_name

_FILE = Known(works=True, files=True, reads=(FOLDERS,))
_LOOK = Known(reads=(FOLDERS,), files=True)
_LAZY = Known(lazy=True)
_PLACE = Known(why="asks for the working folder, which every trial has its own of")
_MAKES = Known(why="makes a folder", changes=(FOLDERS,))
_ARGUMENTS = Known(why="reads the script's arguments", receiver=True)
_LOG = Known(why="writes to the log", reads=(OUTPUT,), changes=(OUTPUT,))

BUILTINS = by_name(
    (
        Known(fresh=True),
        """
        abs bool bytes bytearray callable chr complex divmod float format hash hex int
        isinstance issubclass len oct ord pow range repr round str type bin hasattr
        """,
    ),
    (
        PLAIN,
        """
        object property staticmethod classmethod super
        """,
    ),
    (
        Known(consumes=True),
        """
        list tuple set frozenset dict sorted max min all any sum
        """,
    ),
    (
        Known(lazy=True, consumes=True),
        """
        zip map filter enumerate iter reversed
        """,
    ),
    (
        Known(first=True),
        """
        next
        """,
    ),
    (
        Known(reads=(OUTPUT,), changes=(OUTPUT,), fresh=True),
        """
        print
        """,
    ),
)

METHODS = by_name(
    (
        Known(fresh=True),
        """
        mean std var sum min max argmin argmax median quantile nunique all any count index
        startswith endswith upper lower title strip lstrip rstrip splitlines encode decode
        format join zfill ljust rjust isdigit isdecimal isalpha isnumeric casefold
        capitalize partition rpartition removeprefix removesuffix item total_seconds
        strftime isoformat is_integer bit_length hex as_posix with_suffix with_name
        with_stem is_absolute relative_to corr cov duplicated isna isnull notna notnull isin
        between any equals timestamp union intersection difference issubset issuperset
        isdisjoint
        """,
    ),
    (
        WORK,
        """
        astype reshape ravel flatten transpose swapaxes squeeze repeat take clip cumsum
        cumprod dot diagonal trace nonzero argsort searchsorted tolist view ptp prod conj
        items keys values get most_common elements head tail describe dropna fillna ffill
        bfill drop drop_duplicates rename reset_index set_index sort_values sort_index
        groupby agg aggregate apply map applymap transform merge concat pivot pivot_table
        melt stack unstack select_dtypes assign query nlargest nsmallest value_counts unique
        to_numpy to_dict to_list to_frame to_series reindex interpolate rolling expanding
        shift diff pct_change rank round abs where mask explode cut get_group size first
        last nth toarray todense tocsr tocsc inverse_transform get_params
        get_feature_names_out get_n_splits joinpath match group groups groupdict span
        load_data with_traceback factorize codes cat str dt infer_objects convert_dtypes
        add_prefix add_suffix combine_first copy mode
        """,
    ),
    (
        _LAZY,
        """
        iterrows itertuples iteritems finditer
        """,
    ),
    (
        Known(lazy=True, consumes=True, draws=""),
        """
        split rsplit
        """,
    ),
    (
        Known(receiver=True),
        """
        append extend insert remove pop popitem clear update setdefault add discard sort
        reverse appendleft popleft extendleft rotate fill resize itemset setflags
        partial_fit move_to_end subtract intersection_update difference_update
        """,
    ),
    (
        Known(receiver=True, works=True),
        """
        fit fit_transform set_params set_output
        """,
    ),
    (
        Known(receiver=True, works=True),
        """
        permutation permuted integers standard_normal normal uniform random choice rand
        randn randint random_sample randrange gauss choices random_integers binomial poisson
        exponential beta gamma multivariate_normal spawn
        """,
    ),
    (
        Known(receiver=True, first=True),
        """
        shuffle
        """,
    ),
    (
        Known(receiver=True, works=True, draws=NUMPY),
        """
        sample
        """,
    ),
    (
        Known(receiver=True),
        """
        read readline readlines close seek
        """,
    ),
    (
        _LOOK,
        """
        exists is_file is_dir stat
        """,
    ),
    (
        Known(reads=(FOLDERS,), files=True, lazy=True),
        """
        glob rglob iterdir
        """,
    ),
    (
        _FILE,
        """
        read_text read_bytes
        """,
    ),
    (
        _PLACE,
        """
        resolve absolute
        """,
    ),
    (
        PLAIN,
        """
        expanduser
        """,
    ),
    (
        _MAKES,
        """
        mkdir
        """,
    ),
    (
        _ARGUMENTS,
        """
        add_argument add_argument_group add_mutually_exclusive_group set_defaults parse_args
        parse_known_args
        """,
    ),
    (
        _LOG,
        """
        info debug warning error critical setLevel
        """,
    ),
)
