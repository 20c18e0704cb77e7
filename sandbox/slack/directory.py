"""Who is in the workspace: people, bots, guests, people of other workspaces, user groups."""

from collections.abc import Iterable

from sandbox.slack.errors import NoSuchThing, SlackError
from sandbox.slack.ids import IdMaker
from sandbox.slack.model import Person, UserGroup


class Directory:
    """Finds people by any of their names. Ids are Slack's (`U…`, `W…`), keys are the sandbox's own short names."""

    def __init__(self, ids: IdMaker, team_id: str) -> None:
        self._ids = ids
        self._team_id = team_id
        self.people: dict[str, Person] = {}
        self.groups: dict[str, UserGroup] = {}

    def add(self, key: str, real_name: str, email: str = "", **more: object) -> Person:
        """A new member; `more` are fields of `Person`, e.g. `tz`, `is_restricted`, `team_id`, `is_bot`."""
        fields = {
            "team_id": self._team_id,
            "display_name": real_name.partition(" ")[0],
            "id": self._ids.make("U"),
        } | more
        person = Person(key=key, real_name=real_name, email=email, **fields)  # type: ignore[arg-type]
        self.people[person.id] = person
        return person

    def add_group(self, handle: str, name: str, members: Iterable[Person]) -> UserGroup:
        group = UserGroup(id=self._ids.make("S"), handle=handle, name=name, members=[person.id for person in members])
        self.groups[group.id] = group
        return group

    def find(self, who: "str | Person") -> Person:
        """A person by key, id, e-mail address, real or display name; raises NoSuchThing naming who there is."""
        if isinstance(who, Person):
            return who
        wanted = who.strip().removeprefix("@").casefold()
        for person in self.people.values():
            names = (person.id, person.key, person.email, person.real_name, person.display_name)
            if wanted in {name.casefold() for name in names if name}:
                return person
        raise NoSuchThing(f"nobody is called {who!r} here; there are {', '.join(p.key for p in self.people.values())}")

    def by_id(self, user_id: str) -> Person:
        """A person by Slack id alone, as the Web API looks them up; raises `user_not_found`."""
        if user_id not in self.people:
            raise SlackError("user_not_found")
        return self.people[user_id]

    def group(self, which: str) -> UserGroup:
        """A user group by id or handle; raises `no_such_subteam`."""
        wanted = which.removeprefix("@")
        for group in self.groups.values():
            if wanted in (group.id, group.handle):
                return group
        raise SlackError("no_such_subteam")
