"""The SDP client: how ServiceDesk Plus Cloud v3 is spoken.

    async with Sdp(SdpSettings(url=…, client_id=…, client_secret=…, refresh_token=…), tokens, budget) as sdp:
        release = await sdp.releases.get(release_id)
        async for level in sdp.releases.levels(release.id): …
        await sdp.acting_as(person_tokens).approvals.approve(ref, "Looks good")

Reads go out as the service account and are repeated when that is safe; whatever changes something is sent once
(`OutcomeUnknown` when its answer is lost). Both are decided in `client`, never by a resource.

    sdp.acting_as(tokens)     the same client on a person's behalf (`TokenSource`; `sdp.tokens_of(refresh_token)`)
    sdp.background()          the same client, served after people when the call budget is short
    sdp.sign_in               authorization_url(…) exchange(code, …) revoke(refresh_token): connecting an account
    sdp.slack_files(token)    open(url, name, size): a file out of Slack, for `projects.upload`
    sdp.clock_skew()          how far SDP's clock is ahead of ours

    sdp.releases              open() get(id) level(id, level) levels(id) find(text)
    sdp.approvals             get(ref) list(release, level) approve(ref, comments) reject(ref, comments)
                              preview_notification(ref) send_notification(ref)
    sdp.maintenances          add(draft) edit(id, draft) get(id) list(criteria) delete(id) enable(id, comments)
                              execute_now(id) suspend(id, comments) find(text)
    sdp.projects              add(draft) edit(id, draft) get(id) list(criteria) delete(id) attach_changes(id, ids)
                              detach_changes(id, ids) attach_requests(id, ids) detach_requests(id, ids) timesheet(id)
                              upload(id, file, progress) changes(id) requests(id) find(text)
    sdp.people                requesters() technicians() everyone() by_email(email)
    sdp.changes sdp.requests  get(id) list(criteria) find(text)
    sdp.lookups               choices(kind, typed)
    sdp.scopes                granted() try_reading(path) needed_to_read(path): what the connection may

Lists are async iterators over pages of 100; `lists.where("status.name").is_("Open") & …` builds their criteria. `find`
takes a display id, a long id or words of a title and returns `Matches`: `.one`, or `.candidates` to choose from. Errors
are the SdpError branch of `bot.errors`.

Inside, from the top: resources (one file a topic) > `client` (I/O, no knowledge of shapes) > `wire` (shapes, no I/O).
`ports` has the Protocols for what processes share; `oauth`, `tokens`, `signing` are the sign-in, `budget` the pace,
`html` is the way from SDP's HTML to Slack's text, `files` the stream from Slack to SDP.
"""

from bot.sdp.budget import MemoryBudget, Pace
from bot.sdp.client import Repeats, Sent
from bot.sdp.oauth import Grant
from bot.sdp.ports import AccessToken, CallBudget, Priority, TokenSource, TokenStore
from bot.sdp.records import Matches
from bot.sdp.root import Sdp, SdpSettings
from bot.sdp.tokens import MemoryTokenStore

__all__ = [
    "AccessToken",
    "CallBudget",
    "Grant",
    "Matches",
    "MemoryBudget",
    "MemoryTokenStore",
    "Pace",
    "Priority",
    "Repeats",
    "Sdp",
    "SdpSettings",
    "Sent",
    "TokenSource",
    "TokenStore",
]
