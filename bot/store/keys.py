"""Every Redis key, its shape, and when it goes.

- `decision:<ref>` (hash) – Slack person → decision record (JSON); goes: 30 days after its last change.
- `decisions:open` (set) – `<ref>|<person>` of every unsettled decision; goes: members leave when it settles.
- `cards:<card>` (hash) – slot → copy of the card (JSON); goes: 90 days after its last change.
- `asked:<release>` (set) – refs of this release that have cards; goes: 90 days after its last change.
- `waiting:<SDP person>` (zset) – ref → when its planned window slips (epoch seconds); goes: members leave when
  the person is asked no more.
- `releases:waiting` (set) – releases on which somebody's decision is wanted; goes: members leave when none is.
- `pending` (zset) – ref → since when somebody is asked (epoch seconds); goes: as above.
- `snapshot:<release>` (string) – the release, its levels and approvals as last read (JSON); goes: 30 days after a
  look.
- `walks` (zset) – release → when its levels were walked (epoch ms); goes: members leave when it closes.
- `updated` (hash) – release → its `last_updated_time` as last seen; goes: as above.
- `jobs:due`, `jobs:running` (zset) – job → when it is due, when its lease ends (epoch ms); goes: members leave as
  jobs finish.
- `jobs:tokens`, `jobs:troubles` (hash) – job → who runs it, how often it failed; goes: as above.
- `jobs:kick` (list) – a nudge for a waiting worker, at most 64; goes: 60 s.
- `ledger`, `ledger:head` (list, hash) – every attempt, chained; the last link; goes: old entries move to files in
  `DATA_DIR` daily, the rest never: it is the record of what was done.
- `ledger:seen:<id>` (string) – this event is in the ledger; goes: 30 days.
- `operation:<id>` (string) – an operation's record (JSON); goes: an hour after its preview, 30 days after its last
  change once it was confirmed.
- `operations:open` (set) – ids of every confirmed and unsettled operation; goes: members leave when it settles.
- `ask:<id>`, `ask:<id>:answer` (string) – a typed command on its way to an answer; a quick answer handed to the web
  role; goes: an hour.
- `links`, `links:sdp` (hash) – Slack person → their connected account (JSON, the token encrypted); SDP person → Slack
  person; goes: when they disconnect or are erased.
- `people:map` (hash) – SDP person → the Slack person an administrator says they are (JSON); goes: by command.
- `ticket:<kind>:<id>` (string) – a link somebody may open, a sign-in under way (JSON); goes: taken once, 10 minutes.
- `held:<person>` (set) – decisions that wait for this person to be connected; goes: 15 minutes after the last.
- `brake` (string) – who stopped all changes, and when (JSON); goes: when an administrator starts the bot again.
- `memory:<kind>:<name>` (string) – small facts with their own end (a person's DM channel, …); goes: set by each
  use.
- `token:<grant>:…` (string, zset) – an encrypted access token, its lock, hold and fetches; goes: an hour at most.
- `preferences` (hash) – Slack person → what they have chosen (JSON); goes: with `forget`, it is theirs to keep.
- `overview` (hash) – what SDP had when it was last read for digests and Home tabs (JSON); goes: 7 days after.
- `digest:due` (zset) – Slack person or channel → when their next digest is due (epoch ms); goes: members leave when
  they are deactivated or switch it off.
- `digest:<who>:<local date>` (string) – that day's digest: claimed, posted, empty (JSON); goes: 8 days.
- `digest:teams` (hash) – channel → its digest (JSON); goes: when it is switched off.
- `digest:run` (string) – how far the present run is (JSON); goes: 30 days.
- `listed:<ref>` (set) – jobs that draw a list with this approval in it; goes: 2 days after the last.
- `pace:<channel>|all|hold` (string) – the clocks of posting in bulk; goes: in seconds.
- `budget`, `hold:<pattern>` (string) – the call budget's clock; an address SDP asked us to leave alone; goes: with
  the pace, the hold.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Keys:
    """Makes keys below one prefix, so that several bots can share a server."""

    prefix: str = "sdp-bot:"

    def decision(self, ref: str) -> str:
        return f"{self.prefix}decision:{ref}"

    @property
    def open_decisions(self) -> str:
        return f"{self.prefix}decisions:open"

    def cards(self, ref: str) -> str:
        return f"{self.prefix}cards:{ref}"

    def waiting(self, sdp_person: str) -> str:
        return f"{self.prefix}waiting:{sdp_person}"

    @property
    def waiting_releases(self) -> str:
        return f"{self.prefix}releases:waiting"

    @property
    def pending(self) -> str:
        return f"{self.prefix}pending"

    def snapshot(self, release: str) -> str:
        return f"{self.prefix}snapshot:{release}"

    @property
    def walks(self) -> str:
        return f"{self.prefix}walks"

    @property
    def updated(self) -> str:
        return f"{self.prefix}updated"

    def asked(self, release: str) -> str:
        return f"{self.prefix}asked:{release}"

    def jobs(self, part: str) -> str:
        return f"{self.prefix}jobs:{part}"

    @property
    def ledger(self) -> str:
        return f"{self.prefix}ledger"

    @property
    def ledger_head(self) -> str:
        return f"{self.prefix}ledger:head"

    def ledger_seen(self, event: str) -> str:
        return f"{self.prefix}ledger:seen:{event}"

    def operation(self, id_: str) -> str:
        return f"{self.prefix}operation:{id_}"

    @property
    def open_operations(self) -> str:
        return f"{self.prefix}operations:open"

    def ask(self, id_: str, part: str = "") -> str:
        return f"{self.prefix}ask:{id_}:{part}" if part else f"{self.prefix}ask:{id_}"

    def memory(self, kind: str, name: str) -> str:
        return f"{self.prefix}memory:{kind}:{name}"

    def token(self, grant: str, part: str = "access") -> str:
        return f"{self.prefix}token:{grant}:{part}"

    @property
    def budget(self) -> str:
        return f"{self.prefix}budget"

    def hold(self, pattern: str) -> str:
        return f"{self.prefix}hold:{pattern}"

    @property
    def preferences(self) -> str:
        return f"{self.prefix}preferences"

    @property
    def overview(self) -> str:
        return f"{self.prefix}overview"

    @property
    def digest_due(self) -> str:
        return f"{self.prefix}digest:due"

    def digest(self, who: str, day: str) -> str:
        return f"{self.prefix}digest:{who}:{day}"

    @property
    def digest_teams(self) -> str:
        return f"{self.prefix}digest:teams"

    @property
    def digest_run(self) -> str:
        return f"{self.prefix}digest:run"

    def listed(self, ref: str) -> str:
        return f"{self.prefix}listed:{ref}"

    def pace(self, part: str) -> str:
        return f"{self.prefix}pace:{part}"

    @property
    def links(self) -> str:
        return f"{self.prefix}links"

    @property
    def linked_sdp(self) -> str:
        return f"{self.prefix}links:sdp"

    @property
    def people_map(self) -> str:
        return f"{self.prefix}people:map"

    def ticket(self, kind: str, id_: str) -> str:
        return f"{self.prefix}ticket:{kind}:{id_}"

    def held(self, person: str) -> str:
        return f"{self.prefix}held:{person}"

    @property
    def brake(self) -> str:
        return f"{self.prefix}brake"
