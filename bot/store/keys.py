"""Every Redis key, its shape, and when it goes.

- `decision:<ref>` (hash) – Slack person → decision record (JSON); goes: 30 days after its last change.
- `decisions:open` (set) – `<ref>|<person>` of every unsettled decision; goes: members leave when it settles.
- `cards:<ref>` (hash) – slot → copy of the card (JSON); goes: 90 days after its last change.
- `asked:<release>` (set) – refs of this release that have cards; goes: 90 days after its last change.
- `snapshot:<release>` (string) – the release, its levels and approvals as last read (JSON); goes: 30 days after a
  look.
- `walks` (zset) – release → when its levels were walked (epoch ms); goes: members leave when it closes.
- `updated` (hash) – release → its `last_updated_time` as last seen; goes: as above.
- `jobs:due`, `jobs:running` (zset) – job → when it is due, when its lease ends (epoch ms); goes: members leave as
  jobs finish.
- `jobs:tokens`, `jobs:troubles` (hash) – job → who runs it, how often it failed; goes: as above.
- `jobs:kick` (list) – a nudge for a waiting worker, at most 64; goes: 60 s.
- `ledger`, `ledger:head` (list, hash) – every attempt, chained; the last link; goes: never: it is the record of
  what was done.
- `ledger:seen:<id>` (string) – this event is in the ledger; goes: 30 days.
- `memory:<kind>:<name>` (string) – small facts with their own end (a person's DM channel, …); goes: set by each
  use.
- `token:<grant>:…` (string, zset) – an encrypted access token, its lock, hold and fetches; goes: an hour at most.
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

    def memory(self, kind: str, name: str) -> str:
        return f"{self.prefix}memory:{kind}:{name}"

    def token(self, grant: str, part: str = "access") -> str:
        return f"{self.prefix}token:{grant}:{part}"

    @property
    def budget(self) -> str:
        return f"{self.prefix}budget"

    def hold(self, pattern: str) -> str:
        return f"{self.prefix}hold:{pattern}"
