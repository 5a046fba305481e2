"""The functions of libraries that a script may call before its trials part."""

from __future__ import annotations

from hprun.script.prefix.known import (
    ENVIRONMENT,
    FOLDERS,
    NUMPY,
    OUTPUT,
    PLAIN,
    RANDOM,
    RANDOM_STATES,
    TENSORFLOW,
    TORCH,
    WORK,
    Known,
    by_name,
    words,
)  # fmt: skip

_FILE = Known(works=True, files=True, reads=(FOLDERS,))
_LOOK = Known(reads=(FOLDERS,), files=True)
_CLOCK = Known(why="reads the clock", fresh=True)
_PLACE = Known(why="asks for the working folder, which every trial has its own of")
_DEVICE = Known(why="asks for devices, which every trial does itself")
_MAKES = Known(why="makes a folder", changes=(FOLDERS,))
_LOG = Known(why="writes to the log", reads=(OUTPUT,), changes=(OUTPUT,))
SPLIT = Known(draws=NUMPY, works=True)
_TORCH = Known(why="computes with torch, which may start threads", works=True)

FUNCTIONS = by_name(
    (
        Known(works=True, receiver=False, first=True),
        """
        json.load json.loads yaml.safe_load tomllib.load tomllib.loads pickle.load
        scipy.io.loadmat
        """,
    ),
    (
        _FILE,
        """
        numpy.load numpy.loadtxt numpy.genfromtxt numpy.fromfile pandas.read_csv
        pandas.read_table pandas.read_fwf pandas.read_json pandas.read_excel pandas.read_hdf
        pandas.read_parquet pandas.read_feather imageio.imread scipy.io.wavfile.read
        """,
    ),
    (
        _LOOK,
        """
        os.path.exists os.path.isfile os.path.isdir os.path.getsize os.listdir glob.glob
        """,
    ),
    (
        Known(fresh=True),
        """
        os.path.join os.path.basename os.path.dirname os.path.splitext os.path.split
        os.path.expanduser os.path.normpath os.cpu_count pathlib.Path pathlib.PurePath
        pathlib.PurePosixPath pathlib.PosixPath os.fspath
        """,
    ),
    (Known(fresh=True), "copy.deepcopy"),
    (
        _PLACE,
        """
        os.getcwd os.path.abspath os.path.realpath pathlib.Path.cwd
        """,
    ),
    (
        _MAKES,
        """
        os.makedirs os.mkdir
        """,
    ),
    (
        Known(why="reads the environment", reads=(ENVIRONMENT,)),
        """
        os.getenv os.environ.get
        """,
    ),
    (
        Known(why="changes the environment", changes=(ENVIRONMENT,)),
        """
        os.putenv
        """,
    ),
    (
        _CLOCK,
        """
        time.time time.perf_counter time.monotonic time.process_time time.strftime
        time.localtime datetime.datetime.now datetime.datetime.today datetime.date.today
        datetime.datetime.utcnow
        """,
    ),
    (
        PLAIN,
        """
        datetime.timedelta datetime.datetime datetime.date collections.OrderedDict
        collections.Counter collections.deque collections.defaultdict collections.namedtuple
        types.SimpleNamespace copy.copy dataclasses.field dataclasses.dataclass
        dataclasses.asdict dataclasses.replace typing.NamedTuple typing.TypeVar typing.cast
        functools.partial functools.lru_cache functools.cache functools.wraps re.compile
        re.match re.search re.fullmatch re.sub re.split re.findall string.Template
        fractions.Fraction decimal.Decimal operator.itemgetter operator.attrgetter
        contextlib.suppress warnings.catch_warnings numpy.errstate
        """,
    ),
    (
        Known(lazy=True, consumes=True),
        """
        re.finditer csv.reader csv.DictReader itertools.product itertools.chain
        itertools.combinations itertools.permutations itertools.islice itertools.repeat
        itertools.zip_longest numpy.nditer numpy.ndenumerate numpy.fromiter
        itertools.groupby
        """,
    ),
    (
        Known(consumes=True),
        """
        functools.reduce
        """,
    ),
    (
        PLAIN,
        """
        matplotlib.use matplotlib.pyplot.style.use pandas.set_option numpy.set_printoptions
        numpy.seterr seaborn.set seaborn.set_theme seaborn.set_style
        """,
    ),
    (
        Known(first=True),
        """
        numpy.copyto numpy.fill_diagonal numpy.put numpy.place numpy.putmask
        numpy.put_along_axis heapq.heappush heapq.heappop heapq.heapify bisect.insort
        """,
    ),
    (
        Known(seeds=(NUMPY,), changes=(NUMPY,)),
        """
        numpy.random.seed
        """,
    ),
    (
        Known(seeds=(RANDOM,), changes=(RANDOM,)),
        """
        random.seed
        """,
    ),
    (
        Known(seeds=(TORCH,), changes=(TORCH,)),
        """
        torch.manual_seed torch.cuda.manual_seed torch.cuda.manual_seed_all
        """,
    ),
    (
        Known(seeds=(TENSORFLOW,), changes=(TENSORFLOW,)),
        """
        tensorflow.random.set_seed
        """,
    ),
    (
        Known(seeds=tuple(sorted(RANDOM_STATES)), changes=tuple(sorted(RANDOM_STATES))),
        """
        keras.utils.set_random_seed
        """,
    ),
    (
        Known(draws=RANDOM),
        """
        random.random random.randint random.uniform random.choice random.choices
        random.sample random.gauss random.randrange random.normalvariate
        """,
    ),
    (
        Known(draws=RANDOM, first=True),
        """
        random.shuffle
        """,
    ),
    (
        Known(draws=NUMPY, first=True),
        """
        numpy.random.shuffle
        """,
    ),
    (
        SPLIT,
        """
        sklearn.model_selection.train_test_split sklearn.utils.shuffle
        sklearn.utils.resample sklearn.preprocessing.QuantileTransformer
        sklearn.decomposition.PCA sklearn.decomposition.TruncatedSVD
        sklearn.model_selection.ShuffleSplit sklearn.model_selection.StratifiedShuffleSplit
        sklearn.model_selection.GroupShuffleSplit numpy.random.default_rng
        numpy.random.RandomState numpy.random.PCG64 random.Random
        """,
    ),
    (
        PLAIN,
        """
        sklearn.compose.ColumnTransformer sklearn.compose.make_column_transformer
        sklearn.pipeline.Pipeline sklearn.pipeline.make_pipeline
        sklearn.pipeline.FeatureUnion sklearn.utils.Bunch numpy.random.Generator
        """,
    ),
    (
        WORK,
        """
        keras.utils.to_categorical keras.utils.normalize keras.utils.pad_sequences
        keras.preprocessing.sequence.pad_sequences keras.utils.get_file
        """,
    ),
    (
        _DEVICE,
        """
        torch.cuda.is_available torch.cuda.device_count torch.device torch.cuda.set_device
        torch.backends.mps.is_available tensorflow.config.list_physical_devices
        tensorflow.config.experimental.list_physical_devices
        tensorflow.config.set_visible_devices
        tensorflow.config.experimental.set_memory_growth
        """,
    ),
    (
        Known(why="sets up the library that trains"),
        """
        torch.set_num_threads torch.use_deterministic_algorithms torch.set_default_dtype
        torch.set_float32_matmul_precision
        tensorflow.config.threading.set_inter_op_parallelism_threads
        tensorflow.config.threading.set_intra_op_parallelism_threads
        tensorflow.config.experimental.enable_op_determinism keras.backend.clear_session
        keras.mixed_precision.set_global_policy keras.backend.set_floatx
        """,
    ),
    (
        _TORCH,
        """
        torch.tensor torch.as_tensor torch.from_numpy torch.FloatTensor torch.LongTensor
        """,
    ),
    (
        Known(why="reads the script's arguments"),
        """
        argparse.ArgumentParser
        """,
    ),
    (
        Known(why="asks for a logger"),
        """
        logging.getLogger
        """,
    ),
    (
        _LOG,
        """
        logging.basicConfig logging.info logging.warning logging.debug logging.error
        logging.disable
        """,
    ),
    (
        PLAIN,
        """
        warnings.filterwarnings warnings.simplefilter
        """,
    ),
)
"""By full name."""

