"""Training that goes on where it was killed, in scripts that do not see to it themselves."""

from hprun.autolog.checkpoints_option import describe_checkpoint as describe_checkpoint
from hprun.autolog.checkpoints_option import parse_checkpoint as parse_checkpoint
from hprun.autolog.record import Record as Record
from hprun.autolog.record import lines as lines
from hprun.autolog.record import read_record as read_record
from hprun.autolog.studio import imports_studio as imports_studio
from hprun.autolog.studio import studio_path as studio_path
from hprun.autolog.wiring import SITE_FILE as SITE_FILE
from hprun.autolog.wiring import can_attach as can_attach
from hprun.autolog.wiring import environment as environment
from hprun.autolog.wiring import forget as forget
from hprun.autolog.wiring import record_path as record_path
