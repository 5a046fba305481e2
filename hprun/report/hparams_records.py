"""Sessions and columns as the records that TensorBoard's HPARAMS tab reads. Pure.

Source: `plugin_data.proto` and `api.proto` of TensorBoard's hparams plug-in. What a record says of
columns, values and status cannot be changed by a later one: TensorBoard keeps the first.
"""

from __future__ import annotations

from typing import Any

from hprun.metrics.records import frame
from hprun.report.hparams import Column, Session, Sheet, metric_tag, metric_title

_PLUGIN = "hparams"
_SUCCESS, _FAILURE = 1, 2  # of the enumeration Status
_NAMED = b"\x0a\x07hparams"  # as the field of a summary's metadata that names its plug-in


def head(at: float) -> bytes:
    """What an event file begins with."""
    from tensorboard.compat.proto.event_pb2 import Event

    return _record(Event(wall_time=at, file_version="brain.Event:2"))


def space_record(shown: Sheet, at: float) -> bytes:
    """The columns of the tab."""
    from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData

    data = HParamsPluginData()
    for column in shown.columns:
        _describe(column, data.experiment.hparam_infos.add())
    if shown.metric is not None:
        info = data.experiment.metric_infos.add(display_name=metric_title(shown.metric))
        info.name.tag = metric_tag(shown.metric)
    data.experiment.SetInParent()
    return _plugin_record("_hparams_/experiment", data, at)


def _describe(column: Column, info: Any) -> None:
    from tensorboard.plugins.hparams import api_pb2

    kinds = {
        "number": api_pb2.DATA_TYPE_FLOAT64,
        "truth": api_pb2.DATA_TYPE_BOOL,
        "words": api_pb2.DATA_TYPE_STRING,
    }
    info.name = column.name
    info.type = kinds[column.kind]
    info.differs = column.differs
    if column.kind == "truth":
        info.domain_discrete.extend([False, True])
    elif column.words:
        info.domain_discrete.extend(column.words)
    elif column.low is not None and column.high is not None:
        info.domain_interval.min_value = column.low
        info.domain_interval.max_value = column.high


def session_records(session: Session, tag: str, began: float, ended: float) -> dict[str, bytes]:
    """What there is to say of a run, in this order: its `values`, its `score`, how it `ended`.

    `began` and `ended` are in seconds since the epoch.
    """
    from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData

    data = HParamsPluginData()
    data.session_start_info.group_name = session.group
    data.session_start_info.start_time_secs = began
    for name, value in session.cells.items():
        shown = data.session_start_info.hparams[name]
        if isinstance(value, bool):
            shown.bool_value = value
        elif isinstance(value, str):
            shown.string_value = value
        else:
            shown.number_value = value
    records = {"values": _plugin_record("_hparams_/session_start_info", data, began)}
    if session.score is not None:
        records["score"] = _score_record(session, tag, ended)
    if session.state != "running":
        end = HParamsPluginData()
        end.session_end_info.status = _SUCCESS if session.state == "done" else _FAILURE
        end.session_end_info.end_time_secs = ended
        records["ended"] = _plugin_record("_hparams_/session_end_info", end, ended)
    return records


def _score_record(session: Session, tag: str, at: float) -> bytes:
    from tensorboard.compat.proto.event_pb2 import Event

    event = Event(wall_time=at, step=session.step)
    event.summary.value.add(tag=tag, simple_value=session.score)
    return _record(event)


def _plugin_record(tag: str, data: Any, at: float) -> bytes:
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.types_pb2 import DT_FLOAT

    event = Event(wall_time=at)
    value = event.summary.value.add(tag=tag)
    value.tensor.dtype = DT_FLOAT
    value.tensor.tensor_shape.dim.add(size=0)
    value.metadata.plugin_data.plugin_name = _PLUGIN
    value.metadata.plugin_data.content = data.SerializeToString()
    return _record(event)


def _record(event: Any) -> bytes:
    # Maps in their order, so that the same thing said again is the same bytes.
    return frame(event.SerializeToString(deterministic=True))


def may_be_of_plugin(data: bytes) -> bool:
    """Whether bytes of an event file may hold records for the HPARAMS tab."""
    return _NAMED in data


def is_of_plugin(payload: bytes) -> bool:
    """Whether a record says something to the HPARAMS tab."""
    if _NAMED not in payload:
        return False
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
    from tensorboard.compat.proto.event_pb2 import Event

    try:
        event = Event.FromString(payload)
    except DecodeError:
        return False
    return any(v.metadata.plugin_data.plugin_name == _PLUGIN for v in event.summary.value)
