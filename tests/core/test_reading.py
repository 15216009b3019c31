"""What a connection is due, from wherever it stands."""

from __future__ import annotations

from dualwire.core.reading import Place, Reader
from dualwire.core.rooms import RoomTable
from dualwire.core.stream import StreamLog
from dualwire.types import GLOBAL, Body, Event, Loss, Position, player_stream, room_stream

EVA = player_stream("eva")
HALL, YARD = room_stream("hall"), room_stream("yard")


class Town:
    """Logs and memberships of one node, with eva in it."""

    def __init__(self, max_events: int = 1000) -> None:
        self.max_events = max_events
        self.logs: dict[str, StreamLog] = {}
        self.table = RoomTable()
        self.n = 0
        self.reader = Reader("eva", self.log, self.table.rooms_of)

    def log(self, stream: str) -> StreamLog:
        if stream not in self.logs:
            self.begin_epoch(stream, "1")
        return self.logs[stream]

    def begin_epoch(self, stream: str, epoch: str) -> None:
        self.logs[stream] = StreamLog(
            epoch, max_age=None, max_events=self.max_events, max_bytes=10**9
        )

    def append(self, stream: str, body: Body) -> Position:
        self.n += 1
        self.log(stream).append(body, 0.0).n = self.n
        return self.log(stream).position

    def say(self, stream: str, text: str) -> Position:
        return self.append(stream, Event(payload=text.encode()))

    def enter(self, stream: str) -> None:
        body = self.table.enter("eva", stream, self.log(stream).position)
        assert body is not None
        self.append(EVA, body)

    def leave(self, stream: str) -> None:
        body = self.table.leave("eva", stream, self.log(stream).position)
        assert body is not None
        self.append(EVA, body)

    def read(self, place: Place) -> list[str | Loss]:
        """All that is due: texts of events, and losses."""
        found: list[str | Loss] = []
        while (step := self.reader.next(place)) is not None:
            if isinstance(step, Loss):
                found.append(step)
            elif type(step[1].body) is Event:
                found.append(step[1].body.payload.decode())
        return found

    def cursor(self) -> dict[str, Position]:
        return self.reader.at_tail().positions


def test_at_the_tail_nothing_is_due() -> None:
    town = Town()
    town.enter(HALL)
    town.say(HALL, "before")
    place = town.reader.at_tail()
    assert set(place.positions) == {EVA, HALL, GLOBAL}
    assert town.read(place) == []
    town.say(HALL, "after")
    assert town.read(place) == ["after"]


def test_all_streams_come_in_order_of_arrival() -> None:
    town = Town()
    town.enter(HALL)
    place = town.reader.at_tail()
    for number, stream in enumerate([HALL, EVA, GLOBAL, HALL, GLOBAL, EVA]):
        town.say(stream, str(number))
    assert town.read(place) == list("012345")


def test_what_others_are_told_is_not_due() -> None:
    town = Town()
    place = town.reader.at_tail()
    town.say(HALL, "in a room that eva is not in")
    town.say(player_stream("bob"), "to bob")
    assert town.read(place) == []


def test_a_room_is_due_between_entering_and_leaving() -> None:
    town = Town()
    place = town.reader.at_tail()
    town.say(HALL, "too early")
    town.enter(HALL)
    town.say(HALL, "one")
    town.say(HALL, "two")
    town.leave(HALL)
    town.say(HALL, "too late")
    assert town.read(place) == ["one", "two"]
    assert HALL not in place.positions


def test_coming_back_is_another_stay() -> None:
    town = Town()
    place = town.reader.at_tail()
    for text in ("first", "second"):
        town.enter(HALL)
        town.say(HALL, text)
        town.leave(HALL)
        town.say(HALL, "away")
    assert town.read(place) == ["first", "second"]


def test_the_room_is_read_to_the_moment_of_leaving_whatever_the_order_of_arrival() -> None:
    town = Town()
    town.enter(HALL)
    place = town.reader.at_tail()
    town.say(HALL, "one")
    town.say(HALL, "two")
    town.leave(HALL)
    entry = town.log(EVA).at(2)
    assert entry is not None
    entry.n = 0
    assert town.read(place) == ["one", "two"]


def test_a_step_moves_the_place_past_it() -> None:
    town = Town()
    place = town.reader.at_tail()
    town.say(GLOBAL, "one")
    town.say(GLOBAL, "two")
    assert town.reader.next(place) == (GLOBAL, town.log(GLOBAL).at(1))
    assert place.positions[GLOBAL].offset == 1
    assert town.reader.next(place) == (GLOBAL, town.log(GLOBAL).at(2))
    assert town.reader.next(place) is None


