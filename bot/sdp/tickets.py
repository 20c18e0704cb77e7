"""Changes and requests: what is attached to projects, and the changes that maintenances create.

They are not in the documents this client is written from; their bodies are read as far as they resemble the others.
"""

from pydantic import AliasChoices, Field

from bot.models import Ticket
from bot.sdp.client import Client
from bot.sdp.records import UNTITLED, Module, Records
from bot.sdp.shapes import Choice, Display, Moment, Shape, Someone, Text
from bot.sdp.wire import JsonObject


class TicketShape(Shape):
    """A row of `changes` or `requests`; the latter call their title `subject`."""

    title: Text = Field(None, validation_alias=AliasChoices("title", "subject", "name"))
    display_id: Display = None
    status: Choice = None
    stage: Choice = None
    requester: Someone = Field(None, validation_alias=AliasChoices("change_requester", "requester"))
    scheduled_start_time: Moment = None
    scheduled_end_time: Moment = None
    created_time: Moment = None

    def ticket(self) -> Ticket | None:
        if self.id is None:
            return None
        return Ticket(
            id=self.id,
            title=self.title or UNTITLED,
            display_id=self.display_id,
            status=self.status,
            stage=self.stage,
            requester=self.requester,
            planned_start=self.scheduled_start_time,
            planned_end=self.scheduled_end_time,
            created_on=self.created_time,
        )


def _read(row: JsonObject) -> Ticket | None:
    return TicketShape.model_validate(row).ticket()


class Changes(Records[Ticket]):
    """`sdp.changes`"""

    def __init__(self, client: Client) -> None:
        super().__init__(client, Module("changes", "change", "CH", _read))


class Requests(Records[Ticket]):
    """`sdp.requests`"""

    def __init__(self, client: Client) -> None:
        super().__init__(client, Module("requests", "request", "RE", _read, title="subject"))
