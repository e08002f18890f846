"""Loading ONNX models: a quiet, single-threaded session, and errors that name the file."""

from pathlib import Path

import onnxruntime
from onnxruntime.capi import onnxruntime_pybind11_state as onnx_errors

from take5.scoring.errors import ModelDamaged

ONNX_ERRORS = (
    onnx_errors.EPFail,
    onnx_errors.Fail,
    onnx_errors.InvalidArgument,
    onnx_errors.InvalidGraph,
    onnx_errors.InvalidProtobuf,
    onnx_errors.NotImplemented,
    onnx_errors.RuntimeException,
    ValueError,  # an input of another name
)
"""Errors that onnxruntime raises when it cannot load or run a graph."""


def load_graph(path: Path, content: bytes, threads: int) -> onnxruntime.InferenceSession:
    """Return a session of the graph in ``content``; ``path`` is for the error."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 4  # errors are raised, and need not be printed too
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # Its convolutions of one row are wrong on arm64 in onnxruntime 1.27; livekit-wakeword turns it off too.
    options.add_session_config_entry("mlas.disable_kleidiai", "1")
    try:
        return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"], enable_fallback=0)
    except ONNX_ERRORS as error:
        raise ModelDamaged(f"{path}: not an ONNX model, or damaged; fetch it again") from error
