"""The engine's suite: written positions, commands, tickets, revocation."""

from __future__ import annotations

import asyncio

from ..abc import Ticket
from ..codes import LOGGED_OUT, REVOKED
from ..core.revocation import player_key, token_key
from ..types import Identity, Position, Reply, player_stream
from .engine_rig import BOB, EVA, EngineRig, case
from .suite import expect

_ONE, _TWO, _THREE = "session-1", "session-2", "session-3"


@case
async def written_positions_never_go_back(rig: EngineRig) -> None:
    """``save_written`` advances each stream by itself; a larger epoch is further."""
    await rig.engine.claim(EVA, _ONE, "unused-1")
    old, new = "0" * 20, "1" + "0" * 19
    expect("empty", await rig.engine.written(EVA), {})
    await rig.engine.save_written(EVA, _ONE, {"a": Position(old, 5), "b": Position(new, 1)})
    await rig.engine.save_written(EVA, _ONE, {"a": Position(old, 3), "b": Position(old, 9)})
    await rig.engine.save_written(EVA, _ONE, {"c": Position(old, 7)})
    expected = {"a": Position(old, 5), "b": Position(new, 1), "c": Position(old, 7)}
    got = await rig.engine.written(EVA)
    expect("written", got, expected)
    got.clear()
    expect("a copy", await rig.engine.written(EVA), expected)


@case
async def written_positions_belong_to_a_session(rig: EngineRig) -> None:
    """A session that takes over begins without any."""
    await rig.engine.claim(EVA, _ONE, "unused-1")
    await rig.engine.save_written(EVA, _ONE, {"a": Position("0" * 20, 5)})
    await rig.engine.claim(EVA, _TWO, "unused-1")
    expect("after a takeover", await rig.engine.written(EVA), {})
    await rig.engine.save_written(EVA, _ONE, {"a": Position("0" * 20, 6)})
    expect("a late save of the old session", await rig.engine.written(EVA), {})
    await rig.engine.save_written(EVA, _TWO, {"a": Position("0" * 20, 5)})
    await rig.engine.end_session(EVA, LOGGED_OUT, flush=True)
    expect("after a logout", await rig.engine.written(EVA), {})


@case
async def a_command_runs_once(rig: EngineRig) -> None:
    """Of those who claim a command at once, one runs it; its reply is kept and appended once."""
    await rig.follow(player_stream(EVA))
    claims = await asyncio.gather(
        *(rig.engine.claim_command(EVA, "client.1", retry=False) for _ in range(4))
    )
    outcomes = sorted(each.outcome for each in claims)
    expect("outcomes", outcomes, ["new", "running", "running", "running"])
    reply = Reply(command_id="client.1", outcome="done", body={"text": "You go north."})
    done = await asyncio.gather(*(rig.engine.finish_command(EVA, reply) for _ in range(3)))
    expect("finished", sorted(done), [False, False, True])
    expect("entries", rig.bodies(EVA), [reply])
    again = await rig.engine.claim_command(EVA, "client.1", retry=True)
    expect("a repeat", (again.outcome, again.reply), ("replied", reply))
    other = await rig.engine.claim_command(BOB, "client.1", retry=False)
    expect("another player's", other.outcome, "new")


@case
async def a_retry_without_a_record_is_unknown(rig: EngineRig) -> None:
    """Whoever ran it, if anybody, is gone: it is not run, and nothing replies to it."""
    claim = await rig.engine.claim_command(EVA, "client.1", retry=True)
    expect("outcome", claim.outcome, "unknown")
    reply = Reply(command_id="client.1", outcome="done", body={})
    expect("finished", await rig.engine.finish_command(EVA, reply), False)


@case
async def replies_are_kept_for_the_resume_window(rig: EngineRig) -> None:
    """For 120 s a repeat gets the same reply."""
    await rig.engine.claim_command(EVA, "client.1", retry=False)
    reply = Reply(command_id="client.1", outcome="refused", reason="You are asleep.")
    await rig.engine.finish_command(EVA, reply)
    await rig.later(119.9)
    claim = await rig.engine.claim_command(EVA, "client.1", retry=True)
    expect("before", claim.reply, reply)
    await rig.later(0.2)
    claim = await rig.engine.claim_command(EVA, "client.1", retry=True)
    expect("after", claim.outcome, "unknown")


def _ticket(rig: EngineRig, life: float = 30.0) -> Ticket:
    return Ticket(
        player_id=EVA,
        session_id=_THREE,
        connection_type="sse",
        origin=None,
        expires_at=rig.clock.now() + life,
        identity=Identity(player_id=EVA),
    )


