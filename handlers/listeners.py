"""Where the topics register their listeners, each with the services it asks for by argument name.

Services are bound here, once. Handed to Bolt 1.30 in a request's context, all of them are copied four times a click.
"""

import functools
import inspect
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_bolt.kwargs_injection.async_args import AsyncArgs

Listener = Callable[..., Awaitable[Any]]
Which = str | re.Pattern[str]

BOLTS = frozenset({*AsyncArgs.__annotations__, "error"})
"""What Bolt itself hands over."""


class Listeners:
    """A Bolt app as the topics see it. Raises ValueError for a listener that asks for something nobody hands over:
    Bolt would hand it None.
    """

    def __init__(self, app: AsyncApp, services: Mapping[str, Any]) -> None:
        self._app = app
        self._services = services

    def action(self, which: Which, listener: Listener) -> None:
        self._app.action(which)(self._with_services(listener))

    def view(self, which: Which, listener: Listener) -> None:
        self._app.view(which)(self._with_services(listener))

    def options(self, which: Which, listener: Listener) -> None:
        self._app.options(which)(self._with_services(listener))

    def command(self, which: str, listener: Listener) -> None:
        self._app.command(which)(self._with_services(listener))

    def shortcut(self, which: str, listener: Listener) -> None:
        self._app.shortcut(which)(self._with_services(listener))

    def event(self, which: str, listener: Listener) -> None:
        self._app.event(which)(self._with_services(listener))

    def error(self, listener: Listener) -> None:
        self._app.error(self._with_services(listener))

    def _with_services(self, listener: Listener) -> Listener:
        signature = inspect.signature(listener)
        ours = {name: self._services[name] for name in signature.parameters if name in self._services}
        bolts = [argument for name, argument in signature.parameters.items() if name not in ours]
        if unknown := {argument.name for argument in bolts} - BOLTS:
            raise ValueError(f"{listener.__name__} asks for {', '.join(sorted(unknown))}, which nobody hands over")

        @functools.wraps(listener)
        async def bound(**given: Any) -> Any:
            return await listener(**given, **ours)

        del bound.__wrapped__  # Bolt looks below it, and would ask for the services again
        bound.__signature__ = signature.replace(parameters=bolts)  # type: ignore[attr-defined]
        return bound


async def opened(ack: AsyncAck) -> Any:
    """A link button opens its address by itself; Slack only wants to hear that the click arrived."""
    return await ack()
