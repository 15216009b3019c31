"""What players can do: one function per command, and the table that ``help`` is made from."""

from __future__ import annotations

import difflib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from ..types import JSONObject
from .mute_news import MuteNews
from .mutes import Mutes
from .text import LONGEST, clean, listing, room_text
from .town import Channel, Person, Town
from .world import DIRECTIONS

__all__ = ["Answer", "Commands"]


@dataclass(frozen=True, slots=True)
class Answer:
    """What somebody who gave a command is told."""

    text: str
    facts: JSONObject = field(default_factory=dict)
    """For programs, beside the text."""
    leaves: bool = False
    """Whether the player leaves the game by it."""


Run = Callable[[Person, Sequence[str]], Awaitable[Answer]]


@dataclass(frozen=True, slots=True)
class _Verb:
    usage: str
    purpose: str
    run: Run


_ALIASES = {
    "l": "look",
    "walk": "go",
    "whisper": "tell",
    "t": "tell",
    "me": "emote",
    "pose": "emote",
    "quit": "logout",
    "?": "help",
    "h": "help",
}

_SHORT = {
    "n": "north",
    "ne": "northeast",
    "e": "east",
    "se": "southeast",
    "s": "south",
    "sw": "southwest",
    "w": "west",
    "nw": "northwest",
    "u": "up",
    "d": "down",
}

_MARKS = {"'": "say", '"': "say", ":": "emote"}
"""First characters that stand for a command."""