@case
async def a_ticket_is_spent_once(rig: EngineRig) -> None:
    """Of those who take a ticket at once, one gets it; nobody ever after."""
    ticket = _ticket(rig)
    await rig.engine.put_ticket("secret", ticket)
    taken = await asyncio.gather(*(rig.engine.take_ticket("secret") for _ in range(5)))
    expect("taken", [each for each in taken if each is not None], [ticket])
    expect("again", await rig.engine.take_ticket("secret"), None)
    expect("unknown", await rig.engine.take_ticket("another"), None)


@case
async def a_ticket_expires(rig: EngineRig) -> None:
    """After its life a ticket is worth nothing, looked at by housekeeping or not."""
    await rig.engine.put_ticket("one", _ticket(rig))
    await rig.engine.put_ticket("two", _ticket(rig))
    await rig.clock.advance(30.1)
    expect("expired", await rig.engine.take_ticket("one"), None)
    await rig.engine.tick()
    expect("expired and ticked", await rig.engine.take_ticket("two"), None)


def _token(token_id: str, issued_at: float) -> Identity:
    return Identity(player_id=EVA, token_id=token_id, issued_at=issued_at)


@case
async def what_is_revoked_is_known_at_once(rig: EngineRig) -> None:
    """``revoked`` has it when ``revoke`` returns, and until it need not be remembered any more."""
    wall, token = rig.clock.wall(), _token("one", 0.0)
    expect("before", rig.engine.revoked.covers(token), False)
    await rig.engine.revoke(token_key("one"), wall, wall + 100.0)
    expect("its token", rig.engine.revoked.covers(token), True)
    other = _token("two", wall)
    expect("another token", rig.engine.revoked.covers(other), False)
    await rig.engine.revoke(player_key(EVA), wall, wall + 200.0)
    expect("the player's", rig.engine.revoked.covers(other), True)
    newer = _token("two", wall + 1.0)
    expect("a newer one", rig.engine.revoked.covers(newer), False)
    await rig.later(99.9)
    expect("within its time", rig.engine.revoked.covers(token), True)
    await rig.later(100.2)
    expect("after its time", rig.engine.revoked.covers(other), False)
    expect("left", len(rig.engine.revoked), 0)


@case
async def a_session_that_is_not_current_is_retired_only(rig: EngineRig) -> None:
    """``end_session`` with another id ends nothing, and that id is refused from then on."""
    await rig.engine.claim(EVA, _ONE, "unused-1")
    await rig.follow(player_stream(EVA))
    ended = await rig.engine.end_session(EVA, REVOKED, flush=False, session_id=_TWO)
    expect("ended", ended, None)
    expect("current", rig.engine.session_of(EVA), _ONE)
    expect("entries", rig.bodies(EVA), [])
    claim = await rig.engine.claim(EVA, _TWO, "unused-1")
    expect("the other", (claim.outcome, claim.code), ("refused", REVOKED))
    ended = await rig.engine.end_session(EVA, REVOKED, flush=False, session_id=_ONE)
    expect("the current one", ended, _ONE)
    claim = await rig.engine.claim(EVA, _ONE, "unused-1")
    expect("after that", (claim.outcome, claim.code), ("refused", REVOKED))
    await rig.engine.end_session(BOB, REVOKED, flush=False, session_id=_THREE)
    claim = await rig.engine.claim(BOB, _THREE, "unused-1")
    expect("of somebody who never came", (claim.outcome, claim.code), ("refused", REVOKED))


@case
async def attempts_are_counted_together(rig: EngineRig) -> None:
    """So many in a period, whoever asks; then one for each part of it that passes."""
    waits = await asyncio.gather(*(rig.engine.attempt("login:here", 3, 60.0) for _ in range(5)))
    expect("waits", sorted(round(each, 1) for each in waits), [0.0, 0.0, 0.0, 20.0, 20.0])
    expect("of another", await rig.engine.attempt("login:there", 3, 60.0), 0.0)
    await rig.later(20.0)
    expect("after a part", await rig.engine.attempt("login:here", 3, 60.0), 0.0)
    expect("and then", round(await rig.engine.attempt("login:here", 3, 60.0), 1), 20.0)
    await rig.later(1000.0)
    waits = [await rig.engine.attempt("login:here", 3, 60.0) for _ in range(4)]
    expect("after a rest", [round(each, 1) for each in waits], [0.0, 0.0, 0.0, 20.0])
