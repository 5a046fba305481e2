-- The rules that the database itself keeps. Times are seconds since the epoch.

CREATE TABLE search (
    id       INTEGER PRIMARY KEY,
    name     TEXT NOT NULL UNIQUE,
    key      TEXT NOT NULL UNIQUE,          -- hash of the question; the metric is no part of it
    request  TEXT NOT NULL,                 -- JSON: all that is needed to ask again
    metric   TEXT,                          -- JSON: name, reduce, direction
    digests  TEXT NOT NULL DEFAULT '{}',    -- JSON: the script's files and their hashes
    created  REAL NOT NULL,
    touched  REAL NOT NULL,
    state    TEXT NOT NULL CHECK (state IN ('running', 'stopped', 'complete')),
    at_once  TEXT NOT NULL DEFAULT ''       -- JSON: how many runs at once, and why; '': as asked for
) STRICT;

CREATE TABLE trial (
    search   INTEGER NOT NULL REFERENCES search,
    number   INTEGER NOT NULL,
    "values" TEXT NOT NULL,                 -- JSON, by name
    note     TEXT NOT NULL DEFAULT '{}',    -- JSON: what the strategy wants to know again
    added    INTEGER NOT NULL DEFAULT 0,    -- 1: by hand, on top of what was asked for
    PRIMARY KEY (search, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX trial_added ON trial (search, number) WHERE added = 1;

-- Trials of other searches and of tables that a search was given to begin with.
CREATE TABLE given (
    search   INTEGER NOT NULL REFERENCES search,
    number   INTEGER NOT NULL,
    source   TEXT NOT NULL,
    "values" TEXT NOT NULL,                 -- JSON, by name
    early    INTEGER NOT NULL DEFAULT 0,    -- 1: it was stopped early
    score    REAL,                          -- NULL: not a number
    PRIMARY KEY (search, number)
) STRICT, WITHOUT ROWID;

-- A run belongs to what it executes, not to a search: two searches that ask for the same share it.
CREATE TABLE run (
    id       INTEGER PRIMARY KEY,
    identity TEXT NOT NULL UNIQUE,
    folder   TEXT NOT NULL,                 -- relative to the cache
    state    TEXT NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'running', 'ended')),
    outcome  TEXT CHECK (outcome IN ('completed', 'stopped', 'failed', 'out-of-memory',
                                     'timed-out', 'cancelled')),
    attempts INTEGER NOT NULL DEFAULT 0,
    lost     INTEGER NOT NULL DEFAULT 0,    -- attempts in a row that vanished
    failures INTEGER NOT NULL DEFAULT 0,    -- attempts that failed since it was asked for
    fresh    INTEGER NOT NULL DEFAULT 0,    -- attempts before it was last asked for anew
    full     INTEGER NOT NULL DEFAULT 0,    -- attempts that ran out of memory since then
    owner    INTEGER,                       -- the search whose coordinator claimed it
    boot     TEXT NOT NULL DEFAULT '',      -- of the machine, when it was claimed
    ending   TEXT,                          -- why it was asked to end, if it was
    asked    REAL,                          -- when it was asked to end
    started  REAL,                          -- of the last attempt
    seconds  REAL,                          -- of the last attempt
    detail   TEXT NOT NULL DEFAULT '',
    CHECK ((state = 'ended') = (outcome IS NOT NULL)),
    CHECK (state <> 'running' OR attempts > 0)
) STRICT;
CREATE INDEX run_open ON run (state, id) WHERE state <> 'ended';
CREATE INDEX run_owner ON run (owner, started);
CREATE INDEX run_full ON run (id) WHERE full > 0;                   -- very few
CREATE INDEX run_other ON run (id) WHERE outcome <> 'completed';    -- few: what may be tried again

CREATE TRIGGER completed_is_for_ever BEFORE UPDATE OF state, outcome ON run
WHEN OLD.outcome = 'completed'
BEGIN SELECT RAISE(ABORT, 'a completed run never changes'); END;

-- Which run stands for which fold and repeat of which trial.
CREATE TABLE part (
    search   INTEGER NOT NULL,
    trial    INTEGER NOT NULL,
    fold     INTEGER NOT NULL,
    repeat   INTEGER NOT NULL,
    run      INTEGER NOT NULL REFERENCES run,
    PRIMARY KEY (search, trial, fold, repeat),
    FOREIGN KEY (search, trial) REFERENCES trial (search, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX part_run ON part (run, search);
CREATE INDEX part_order ON part (search, run);        -- what waits, in order, from any place on

CREATE TABLE attempt (
    run      INTEGER NOT NULL REFERENCES run,
    number   INTEGER NOT NULL,
    started  REAL NOT NULL,
    ended    REAL,
    ending   TEXT NOT NULL DEFAULT '',      -- one sentence
    device   TEXT NOT NULL DEFAULT '',      -- UUID, number and name of what it was bound to
    PRIMARY KEY (run, number)
) STRICT, WITHOUT ROWID;

-- What a metric was in an ended run; filled when the run ends, and again for another metric.
CREATE TABLE reading (
    run      INTEGER NOT NULL REFERENCES run,
    metric   TEXT NOT NULL,                 -- NAME:REDUCE
    kind     TEXT NOT NULL CHECK (kind IN ('resolved', 'ambiguous', 'missing')),
    value    REAL,                          -- NULL: none, or not a number
    step     INTEGER,
    series   TEXT NOT NULL DEFAULT '',      -- run//tag
    detail   TEXT NOT NULL DEFAULT '{}',    -- JSON: rule, notes, candidates, tags
    PRIMARY KEY (run, metric)
) STRICT, WITHOUT ROWID;
CREATE INDEX reading_order ON reading (metric, value, run);   -- the best, without reading all

-- What other commands ask of a coordinator; it obeys and deletes.
CREATE TABLE request (
    id       INTEGER PRIMARY KEY,
    search   INTEGER NOT NULL REFERENCES search,
    trial    INTEGER,                       -- to be stopped; NULL: the whole search
    trials   TEXT,                          -- JSON: values of trials to be added; NULL: stop
    made     REAL NOT NULL
) STRICT;

PRAGMA user_version = 2;
