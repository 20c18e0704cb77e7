"""The root of the client: settings in, resources out."""

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from types import TracebackType
from typing import Self
from weakref import WeakValueDictionary

from bot.sdp.approvals import COMMENT_LIMIT, Approvals
from bot.sdp.budget import Queue
from bot.sdp.client import Client, Repeats, Sent
from bot.sdp.datacentres import DATA_CENTRES, OTHER_ACCOUNTS, accounts_server, service_address
from bot.sdp.files import MOST_BYTES, SlackFiles
from bot.sdp.http import ANSWER_SECONDS, Http
from bot.sdp.lookups import Lookups
from bot.sdp.maintenances import Maintenances
from bot.sdp.oauth import SignIn
from bot.sdp.people import People
from bot.sdp.ports import CallBudget, TokenSource, TokenStore
from bot.sdp.projects import Projects
from bot.sdp.releases import Releases
from bot.sdp.scopes import Scopes
from bot.sdp.signing import Denials
from bot.sdp.tickets import Changes, Requests
from bot.sdp.tokens import SharedTokens


@dataclass(frozen=True, slots=True, kw_only=True)
class SdpSettings:
    """What the client has to know. `url` goes up to the portal: `https://sdpondemand.manageengine.com/app/itdesk`.

    `accounts_url` is found in `data_centres` (API domain → accounts server) unless it is given, as a custom domain
    demands. `slack_files_url` is the only address Slack's token is shown to.
    """

    url: str
    client_id: str
    client_secret: str = field(repr=False)
    refresh_token: str = field(repr=False)
    accounts_url: str | None = None
    data_centres: Mapping[str, str] = field(default_factory=lambda: DATA_CENTRES)
    slack_files_url: str = "https://files.slack.com"
    most_upload_bytes: int = MOST_BYTES
    comment_limit: int = COMMENT_LIMIT
    answer_seconds: float = ANSWER_SECONDS
    repeats: Repeats = field(default_factory=Repeats)


class Sdp:
    """ServiceDesk Plus. `acting_as` and `background` give cheap variants that share everything but their one trait.

    Raises ValueError, saying what it should look like, for an address that cannot be right. Close with `aclose()`, or
    use it in `async with`; variants need no closing.
    """

    def __init__(
        self,
        settings: SdpSettings,
        tokens: TokenStore,
        budget: CallBudget,
        *,
        observe: Callable[[Sent], None] = lambda _: None,
    ) -> None:
        url = service_address(settings.url)
        accounts = settings.accounts_url or accounts_server(url, settings.data_centres)
        others = {*settings.data_centres.values(), *OTHER_ACCOUNTS}
        self._settings = settings
        self._store = tokens
        self._sources: WeakValueDictionary[tuple[str, str | None], SharedTokens] = WeakValueDictionary()
        self._http = Http(
            [url, accounts, settings.slack_files_url, *others],
            answer_seconds=settings.answer_seconds,
        )
        self.sign_in = SignIn(
            self._http, accounts, settings.client_id, settings.client_secret, table=settings.data_centres
        )
        self._bind(
            Client(
                http=self._http,
                base=f"{url}/api/v3",
                queue=Queue(budget),
                tokens=self.tokens_of(settings.refresh_token),
                denials=Denials(),
                repeats=settings.repeats,
                observe=observe,
            )
        )

    def _bind(self, client: Client) -> None:
        self._client = client
        self.releases = Releases(client)
        self.approvals = Approvals(client, self._settings.comment_limit)
        self.maintenances = Maintenances(client)
        self.projects = Projects(client)
        self.changes = Changes(client)
        self.requests = Requests(client)
        self.people = People(client)
        self.lookups = Lookups(client)
        self.scopes = Scopes(client)

    def acting_as(self, tokens: TokenSource) -> "Sdp":
        """This client on somebody's behalf: SDP decides by their rights, and its records name them."""
        return self._variant(self._client.on_behalf_of(tokens))

    def background(self) -> "Sdp":
        """This client for polls and digests: served after people when the call budget is short."""
        return self._variant(self._client.in_background())

    def _variant(self, client: Client) -> "Sdp":
        variant = copy.copy(self)
        variant._bind(client)
        return variant

    def tokens_of(self, refresh_token: str, accounts_url: str | None = None) -> TokenSource:
        """The access tokens of a connected account, for `acting_as`; `accounts_url` as its `Grant` had it."""
        key = (refresh_token, accounts_url)
        source = self._sources.get(key) or SharedTokens(self.sign_in, self._store, refresh_token, accounts_url)
        self._sources[key] = source
        return source

    def clock_skew(self) -> timedelta | None:
        """How far SDP's clock was ahead of ours at its latest answer, to a second; None before the first."""
        return self._http.clock_skew(self._client.base)

    def slack_files(self, token: str) -> SlackFiles:
        """Files people shared in Slack, fetched with the app's token, to be given to `projects.upload`."""
        return SlackFiles(self._http, self._settings.slack_files_url, token, self._settings.most_upload_bytes)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        await self._http.aclose()