class Commands:
    """Acts on commands.

    Args:
        town: where they act.
        mutes: who does not want to hear whom.
        news: tells other nodes of that.
    """

    def __init__(self, town: Town, mutes: Mutes, news: MuteNews) -> None:
        self._town = town
        self._mutes = mutes
        self._mute_news = news
        self._verbs = {
            "look": _Verb("look", "See where you are.", self._look),
            "go": _Verb("go DIRECTION", "Take a way out; north or n alone will do.", self._go),
            "say": _Verb("say WORDS", "Speak to everybody in the room.", self._say),
            "tell": _Verb("tell NAME WORDS", "Speak to one person, wherever they are.", self._tell),
            "emote": _Verb("emote DEED", "Do something for all to see.", self._emote),
            "who": _Verb("who", "See who is in the game.", self._who),
            "mute": _Verb("mute NAME", "Hear nothing more of somebody.", self._mute),
            "unmute": _Verb("unmute NAME", "Hear somebody again.", self._unmute),
            "help": _Verb("help", "See this list.", self._help),
            "logout": _Verb("logout", "Leave the game.", self._logout),
        }

    async def run(self, person: Person, verb: str, args: Sequence[str]) -> Answer:
        """Act on one command.

        Args:
            person: who gave it.
            verb: its first word, in lower case.
            args: its other words.
        """
        if verb[0] in _MARKS:
            args = [verb[1:], *args] if verb[1:] else args
            verb = _MARKS[verb[0]]
        direction = _SHORT.get(verb, verb)
        if direction in DIRECTIONS:
            return await self._go(person, [direction])
        known = self._verbs.get(_ALIASES.get(verb, verb))
        if known is None:
            return self._unknown(verb)
        return await known.run(person, args)

    async def say(self, person: Person, words: str) -> Answer:
        """Let somebody speak to the room."""
        return await self._talk(
            person, "say", words, '{name} says: "{words}"', 'You say: "{words}"'
        )

    def _unknown(self, verb: str) -> Answer:
        word = clean(verb)[:40]
        close = difflib.get_close_matches(word, [*self._verbs, *DIRECTIONS], 1)
        hint = f" Did you mean {close[0]}?" if close else ""
        return Answer(f"There is no command {word!r}.{hint} Type help to see what you can do.")

    async def _look(self, person: Person, _: Sequence[str]) -> Answer:
        others = [each.name for each in self._town.people_in(person.room) if each.id != person.id]
        return Answer(room_text(person.room, others), {"room_id": person.room.id})

    async def _go(self, person: Person, args: Sequence[str]) -> Answer:
        ways = f"Ways out: {listing(list(person.room.exits) or ['none'])}."
        if not args:
            return Answer(f"Go where? {ways}")
        word = args[0].lower()
        direction = _SHORT.get(word, word)
        room = await self._town.move(person, direction)
        if room is None:
            return Answer(f"There is no way {clean(direction)[:40]} from here. {ways}")
        return Answer(f"You go {direction}.", {"room_changed": True, "room_id": room.id})

    async def _say(self, person: Person, args: Sequence[str]) -> Answer:
        return await self.say(person, " ".join(args))

    async def _emote(self, person: Person, args: Sequence[str]) -> Answer:
        shown = "{name} {words}"
        return await self._talk(person, "emote", " ".join(args), shown, shown)

    async def _talk(
        self, person: Person, channel: Channel, words: str, to_room: str, to_self: str
    ) -> Answer:
        words = clean(words)
        if not words:
            return Answer(f"{channel.capitalize()} what? Usage: {self._verbs[channel].usage}")
        if len(words) > LONGEST:
            return _too_long(words)
        message = to_room.format(name=person.name, words=words)
        await self._town.chat(person, channel, message)
        return Answer(to_self.format(name=person.name, words=words))

    async def _tell(self, person: Person, args: Sequence[str]) -> Answer:
        if len(args) < 2:
            return Answer(f"Tell whom what? Usage: {self._verbs['tell'].usage}")
        target, rest = self._town.find(args)
        words = clean(" ".join(rest))
        if target is None:
            return _nobody(args[0])
        if target.id == person.id:
            return Answer("You mutter to yourself. It does not help.")
        if not words:
            return Answer(f"Tell {target.name} what? Usage: {self._verbs['tell'].usage}")
        if len(words) > LONGEST:
            return _too_long(words)
        await self._town.whisper(person, target, f'{person.name} tells you: "{words}"')
        return Answer(f'You tell {target.name}: "{words}"')

    async def _who(self, _: Person, args: Sequence[str]) -> Answer:
        people = self._town.people()
        lines = [f"{each.name}, {each.room.name}" for each in people[:100]]
        if len(people) > len(lines):
            lines.append(f"and {len(people) - len(lines)} more")
        heading = "1 soul is" if len(people) == 1 else f"{len(people)} souls are"
        return Answer("\n".join([f"{heading} abroad in Arkham:", *lines]))

    async def _mute(self, person: Person, args: Sequence[str]) -> Answer:
        if not args:
            muted = self._mutes.names(person.id)
            text = f"You do not hear {listing(muted)}." if muted else "You hear everybody."
            return Answer(f"{text} Usage: {self._verbs['mute'].usage}")
        target, _ = self._town.find(args)
        if target is None:
            return _nobody(" ".join(args))
        if target.id == person.id:
            return Answer("If only you could.")
        if not self._mutes.mute(person.id, target.id, target.name):
            return Answer("You mute as many people as you may; unmute somebody first.")
        await self._mute_news.changed(person.id)
        return Answer(f"You hear nothing more of {target.name}. unmute {target.name} undoes it.")

    async def _unmute(self, person: Person, args: Sequence[str]) -> Answer:
        name = self._mutes.unmute(person.id, " ".join(args))
        if name is None:
            muted = self._mutes.names(person.id)
            known = f"You do not hear {listing(muted)}." if muted else "You mute nobody."
            return Answer(f"{known} Usage: {self._verbs['unmute'].usage}")
        await self._mute_news.changed(person.id)
        return Answer(f"You hear {name} again.")

    async def _help(self, _: Person, args: Sequence[str]) -> Answer:
        lines = [f"{verb.usage}: {verb.purpose}" for verb in self._verbs.values()]
        return Answer("\n".join(["What you can do:", *lines]))

    async def _logout(self, _: Person, args: Sequence[str]) -> Answer:
        return Answer("You turn your collar up and walk out of the story. Farewell.", leaves=True)


def _nobody(word: str) -> Answer:
    name = clean(word)[:40]
    return Answer(f"Nobody here goes by {name!r} alone. Type who to see who is in the game.")


def _too_long(words: str) -> Answer:
    return Answer(f"That is {len(words)} characters; at most {LONGEST} fit into one breath.")
