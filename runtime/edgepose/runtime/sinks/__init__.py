"""Where results go."""

from edgepose.runtime.sinks.base import Sink
from edgepose.runtime.sinks.discard import DiscardSink
from edgepose.runtime.sinks.jsonl import JsonLinesSink
from edgepose.runtime.sinks.pictures import PictureSink, is_picture
from edgepose.runtime.sinks.video import VideoSink
from edgepose.runtime.sinks.window import WindowSink

__all__ = ["DiscardSink", "JsonLinesSink", "PictureSink", "Sink", "VideoSink", "WindowSink", "is_picture"]