class TestNumber:
    """Resuming after this node's number of an event."""

    def test_everything_after_it_is_due(self) -> None:
        town = Town()
        town.enter(HALL)
        town.say(HALL, "seen")
        town.say(EVA, "seen too")
        n = town.n
        town.say(HALL, "one")
        town.say(GLOBAL, "two")
        assert town.read(town.reader.at_number(n)) == ["one", "two"]

    def test_rooms_are_those_of_that_moment(self) -> None:
        town = Town()
        town.enter(HALL)
        n = town.n
        town.say(HALL, "in the hall")
        town.leave(HALL)
        town.say(HALL, "missed")
        town.say(YARD, "before")
        town.enter(YARD)
        town.say(YARD, "in the yard")
        assert town.read(town.reader.at_number(n)) == ["in the hall", "in the yard"]

    def test_what_was_said_before_entering_is_not_due(self) -> None:
        town = Town()
        n = town.n
        town.say(HALL, "before")
        town.enter(HALL)
        town.say(HALL, "after")
        assert town.read(town.reader.at_number(n)) == ["after"]

    def test_what_is_trimmed_is_told(self) -> None:
        town = Town(max_events=2)
        town.say(GLOBAL, "seen")
        n = town.n
        for text in ("lost", "kept 1", "kept 2"):
            town.say(GLOBAL, text)
        place = town.reader.at_number(n)
        [loss, *rest] = town.read(place)
        assert isinstance(loss, Loss)
        assert (loss.stream, loss.last, loss.reason) == (GLOBAL, 2, "trimmed")
        assert rest == ["kept 1", "kept 2"]

    def test_what_was_trimmed_after_it_was_seen_is_no_loss(self) -> None:
        town = Town(max_events=2)
        for text in ("seen", "seen too", "kept 1", "kept 2"):
            town.say(GLOBAL, text)
        assert town.read(town.reader.at_number(2)) == ["kept 1", "kept 2"]


class TestCursor:
    """Resuming at what a client says that it has seen."""

    def test_everything_after_it_is_due(self) -> None:
        town = Town()
        town.enter(HALL)
        cursor = town.cursor()
        town.say(HALL, "one")
        town.leave(HALL)
        town.enter(YARD)
        town.say(YARD, "two")
        assert town.read(town.reader.at_cursor(cursor)) == ["one", "two"]

    def test_without_the_players_own_stream_the_client_is_new(self) -> None:
        town = Town()
        town.enter(HALL)
        cursor = town.cursor()
        town.say(HALL, "one")
        del cursor[EVA]
        assert town.read(town.reader.at_cursor(cursor)) == []
        assert town.read(town.reader.at_cursor({})) == []

    def test_positions_beyond_the_tail_are_not_believed(self) -> None:
        town = Town()
        town.enter(HALL)
        cursor = {
            stream: Position(at.epoch, at.offset + 50) for stream, at in town.cursor().items()
        }
        place = town.reader.at_cursor(cursor)
        town.say(HALL, "one")
        town.say(GLOBAL, "two")
        assert town.read(place) == ["one", "two"]

    def test_rooms_are_not_believed(self) -> None:
        town = Town()
        town.say(HALL, "secret")
        cursor = town.cursor() | {HALL: Position("1", 0)}
        assert town.read(town.reader.at_cursor(cursor)) == []

    def test_nothing_is_read_from_before_the_player_came_in(self) -> None:
        town = Town()
        town.say(HALL, "secret")
        town.enter(HALL)
        for epoch in ("0", "1", "2"):
            cursor = town.cursor() | {HALL: Position(epoch, 0)}
            assert "secret" not in town.read(town.reader.at_cursor(cursor)), f"epoch {epoch}"

    def test_a_room_that_it_does_not_name_is_read_from_entering(self) -> None:
        town = Town()
        town.enter(HALL)
        town.say(HALL, "one")
        cursor = town.cursor()
        del cursor[HALL]
        assert town.read(town.reader.at_cursor(cursor)) == ["one"]

    def test_what_is_trimmed_is_told(self) -> None:
        town = Town(max_events=2)
        cursor = town.cursor()
        for text in ("lost 1", "lost 2", "kept 1", "kept 2"):
            town.say(GLOBAL, text)
        place = town.reader.at_cursor(cursor)
        assert town.read(place) == [Loss(GLOBAL, 1, 2, "trimmed"), "kept 1", "kept 2"]

    def test_a_new_epoch_is_told(self) -> None:
        town = Town()
        town.say(GLOBAL, "old")
        cursor = town.cursor()
        town.begin_epoch(GLOBAL, "2")
        town.say(GLOBAL, "new")
        place = town.reader.at_cursor(cursor)
        assert town.read(place) == [Loss(GLOBAL, 1, 0, "epoch"), "new"]

    def test_a_room_that_began_anew_is_read_from_its_new_beginning(self) -> None:
        town = Town()
        town.say(HALL, "old")
        town.enter(HALL)
        cursor = town.cursor()
        town.begin_epoch(HALL, "2")
        town.say(HALL, "new")
        found = town.read(town.reader.at_cursor(cursor))
        assert found == [Loss(HALL, 1, 0, "epoch"), "new"]


