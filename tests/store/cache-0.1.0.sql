-- The queue as hprun 0.1.0 wrote it; it must load for ever.
BEGIN TRANSACTION;
CREATE TABLE attempt (
    run      INTEGER NOT NULL REFERENCES run,
    number   INTEGER NOT NULL,
    started  REAL NOT NULL,
    ended    REAL,
    ending   TEXT NOT NULL DEFAULT '',      -- one sentence
    PRIMARY KEY (run, number)
) STRICT, WITHOUT ROWID;
INSERT INTO "attempt" VALUES(1,1,1.79527620326525974275e+09,1.79527620328651499751e+09,'completed');
INSERT INTO "attempt" VALUES(2,1,1.79527620326525974275e+09,1.79527620329362893108e+09,'completed');
INSERT INTO "attempt" VALUES(3,1,1.79527620328651499751e+09,1.79527620330950355527e+09,'completed');
INSERT INTO "attempt" VALUES(4,1,1.79527620329362893108e+09,1.79527620332463669775e+09,'completed');
INSERT INTO "attempt" VALUES(5,1,1.79527620330950355527e+09,1.79527620333534431457e+09,'exit status 1');
INSERT INTO "attempt" VALUES(6,1,1.79527620332463669775e+09,1.79527620335325074191e+09,'exit status 1');
CREATE TABLE part (
    search   INTEGER NOT NULL,
    trial    INTEGER NOT NULL,
    fold     INTEGER NOT NULL,
    repeat   INTEGER NOT NULL,
    run      INTEGER NOT NULL REFERENCES run,
    PRIMARY KEY (search, trial, fold, repeat),
    FOREIGN KEY (search, trial) REFERENCES trial (search, number)
) STRICT, WITHOUT ROWID;
INSERT INTO "part" VALUES(1,0,0,0,1);
INSERT INTO "part" VALUES(1,0,1,0,2);
INSERT INTO "part" VALUES(1,1,0,0,3);
INSERT INTO "part" VALUES(1,1,1,0,4);
INSERT INTO "part" VALUES(1,2,0,0,5);
INSERT INTO "part" VALUES(1,2,1,0,6);
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
INSERT INTO "reading" VALUES(1,'loss:min','resolved',1.0,0,'stdout//loss','{"rule": "line on stdout", "notes": []}');
INSERT INTO "reading" VALUES(2,'loss:min','resolved',2.0,0,'stdout//loss','{"rule": "line on stdout", "notes": []}');
INSERT INTO "reading" VALUES(3,'loss:min','resolved',2.0,0,'stdout//loss','{"rule": "line on stdout", "notes": []}');
INSERT INTO "reading" VALUES(4,'loss:min','resolved',3.0,0,'stdout//loss','{"rule": "line on stdout", "notes": []}');
INSERT INTO "reading" VALUES(5,'loss:min','missing',NULL,NULL,'','{"tags": [], "near": []}');
INSERT INTO "reading" VALUES(6,'loss:min','missing',NULL,NULL,'','{"tags": [], "near": []}');
CREATE TABLE request (
    id       INTEGER PRIMARY KEY,
    search   INTEGER NOT NULL REFERENCES search,
    trial    INTEGER,                       -- NULL: the whole search
    made     REAL NOT NULL
) STRICT;
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
INSERT INTO "run" VALUES(1,'9b2be831071d93e9bfe21fa056fa1f9c','train-1/0000-9f1199/fold-0','ended','completed',1,0,0,0,1,'fd839f80-9172-4da8-af00-9f9c8b463233',NULL,NULL,1.79527620326525974275e+09,1.3797760009765625e-02,'');
INSERT INTO "run" VALUES(2,'aa424aa693c3edd90fe1a3755b196c5c','train-1/0000-9f1199/fold-1','ended','completed',1,0,0,0,1,'fd839f80-9172-4da8-af00-9f9c8b463233',NULL,NULL,1.79527620326525974275e+09,2.53429412841796875e-02,'');
INSERT INTO "run" VALUES(3,'4a4452d6b03b2b5ab9a42811059efdd5','train-1/0001-f0ac04/fold-0','ended','completed',1,0,0,0,1,'fd839f80-9172-4da8-af00-9f9c8b463233',NULL,NULL,1.79527620328651499751e+09,1.65424346923828125e-02,'');
INSERT INTO "run" VALUES(4,'cd369f9ab48c0973224cc356bcf347f4','train-1/0001-f0ac04/fold-1','ended','completed',1,0,0,0,1,'fd839f80-9172-4da8-af00-9f9c8b463233',NULL,NULL,1.79527620329362893108e+09,2.54285335540771484375e-02,'');
INSERT INTO "run" VALUES(5,'bdd5cd2969d09690193366ab04e25ffd','train-1/0002-18a5e7/fold-0','ended','failed',1,0,0,0,1,'fd839f80-9172-4da8-af00-9f9c8b463233',NULL,NULL,1.79527620330950355527e+09,2.155399322509765625e-02,'exit status 1');
INSERT INTO "run" VALUES(6,'6f3737a8f32be1db6a1af54f7fb09d02','train-1/0002-18a5e7/fold-1','ended','failed',1,0,0,0,1,'fd839f80-9172-4da8-af00-9f9c8b463233',NULL,NULL,1.79527620332463669775e+09,2.24206447601318359375e-02,'exit status 1');
CREATE TABLE search (
    id       INTEGER PRIMARY KEY,
    name     TEXT NOT NULL UNIQUE,
    key      TEXT NOT NULL UNIQUE,          -- hash of the question; the metric is no part of it
    request  TEXT NOT NULL,                 -- JSON: all that is needed to ask again
    metric   TEXT,                          -- JSON: name, reduce, direction
    digests  TEXT NOT NULL DEFAULT '{}',    -- JSON: the script's files and their hashes
    created  REAL NOT NULL,
    touched  REAL NOT NULL,
    state    TEXT NOT NULL CHECK (state IN ('running', 'stopped', 'complete'))
) STRICT;
INSERT INTO "search" VALUES(1,'train-1','8b7b11dde7421868e284351c4d6bdd09','{"workspace": "..", "settings": {"script": "train.py", "args": [], "hp": ["lr=1,2,3"], "metric": "loss:min", "direction": "", "cv": 2, "repeats": 1, "seed": 0, "jobs": 0, "sub": [], "substitute": "auto", "link": [], "depends": [], "python": "", "timeout": 0.0, "for_": 0.0, "grace": 10.0, "checkpoint": "auto", "autolog": true, "max_retries": 0, "fail_fast": false, "max_log": 50000000.0, "min_free": 500000000.0}}','["loss", "min", "min"]','{"train.py": "7f5d0faa1ad69ebd52bf92274cc9cbd2"}',1.79527620324484324452e+09,1.79527620335613965988e+09,'complete');
CREATE TABLE trial (
    search   INTEGER NOT NULL REFERENCES search,
    number   INTEGER NOT NULL,
    "values" TEXT NOT NULL,                 -- JSON, by name
    PRIMARY KEY (search, number)
) STRICT, WITHOUT ROWID;
INSERT INTO "trial" VALUES(1,0,'{"lr": 1}');
INSERT INTO "trial" VALUES(1,1,'{"lr": 2}');
INSERT INTO "trial" VALUES(1,2,'{"lr": 3}');
CREATE INDEX run_open ON run (state, id) WHERE state <> 'ended';
CREATE INDEX run_owner ON run (owner, started);
CREATE TRIGGER completed_is_for_ever BEFORE UPDATE OF state, outcome ON run
WHEN OLD.outcome = 'completed'
BEGIN SELECT RAISE(ABORT, 'a completed run never changes'); END;
CREATE INDEX part_run ON part (run, search);
COMMIT;
PRAGMA user_version = 1;
