"""The stages of the flows, for trouble that needs only one process."""

from tests.flows.conftest import both_stages, stage, transport

__all__ = ["both_stages", "stage", "transport"]