AGAIN = frozenset({"warnings.filterwarnings", "warnings.simplefilter"})
"""Calls that set what a new process starts without, so that every trial makes them again too."""

REFUSED = words(
    """
    numpy.save numpy.savez numpy.savez_compressed numpy.savetxt numpy.memmap
    numpy.DataSource numpy.random numpy.lib numpy.testing numpy.ctypeslib numpy.f2py
    numpy.distutils numpy.core numpy._core numpy.setbufsize numpy.seterrcall
    numpy.show_config numpy.info sklearn.datasets.load_files
    sklearn.datasets.dump_svmlight_file sklearn.preprocessing.KBinsDiscretizer
    """
)
FAMILIES: tuple[tuple[str, Known], ...] = (
    ("math.", Known(fresh=True)),
    ("numpy.random.", Known(draws=NUMPY, works=True)),
    ("numpy.linalg.", WORK),
    ("numpy.fft.", WORK),
    ("numpy.", WORK),
    ("sklearn.datasets.make_", SPLIT),
    ("sklearn.datasets.load_", WORK),
    ("sklearn.datasets.fetch_", SPLIT),
    ("sklearn.preprocessing.", WORK),
    ("sklearn.impute.SimpleImputer", WORK),
    ("sklearn.feature_extraction.", WORK),
    ("sklearn.model_selection.", PLAIN),
)
PANDAS = words(
    """
    DataFrame Series Index MultiIndex Categorical Timestamp Timedelta concat merge
    get_dummies cut qcut to_datetime to_numeric to_timedelta date_range isna isnull notna
    notnull unique factorize melt pivot pivot_table crosstab
    """
)
SPLITTERS = words(
    """
    KFold StratifiedKFold RepeatedKFold RepeatedStratifiedKFold GroupKFold
    StratifiedGroupKFold
    """
)
OTHER_SELECTION = words(
    """
    LeaveOneOut LeavePOut TimeSeriesSplit PredefinedSplit LeaveOneGroupOut ParameterGrid
    """
)

CONSTANTS = words(
    """
    sys.maxsize sys.version_info sys.version sys.platform sys.byteorder os.sep os.name os.linesep
    os.pathsep typing.TYPE_CHECKING
    """
) | {
    f"{library}.{name}"
    for library in ("torch", "tensorflow", "tensorflow.dtypes")
    for name in words(
        """
        float16 float32 float64 bfloat16 half float double int8 int16 int32 int64 long short int
        uint8 bool string
        """
    )
}
NAMESPACES = (
    "string.", "__future__.", "typing.", "enum.", "abc.", "numbers.", "collections.",
    "sys.float_info.",
)  # fmt: skip
"""Libraries whose names do nothing but mean something."""
