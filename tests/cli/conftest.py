"""The replica of the paper's corpus on a loopback Hub, as in tests/corpus/hub."""

from corpus.hub.conftest import hub, quick

__all__ = ["hub", "quick"]
