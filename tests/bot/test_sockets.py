"""Listening: the next free port, and why there is none."""

import pytest

from bot.sockets import NoSuchPlace, PortTaken, listening_socket


def test_a_taken_port_is_named_or_the_next_one_is_had() -> None:
    with listening_socket("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
        with pytest.raises(PortTaken, match=f"Port {port} on 127.0.0.1 is taken"):
            listening_socket("127.0.0.1", port)
        with listening_socket("127.0.0.1", port, tries=50) as second:
            assert second.getsockname()[1] != port


@pytest.mark.parametrize("host", ["192.0.2.1", "no such host", "::1"])
def test_a_place_that_is_none_is_not_called_taken(host: str) -> None:
    with pytest.raises(NoSuchPlace, match="Check HOST and PORT"):
        listening_socket(host, 3000)