class TestOvertaken:
    """History is trimmed under a reader."""

    def test_it_is_told_in_place_and_reads_on(self) -> None:
        town = Town(max_events=3)
        place = town.reader.at_tail()
        for number in range(1, 6):
            town.say(GLOBAL, str(number))
        assert town.read(place) == [Loss(GLOBAL, 1, 2, "trimmed"), "3", "4", "5"]

    def test_entries_that_said_where_the_player_went_are_lost_too(self) -> None:
        town = Town(max_events=2)
        town.enter(HALL)
        place = town.reader.at_tail()
        town.leave(HALL)
        town.say(YARD, "before")
        town.enter(YARD)
        town.say(YARD, "in the yard")
        town.say(HALL, "not here")
        for text in ("a", "b"):
            town.say(EVA, text)
        found = town.read(place)
        assert [each for each in found if isinstance(each, str)] == ["in the yard", "a", "b"]
        assert Loss(EVA, 2, 3, "trimmed") in found
        assert set(place.positions) == {EVA, GLOBAL, YARD}


class TestFurther:
    """Where a connection stands that began somewhere and was written up to a number."""

    def test_without_a_number_it_stands_where_it_began(self) -> None:
        town = Town()
        place = town.reader.at_tail()
        town.say(GLOBAL, "one")
        assert town.reader.further(place, 0) is place

    def test_it_went_on_from_there(self) -> None:
        town = Town()
        place = town.reader.at_tail()
        town.say(GLOBAL, "written")
        n = town.n
        town.enter(HALL)
        town.say(HALL, "due")
        assert town.read(town.reader.further(place, n)) == ["due"]

    def test_a_number_from_before_it_began_moves_nothing(self) -> None:
        town = Town()
        town.enter(HALL)
        town.say(HALL, "written by this one, long ago")
        n = town.n
        town.say(HALL, "written by its twin")
        town.leave(HALL)
        town.enter(YARD)
        town.say(YARD, "written by its twin")
        place = town.reader.at_tail()
        town.say(YARD, "due")
        town.say(HALL, "of no concern")
        further = town.reader.further(place, n)
        assert set(further.positions) == {EVA, GLOBAL, YARD}
        assert town.read(further) == ["due"]

    def test_what_is_trimmed_is_told(self) -> None:
        town = Town(max_events=2)
        place = town.reader.at_tail()
        town.say(GLOBAL, "written")
        n = town.n
        for text in ("lost", "kept 1", "kept 2"):
            town.say(GLOBAL, text)
        [loss, *rest] = town.read(town.reader.further(place, n))
        assert isinstance(loss, Loss)
        assert loss.last == 2
        assert rest == ["kept 1", "kept 2"]

    def test_what_it_had_is_no_loss(self) -> None:
        town = Town(max_events=2)
        town.say(GLOBAL, "long ago")
        n = town.n
        for text in ("twin's 1", "twin's 2", "twin's 3"):
            town.say(GLOBAL, text)
        place = town.reader.at_tail()
        town.say(GLOBAL, "due")
        assert town.read(town.reader.further(place, n)) == ["due"]


def test_what_was_said_after_leaving_is_no_loss_when_it_is_trimmed() -> None:
    town = Town()
    town.enter(HALL)
    town.say(HALL, "one")
    place = town.reader.at_tail()
    town.leave(HALL)
    for number in range(5):
        town.say(HALL, f"secret {number}")
    town.log(HALL).clear()
    town.say(EVA, "to eva")
    assert town.read(place) == ["to eva"]
    assert HALL not in place.positions


def test_what_is_lost_of_a_room_ends_where_the_player_left() -> None:
    town = Town()
    town.enter(HALL)
    place = town.reader.at_tail()
    town.say(HALL, "one")
    town.say(HALL, "two")
    town.leave(HALL)
    town.say(HALL, "secret")
    town.log(HALL).clear()
    town.say(EVA, "to eva")
    assert town.read(place) == [Loss(HALL, 1, 2, "trimmed"), "to eva"]
